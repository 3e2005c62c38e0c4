"""One command over many files: what is missing, the question, the run, the summary."""

import argparse
import sys
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ._collection import Collection
from ._inventory import Item, inventory
from ._progress import Totals, screen
from ._registry import Entry
from ._report import Outcome, Report
from ._summary import (
    HANG,
    error_json,
    failure_lines,
    folder_lines,
    frame,
    inventory_json,
    inventory_lines,
    reason,
    report_json,
    summary_lines,
)
from ._terminal import (
    FAILED,
    INTERRUPTED,
    OK,
    USAGE,
    agrees,
    can_ask,
    say,
    show,
    show_json,
    width_of,
)
from ._wording import plural, size
from .errors import EvioDataError

if TYPE_CHECKING:
    from ._progress import Bars, Lines

MAX_ASKED = 64  # files of unknown size that are worth a request each before the run
MAX_ASKING = 10.0  # seconds of silence that a mere size is worth
POLL = 0.05  # seconds between two looks at how far hashing is


def prefetch(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``prefetch-datasets`` on a collection; return the exit code."""
    entries = collection.registry.select(options.patterns)
    plan = _plan(collection, entries, options)
    if options.dry_run:
        return _show_plan(plan, collection, options)
    code = _agreed(plan, collection, options)
    if code != OK:
        return code
    with screen(quiet=options.quiet) as watcher:
        interrupted = _run(collection, entries, plan.sizes, options, watcher)
    ended = [watcher.outcomes[entry.name] for entry in entries if entry.name in watcher.outcomes]
    report = Report(ended, seconds=watcher.seconds)
    if interrupted:
        return _interrupted(report, entries, collection, options)
    _conclude(report, collection, entries, options)
    return OK if report.ok else FAILED


def fetch(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data fetch`` on a collection; return the exit code."""
    wanted = [collection.registry.find(name) for name in options.names]
    entries = list(dict.fromkeys(wanted))
    with screen(quiet=options.quiet) as watcher:
        watcher.tells_failures = False  # they are told below, with their advice
        interrupted = _run(collection, entries, {}, options, watcher)
    for outcome in watcher.outcomes.values():
        if outcome.error is not None:
            say(f"error: {outcome.error}")
    there = [watcher.outcomes.get(entry.name) for entry in wanted]
    show(*(str(outcome.path) for outcome in there if outcome and outcome.error is None))
    if interrupted:
        _tell_kept(entries, watcher.outcomes, collection)
        return INTERRUPTED
    return FAILED if any(outcome.error for outcome in watcher.outcomes.values()) else OK


def _run(
    collection: Collection,
    entries: Sequence[Entry],
    sizes: dict[str, int],
    options: argparse.Namespace,
    watcher: "Bars | Lines",
) -> bool:
    """Have the files, each outcome told to the watcher; say whether it was interrupted."""
    try:
        collection.obtain(
            entries,
            connections=options.concurrency,
            watcher=watcher,
            verify=options.verify,
            sizes=sizes,
        )
    except KeyboardInterrupt:
        return True
    return False


# --- before the run ---------------------------------------------------------------------------


class Plan(NamedTuple):
    """What a run would do.

    Attributes
    ----------
    items : list of Item
        Every wanted file, as it is on disk.
    missing : list of Item
        Those that must be fetched, whole or in part.
    doubtful : list of Item
        Those that are there, but must be hashed to know whether they are right.
    sizes : dict of str to int
        Bytes of what is missing, where the registry or the server says them.
    refused : dict of str to EvioDataError
        The files whose server has already said no.
    """

    items: list[Item]
    missing: list[Item]
    doubtful: list[Item]
    sizes: dict[str, int]
    refused: dict[str, EvioDataError]

    @property
    def bytes(self) -> int:
        """The known bytes of what is missing."""
        return sum(self.sizes.get(item.name, 0) for item in self.missing)

    @property
    def held(self) -> int:
        """The bytes of what is missing that are on disk already."""
        return sum(item.held for item in self.missing if item.state == "partial")

    @property
    def unsized(self) -> int:
        """The number of missing files whose size nobody says."""
        return sum(item.name not in self.sizes for item in self.missing)

    def check_room(self, collection: Collection) -> None:
        """Raise `CacheError` if the disk cannot take the whole set."""
        if not self.missing:
            return
        from pathlib import Path

        from ._disk import free_bytes
        from ._transfer import no_room

        root = collection.cache.root
        free = free_bytes(Path(root))
        needed = self.bytes - self.held
        if free is not None and needed > free:
            raise no_room(needed, free, root)


def _plan(collection: Collection, entries: Sequence[Entry], options: argparse.Namespace) -> Plan:
    items = inventory(collection, entries)
    registered = {entry.name: entry.size for entry in entries}
    doubtful = [item for item in items if _is_doubtful(item, registered[item.name])]
    there = {item.name for item in items if item.state == "verified"}
    there.update(item.name for item in doubtful)
    missing = [item for item in items if item.name not in there]
    sizes = {
        entry.name: entry.size
        for entry in entries
        if entry.size is not None and entry.name not in there
    }
    unknown = [e for e in entries if e.name not in there and e.name not in sizes]
    refused: dict[str, EvioDataError] = {}
    worthwhile = options.dry_run or len(unknown) <= MAX_ASKED
    if unknown and worthwhile and not collection.settings.offline:
        for name, answer in _asked(collection, unknown, options).items():
            if isinstance(answer, EvioDataError):
                refused[name] = answer
            else:
                sizes[name] = answer
    return Plan(items, missing, doubtful, sizes, refused)


def consent(collection: Collection, options: argparse.Namespace) -> int:
    """Ask whether to fetch what is missing, without doing it; return the exit code."""
    plan = _plan(collection, collection.registry.select(options.patterns), options)
    return _agreed(plan, collection, options)


def present(collection: Collection, options: argparse.Namespace) -> list[Item]:
    """Return the wanted files that are there and verified."""
    items = inventory(collection, collection.registry.select(options.patterns))
    return [item for item in items if item.state == "verified"]


def _agreed(plan: Plan, collection: Collection, options: argparse.Namespace) -> int:
    """Return the exit code: 0 if the missing files have room, and may be fetched."""
    plan.check_room(collection)
    if not plan.missing or options.yes or collection.settings.offline:
        return OK
    code = _ask(plan, collection)
    return code if code == OK else _declined(code, options)


def _is_doubtful(item: Item, registered: int | None) -> bool:
    return item.state == "unverified" and registered in (None, item.held)


def _asked(
    collection: Collection, entries: list[Entry], options: argparse.Namespace
) -> dict[str, int | EvioDataError]:
    from ._sizes import ask_sizes

    if not options.quiet:
        say(f"Asking for the size of {plural(len(entries), 'file')} ...")
    jobs = [collection.job(entry) for entry in entries]
    patience = min(MAX_ASKING, collection.settings.timeout)
    answers = ask_sizes(jobs, connections=options.concurrency, timeout=patience)
    if len(answers) < len(jobs) and not options.quiet:
        silent = plural(len(jobs) - len(answers), "file")
        say(f"No size came for {silent}: the server does not tell it, or cannot be reached.")
    return answers


def _ask(plan: Plan, collection: Collection) -> int:
    """Ask whether to fetch; return the exit code that the answer means."""
    what = f"{_amount(plan)}, into {collection.cache.root}"
    if not can_ask():
        say(f"{what}: standard input is no terminal, so nobody can be asked. Add --yes.")
        return USAGE
    if agrees(f"Fetch {what}?"):
        return OK
    say("Nothing was fetched.")
    return FAILED


def _declined(code: int, options: argparse.Namespace) -> int:
    if options.json:
        why = "nobody could be asked" if code == USAGE else "the answer was no"
        message = f"nothing was fetched: {why}."
        error = {"type": "Declined", "message": message, "advice": "Add --yes."}
        show_json(frame(ok=False, error=error))
    return code


def _amount(plan: Plan) -> str:
    files = plural(len(plan.missing), "file")
    if plan.unsized == len(plan.missing):
        words = f"{files} of unknown size" if plan.missing else files
    else:
        words = f"{files}, {size(plan.bytes)}"
        words += f" and {plan.unsized} of unknown size" if plan.unsized else ""
    return words + (f" ({size(plan.held)} of it here already)" if plan.held else "")


# --- a dry run --------------------------------------------------------------------------------


def _show_plan(plan: Plan, collection: Collection, options: argparse.Namespace) -> int:
    if options.json:
        show_json(_plan_json(plan, collection))
    else:
        show(*(f"{item.name}: {_prospect(plan, item)}" for item in plan.missing))
        show(*(f"{item.name}: there, to be hashed" for item in plan.doubtful))
        present = len(plan.items) - len(plan.missing)
        show(f"{_amount(plan)} would be fetched into {collection.cache.root}; {present} present.")
    return FAILED if plan.refused else OK


def _prospect(plan: Plan, item: Item) -> str:
    if item.name in plan.refused:
        return f"refused: {str(plan.refused[item.name]).removeprefix(f'{item.name}: ')}"
    words = f"{plan.sizes[item.name]:,} bytes" if item.name in plan.sizes else "size unknown"
    return f"{words}, {item.held:,} of them here" if item.state == "partial" else words


def _plan_json(plan: Plan, collection: Collection) -> dict[str, object]:
    return frame(
        ok=not plan.refused,
        dry_run=True,
        cache=collection.cache.root,
        present=len(plan.items) - len(plan.missing),
        missing=len(plan.missing),
        bytes=plan.bytes,
        held=plan.held,
        files=[
            {
                "name": item.name,
                "status": item.state,
                "size": plan.sizes.get(item.name, item.size),
                "held": item.held,
                "error": error_json(plan.refused.get(item.name)),
            }
            for item in plan.items
        ],
    )


# --- after the run ----------------------------------------------------------------------------


def _conclude(
    report: Report,
    collection: Collection,
    entries: Sequence[Entry],
    options: argparse.Namespace,
) -> None:
    if options.json:
        say(*summary_lines(report), *failure_lines(report), hang=HANG)
        show_json(report_json(report, cache=collection.cache.root))
        return
    show(*summary_lines(report, width=width_of(sys.stdout)))
    say(*failure_lines(report), hang=HANG)
    show(f"On disk in {collection.cache.root}:", *folder_lines(inventory(collection, entries)))


def _interrupted(
    report: Report,
    entries: Sequence[Entry],
    collection: Collection,
    options: argparse.Namespace,
) -> int:
    ended = {outcome.name: outcome for outcome in report}
    kept = _tell_kept(entries, ended, collection)
    if options.json:
        show_json(report_json(report, cache=collection.cache.root, unfinished=kept))
    return INTERRUPTED


def _tell_kept(
    entries: Sequence[Entry], ended: dict[str, Outcome], collection: Collection
) -> dict[str, int]:
    """Say what an interrupted run leaves on disk; return the bytes of each unfinished file."""
    rest = inventory(collection, [entry for entry in entries if entry.name not in ended])
    kept = {item.name: item.held if item.state == "partial" else 0 for item in rest}
    held = [count for count in kept.values() if count]
    there = sum(outcome.error is None for outcome in ended.values())
    say(
        f"Interrupted: {there} of {plural(len(entries), 'file')} there; {size(sum(held))} of "
        f"{plural(len(held), 'unfinished file')} kept. Run again to go on."
    )
    return kept


# --- what is on disk --------------------------------------------------------------------------


def listing(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data list`` on a collection; return the exit code."""
    items = sorted(inventory(collection, collection.registry.select(options.patterns)))
    if options.json:
        show_json(inventory_json(items, cache=collection.cache.root))
    else:
        show(*inventory_lines(items, width=width_of(sys.stdout)))
    return OK


def verify(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data verify`` on a collection; return the exit code."""
    entries = collection.registry.select(options.patterns)
    with screen() as watcher:
        report = _checked(collection, entries, options, watcher)
        if options.repair and report.failed:
            report = _repaired(report, collection, watcher)
    if options.json:
        show_json(report_json(report, cache=collection.cache.root))
    else:
        _tell_verified(report, absent=len(entries) - len(report))
    return OK if report.ok else FAILED


def _checked(
    collection: Collection,
    entries: Sequence[Entry],
    options: argparse.Namespace,
    watcher: "Bars | Lines",
) -> Report:
    there = [item for item in inventory(collection, entries) if item.state.endswith("verified")]
    total = sum(item.held for item in there)
    task = _Hashing(lambda told: collection.verify(options.patterns, told))
    while not task.ended(POLL):
        done = min(task.hashed, total)
        watcher.hashing(Totals(len(there), bytes=done, total=total, moved=done))
    return task.report()


class _Hashing:
    """A check of files in a thread of its own, so that an interrupt need not wait for it."""

    def __init__(self, check: Callable[[Callable[[int], None]], Report]) -> None:
        self.hashed = 0  # bytes
        self._check = check
        self._result: Report | BaseException | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        try:
            self._result = self._check(self._count)
        except BaseException as error:  # noqa: BLE001 - raised again by report()
            self._result = error

    def _count(self, hashed: int) -> None:
        with self._lock:
            self.hashed += hashed
        if self._stopped:
            raise KeyboardInterrupt

    def ended(self, seconds: float) -> bool:
        """Wait for the end for some time; say whether it has come."""
        try:
            self._thread.join(seconds)
        except KeyboardInterrupt:
            self._stopped = True
            raise
        return not self._thread.is_alive()

    def report(self) -> Report:
        """Return what was found."""
        if not isinstance(self._result, Report):
            raise self._result or RuntimeError("the check has not ended")
        return self._result


def _repaired(report: Report, collection: Collection, watcher: "Bars | Lines") -> Report:
    damaged = [collection.registry.find(outcome.name) for outcome in report.failed]
    for outcome in report.failed:
        if outcome.error is not None:
            watcher.say(outcome.name, f"{reason(outcome.error)} It is fetched again")
    outcomes = collection.obtain(damaged, watcher=watcher, verify=True)
    mended = {outcome.name: outcome for outcome in outcomes}
    return Report([mended.get(outcome.name, outcome) for outcome in report], seconds=report.seconds)


def _tell_verified(report: Report, *, absent: int) -> None:
    good = len(report) - len(report.failed)
    show(
        *map(_verdict, report),
        f"{plural(good, 'file')} right, {len(report.failed)} wrong, {absent} not cached",
    )


def _verdict(outcome: Outcome) -> str:
    if outcome.error is not None:
        return str(outcome.error)
    words = "fetched again, right" if outcome.status == "fetched" else "right"
    return f"{outcome.name}: {words}"
