"""The ways around a used-up quota, as commands: import, serve, mirror push; and clean."""

import argparse
import time

from ._candidates import Candidate
from ._collection import Collection
from ._importing import Imported, Intake, Proposal, import_paths
from ._registry import Entry
from ._sharing import Share, verified
from ._terminal import FAILED, OK, agrees, can_ask, say, show
from ._wording import clean, plural, size

SHOWN = 20  # refusals of one import that are told one by one
MAX_LABEL = 1000  # characters of a path that are shown


# --- import -----------------------------------------------------------------------------------


def bring_in(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data import`` on a collection; return the exit code."""
    intake = import_paths(
        collection,
        options.paths,
        link=options.link,
        agree=lambda proposals: _may_stand(proposals, yes=options.yes),
        tell=_tell_imported,
    )
    _tell_refused(intake)
    _tell_missing(collection, intake)
    return FAILED if intake.refused or not (intake.imported or intake.present) else OK


def _may_stand(proposals: list[Proposal], *, yes: bool) -> bool:
    say(f"Nobody has published the SHA-256 of {plural(len(proposals), 'file')}; by name these fit:")
    for entry, candidate in proposals:
        say(f"  {entry.name}  <-  {_shown(candidate)}, {size(candidate.size)}")
    if yes:
        return True
    if not can_ask():
        say("Standard input is no terminal, so nobody can be asked. Add --yes to take them.")
        return False
    return agrees("Take them, and from now on accept only these bytes?")


def _shown(candidate: Candidate) -> str:
    return clean(candidate.label, MAX_LABEL)


def _tell_imported(done: Imported) -> None:
    show(f"{done.name}: {done.how} from {clean(done.label, MAX_LABEL)}, {size(done.size)}")
    if done.first_use:
        show(f"  pinned to SHA-256 {done.sha256}")


def _tell_refused(intake: Intake) -> None:
    for label, why in intake.refused[:SHOWN]:
        say(f"left out: {clean(label, MAX_LABEL)}: {clean(why, MAX_LABEL)}")
    more = len(intake.refused) - SHOWN
    if more > 0:
        say(f"left out: {more} more")


def _tell_missing(collection: Collection, intake: Intake) -> None:
    imported = sum(done.size for done in intake.imported)
    show(
        f"{len(intake.imported)} imported ({size(imported)}), {len(intake.present)} were present, "
        f"{len(intake.missing)} still missing" + (":" if intake.missing else ".")
    )
    for name in intake.missing:
        known = collection.registry.entries[name].size
        show(f"  {name}" + (f", {size(known)}" if known is not None else ""))


# --- serve ------------------------------------------------------------------------------------


def serve(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data serve`` on a collection until it is interrupted; return the exit code."""
    with Share(collection, host=options.host, port=options.port, log=_log) as share:
        try:
            _introduce(collection, share.base_urls())
            share.run()
        except KeyboardInterrupt:
            say("Stopped.")
    return OK


def _log(line: str) -> None:
    say(f"{time.strftime('%H:%M:%S')} {line}")


def _introduce(collection: Collection, urls: list[str]) -> None:
    entries = collection.registry.entries
    names = list(verified(collection))
    say(f"{len(names)} of {plural(len(entries), 'file')} are verified. Who wants them, exports:")
    for url in urls:
        show(f"EVIO_DATA_MIRRORS={url}")
    if any(not _is_loopback(url) for url in urls):
        say("Everybody who reaches this machine over the network can read them. Ctrl-C ends it.")
    else:
        say("Only this machine reaches that; for others add --host 0.0.0.0. Ctrl-C ends it.")
    unpinned = sum(entries[name].sha256 is None for name in names)
    if unpinned:
        say(
            f"Without a SHA-256 in the registry, nobody takes a file from a mirror ({unpinned} of "
            "these). `evio-data pin -o registry.txt` writes a registry to share with them."
        )


def _is_loopback(url: str) -> bool:
    return url.startswith(("http://127.", "http://[::1]"))


# --- mirror push ------------------------------------------------------------------------------


def push(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data mirror push`` on a collection; return the exit code."""
    from . import _pushing

    def tell(pushed: _pushing.Pushed) -> None:
        if pushed.error is not None:
            say(f"error: {pushed.error}")
        elif pushed.status != "not verified":
            show(f"{pushed.name}: {pushed.status}, {size(pushed.size)}")

    entries = collection.registry.select(options.patterns)
    outcomes = _pushing.push(collection, options.target, entries, check=options.verify, tell=tell)
    counts = [
        f"{sum(outcome.status == status for outcome in outcomes)} {status}"
        for status in ("pushed", "present", "not verified", "failed")
    ]
    show(", ".join(counts))
    return FAILED if any(outcome.error for outcome in outcomes) else OK


# --- clean ------------------------------------------------------------------------------------


def clean_up(collection: Collection, options: argparse.Namespace) -> int:
    """Run ``evio-data clean`` on a collection; return the exit code."""
    from . import _cleaning

    names = [entry.name for entry in _named(collection, options)]
    choice = _cleaning.Choice(partials=options.partials or options.all, files=frozenset(names))
    leavings = _cleaning.survey(collection, choice)
    for leaving in leavings:
        show(f"{clean(str(leaving.path), MAX_LABEL)}: {leaving.why}, {size(leaving.size)}")
    total = size(sum(leaving.size for leaving in leavings))
    if not leavings:
        show(f"Nothing in {collection.cache.root} is left over.")
        return OK
    show(f"{plural(len(leavings), 'file')}, {total}")
    if not _may_go(options, ask=bool(names), question=f"Remove them, freeing {total}?"):
        say("Nothing was removed.")
        return OK
    freed, faults = _cleaning.remove(collection, choice, leavings)
    for fault in faults:
        say(f"error: {fault}")
    show(f"{size(freed)} freed")
    return FAILED if faults else OK


def _named(collection: Collection, options: argparse.Namespace) -> list[Entry]:
    if options.all:
        return collection.registry.select()
    return collection.registry.select(options.patterns) if options.patterns else []


def _may_go(options: argparse.Namespace, *, ask: bool, question: str) -> bool:
    if options.yes or options.dry_run:
        return bool(options.yes and not options.dry_run)
    if ask and can_ask():
        return agrees(question)
    say("This was a dry run: add --yes to remove them.")
    return False
