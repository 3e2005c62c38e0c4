"""One bulk command: what is missing and how large it is, the question, the run, the summary."""

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from ._collection import Collection
from ._disk import free_bytes
from ._inventory import inventory
from ._partial import held_in
from ._progress import screen
from ._registry import Entry
from ._report import Outcome, Report
from ._summary import folder_lines, report_json, summary_lines
from ._terminal import agrees, can_ask, say, show, show_json
from ._transfer import no_room
from ._wording import plural, size
from .errors import EvioDataError

MAX_ASKED = 64  # files of unknown size that are worth a request each before the run


def prefetch(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``prefetch-datasets`` on a collection; return the exit code."""
    entries = collection.registry.select(options.patterns)
    plan = _plan(collection, entries, options)
    if options.dry_run:
        return _show(plan, collection, options)
    plan.check_room(collection)
    if plan.missing and not options.yes and not _agreed(plan, collection):
        return 1 if can_ask() else 2
    try:
        report = _run(collection, entries, plan.sizes, options)
    except KeyboardInterrupt:
        say(f"{size(plan.held(collection))} of files not yet complete are kept.")
        raise
    _conclude(report, collection, entries, options)
    return 0 if report.ok else 1


def _run(
    collection: Collection,
    entries: Sequence[Entry],
    sizes: dict[str, int],
    options: argparse.Namespace,
) -> Report:
    with screen(quiet=options.quiet) as watcher:
        outcomes = collection.obtain(
            entries,
            connections=options.concurrency,
            watcher=watcher,
            verify=options.verify,
            sizes=sizes,
        )
    return Report(outcomes, seconds=watcher.seconds)


class Plan(NamedTuple):
    """What a run would fetch.

    Attributes
    ----------
    present : list of Entry
    missing : list of Entry
    sizes : dict of str to int
        Bytes, where the registry or the server says them.
    refused : dict of str to EvioDataError
        The files whose server has already said no.
    """

    present: list[Entry]
    missing: list[Entry]
    sizes: dict[str, int]
    refused: dict[str, EvioDataError]

    @property
    def bytes(self) -> int:
        """The known bytes of what is missing."""
        return sum(self.sizes.get(entry.name, 0) for entry in self.missing)

    @property
    def unsized(self) -> int:
        """The number of missing files whose size nobody says."""
        return sum(entry.name not in self.sizes for entry in self.missing)

    def held(self, collection: Collection) -> int:
        """Return the bytes of missing files that are on disk already."""
        return sum(held_in(collection.slot(entry).state) for entry in self.missing)

    def check_room(self, collection: Collection) -> None:
        """Raise `CacheError` if the disk cannot take the whole set."""
        root = collection.slot(self.missing[0]).path.parents[0] if self.missing else None
        free = free_bytes(root) if root is not None else None
        needed = self.bytes - self.held(collection)
        if free is not None and needed > free:
            raise no_room(needed, free, collection.cache.root)


def _plan(collection: Collection, entries: list[Entry], options: argparse.Namespace) -> Plan:
    present = [entry for entry in entries if _is_warm(collection, entry)]
    missing = [entry for entry in entries if entry not in present]
    sizes = {entry.name: entry.size for entry in missing if entry.size is not None}
    unknown = [entry for entry in missing if entry.size is None]
    refused: dict[str, EvioDataError] = {}
    worthwhile = options.dry_run or len(unknown) <= MAX_ASKED
    if unknown and worthwhile and not collection.settings.offline:
        for name, answer in _asked(collection, unknown, options.concurrency).items():
            if isinstance(answer, EvioDataError):
                refused[name] = answer
            else:
                sizes[name] = answer
    return Plan(present, missing, sizes, refused)


def _asked(
    collection: Collection, entries: list[Entry], connections: int
) -> dict[str, int | EvioDataError]:
    from ._prefetch import ask_sizes

    jobs = [collection.job(entry) for entry in entries]
    return ask_sizes(jobs, connections=connections, timeout=collection.settings.timeout)


def _is_warm(collection: Collection, entry: Entry) -> bool:
    try:
        return collection.slot(entry).is_warm(entry.sha256)
    except EvioDataError:
        return False  # the run says what is in the way


# --- before the run ---------------------------------------------------------------------------


def _show(plan: Plan, collection: Collection, options: argparse.Namespace) -> int:
    if options.json:
        _print_plan_json(plan, collection)
    else:
        for entry in plan.missing:
            show(f"{entry.name}: {_prospect(plan, entry.name)}")
        show(_amount(plan, collection) + f" would be fetched; {len(plan.present)} present.")
    return 1 if plan.refused else 0


def _prospect(plan: Plan, name: str) -> str:
    if name in plan.refused:
        return f"refused: {plan.refused[name]}"
    return f"{plan.sizes[name]:,} bytes" if name in plan.sizes else "size unknown"


def _print_plan_json(plan: Plan, collection: Collection) -> None:
    files = [
        {
            "name": entry.name,
            "size": plan.sizes.get(entry.name),
            "held": held_in(collection.slot(entry).state),
            "error": str(plan.refused[entry.name]) if entry.name in plan.refused else None,
        }
        for entry in plan.missing
    ]
    value = {
        "schema": 1,
        "dry_run": True,
        "present": len(plan.present),
        "missing": len(plan.missing),
        "bytes": plan.bytes,
        "files": files,
    }
    show_json(value)


def _amount(plan: Plan, collection: Collection) -> str:
    files = plural(len(plan.missing), "file")
    if plan.unsized == len(plan.missing):
        words = f"{files} of unknown size" if plan.missing else files
    else:
        words = f"{files}, {size(plan.bytes)}"
        words += f" and {plan.unsized} of unknown size" if plan.unsized else ""
    held = plan.held(collection)
    return words + (f" ({size(held)} of it are here already)" if held else "")


def _agreed(plan: Plan, collection: Collection) -> bool:
    what = f"{_amount(plan, collection)}, into {collection.cache.root}"
    if not can_ask():
        say(f"{what}: standard input is no terminal, so nobody can be asked. Add --yes.")
        return False
    agreed = agrees(f"Fetch {what}?")
    if not agreed:
        say("Nothing was fetched.")
    return agreed


# --- after the run ----------------------------------------------------------------------------


def _conclude(
    report: Report,
    collection: Collection,
    entries: Sequence[Entry],
    options: argparse.Namespace,
) -> None:
    lines = summary_lines(report)
    if options.json:
        for line in lines:
            say(line)
        show_json(report_json(report, cache=collection.cache.root))
        return
    show(*lines)
    show(f"On disk in {collection.cache.root}:")
    show(*folder_lines(inventory(collection, entries)))


def verify(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data verify`` on a collection; return the exit code."""
    report = collection.verify(options.patterns)
    if options.repair and report.failed:
        damaged = [collection.registry.find(outcome.name) for outcome in report.failed]
        for outcome in report.failed:
            say(str(outcome.error))
        with screen() as watcher:
            mended = {
                outcome.name: outcome
                for outcome in collection.obtain(damaged, watcher=watcher, verify=True)
            }
        outcomes = [mended.get(outcome.name, outcome) for outcome in report]
        report = Report(outcomes, seconds=report.seconds + watcher.seconds)
    if options.json:
        show_json(report_json(report, cache=collection.cache.root))
    else:
        _tell_verified(report)
    return 0 if report.ok else 1


def _tell_verified(report: Report) -> None:
    for outcome in report:
        show(_verdict(outcome))
    good = len(report) - len(report.failed)
    show(f"{plural(good, 'file')} right, {len(report.failed)} damaged")


def _verdict(outcome: Outcome) -> str:
    if outcome.error is not None:
        return str(outcome.error)
    words = "fetched again, right" if outcome.status == "fetched" else "right"
    return f"{outcome.name}: {words}"
