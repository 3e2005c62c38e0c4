"""`evio-data import`."""

import argparse

from .._collection import Collection, open_collection
from .._importing.candidates import Candidate
from .._importing.importer import Imported, ImportResult, Proposal, import_paths
from .._registry.hashes import worded
from .._text import amount, clean, plural, size
from .terminal import FAILED, OK, agrees, can_ask, say, show_text

SHOWN = 20  # refusals of one import that are told one by one
MAX_LABEL = 1000  # characters of a path that are shown


# --- import -----------------------------------------------------------------------------------


def run_import(options: argparse.Namespace) -> int:
    """Run ``evio-data import``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    intake = import_paths(
        collection,
        options.paths,
        link=options.link,
        agree=lambda proposals: _confirm_unverified(proposals, yes=options.yes),
        tell=_tell_imported,
    )
    _tell_refused(intake)
    _tell_missing(collection, intake)
    return FAILED if intake.refused or not (intake.imported or intake.present) else OK


def _confirm_unverified(proposals: list[Proposal], *, yes: bool) -> bool:
    say(f"Nobody has published the SHA-256 of {plural(len(proposals), 'file')}; by name these fit:")
    for entry, candidate in proposals:
        documented = f" (documented: {amount(None, entry.about)})" if entry.about else ""
        say(f"  {entry.name}  <-  {_shown(candidate)}, {size(candidate.size)}{documented}")
    if yes:
        return True
    if not can_ask():
        say("Standard input is no terminal, so nobody can be asked. Add --yes to take them.")
        return False
    return agrees("Take them, and from now on accept only these bytes?")


def _shown(candidate: Candidate) -> str:
    return clean(candidate.label, MAX_LABEL)


def _tell_imported(done: Imported) -> None:
    show_text(f"{done.name}: {done.how} from {clean(done.label, MAX_LABEL)}, {size(done.size)}")
    if done.first_use:
        show_text(f"  pinned to {worded(done.hash)}")


def _tell_refused(intake: ImportResult) -> None:
    left_out = [*intake.refused, *intake.noted]
    for label, why in left_out[:SHOWN]:
        say(f"left out: {clean(label, MAX_LABEL)}: {clean(why, MAX_LABEL)}")
    more = len(left_out) - SHOWN
    if more > 0:
        say(f"left out: {more} more")


def _tell_missing(collection: Collection, intake: ImportResult) -> None:
    imported = sum(done.size for done in intake.imported)
    show_text(
        f"{len(intake.imported)} imported ({size(imported)}), {len(intake.present)} present, "
        f"{len(intake.missing)} still missing" + (":" if intake.missing else ".")
    )
    for name in intake.missing:
        entry = collection.registry.entries[name]
        known = amount(entry.size, entry.about)
        show_text(f"  {name}" + (f", {known}" if known != "?" else ""))
