"""`evio-data fetch`."""

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from .._collection import Collection, open_collection
from .._progress.screens import screen
from .._registry.registry import Entry
from .._report import Outcome, Report
from .._settings import Settings, from_environment
from ..errors import EvioDataError
from .link import Link, copy_to, download, is_link, resolve_all
from .output import report_json
from .prefetch import run, tell_kept
from .terminal import FAILED, INTERRUPTED, OK, say, show, show_json

if TYPE_CHECKING:
    from .._progress.screens import Bars, Lines


class _Wanted(NamedTuple):
    """What the arguments mean, in their order; a name that means many files is many of them."""

    entries: list[Entry]
    links: list[str]
    order: list[Entry | str]


def fetch(options: argparse.Namespace) -> int:
    """Run ``evio-data fetch``; return the exit code."""
    collection, wanted = _wanted(options)
    output = _output(options, wanted)
    settings = collection.settings if collection else from_environment()
    found: dict[Entry | str, Outcome] = {}
    with screen(quiet=options.quiet) as watcher:
        watcher.tells_failures = False  # they are told below, with their advice
        interrupted = collection is not None and run(
            collection, wanted.entries, {}, options, watcher
        )
        for entry in wanted.entries:
            if entry.name in watcher.outcomes:
                found[entry] = _copied(watcher.outcomes[entry.name], output)
        links = [] if interrupted else wanted.links
        try:
            _fetch_links(links, found, output, settings, options, watcher)
        except KeyboardInterrupt:
            interrupted = True
    if interrupted:
        return _interrupted(wanted, found, collection, options, watcher.seconds)
    return _conclude(wanted, found, collection, options, seconds=watcher.seconds)


def _wanted(options: argparse.Namespace) -> tuple[Collection | None, _Wanted]:
    links = [name for name in options.names if is_link(name)]
    collection = None
    if len(links) < len(options.names):  # a registry that nobody needs may be broken
        collection = open_collection(options.registry, options.cache_dir)
    order: list[Entry | str] = []
    for name in options.names:
        if name in links or collection is None:
            order.append(name)
        else:
            order += collection.registry.select([name])
    entries = list(dict.fromkeys(each for each in order if isinstance(each, Entry)))
    return collection, _Wanted(entries, list(dict.fromkeys(links)), order)


def _output(options: argparse.Namespace, wanted: _Wanted) -> Path | None:
    """Return where the files go, if that is said; several can only go into a folder."""
    if options.output is None:
        return None
    output = Path(options.output)
    if output.is_dir():
        return output
    count = len(set(wanted.order))
    if count > 1:
        options.parser.error(f"-o {options.output} is no folder, and {count} files are wanted")
    if options.output.endswith(os.sep) or not output.parent.is_dir():
        options.parser.error(f"-o {options.output}: there is no such folder")
    return output


# --- links ------------------------------------------------------------------------------------


def _fetch_links(
    texts: list[str],
    found: dict[Entry | str, Outcome],
    output: Path | None,
    settings: Settings,
    options: argparse.Namespace,
    watcher: "Bars | Lines",
) -> None:
    """Have links, all at once, and put down what becomes of each; two of one place take turns."""
    while texts:
        chosen: dict[str, Link] = {}
        for text, link in zip(texts, resolve_all(texts, output, settings, options), strict=True):
            if isinstance(link, EvioDataError):
                found[text] = Outcome(link.name or text, "failed", error=link)
            elif link.present is not None:
                _tell_present(link, watcher)
                found[text] = link.present
            else:
                chosen.setdefault(link.target.name, link)
        download(list(chosen.values()), found, settings, options, watcher)
        texts = [text for text in texts if text not in found]


def _tell_present(link: Link, watcher: "Bars | Lines") -> None:
    if link.entry.hash is None:
        watcher.message(
            link.entry.name,
            "a file of this name and size is there and stays; nobody has published a hash to "
            "compare it with",
        )


# --- afterwards -------------------------------------------------------------------------------


def _copied(outcome: Outcome, output: Path | None) -> Outcome:
    """Return the outcome of a cached file; where it was wanted elsewhere, of its copy there."""
    if output is None or outcome.path is None or outcome.error is not None:
        return outcome
    target = output / outcome.path.name if output.is_dir() else output
    try:
        copy_to(outcome.path, target)
    except EvioDataError as error:
        return outcome._replace(status="failed", path=None, error=error.about(outcome.name))
    return outcome._replace(path=target)


def _conclude(
    wanted: _Wanted,
    found: dict[Entry | str, Outcome],
    collection: Collection | None,
    options: argparse.Namespace,
    *,
    seconds: float,
    unfinished: dict[str, int] | None = None,
) -> int:
    for outcome in found.values():
        if outcome.error is not None:
            say(f"error: {outcome.error}")
    if options.json:
        report = Report([found[each] for each in dict.fromkeys(wanted.order) if each in found],
                        seconds=seconds)  # fmt: skip
        root = collection.cache.root if collection else None
        show_json(report_json(report, cache=root, unfinished=unfinished))
    else:
        there = [found[each] for each in wanted.order if each in found and not found[each].error]
        show(*(str(outcome.path) for outcome in there))
    return FAILED if any(outcome.error for outcome in found.values()) else OK


def _interrupted(
    wanted: _Wanted,
    found: dict[Entry | str, Outcome],
    collection: Collection | None,
    options: argparse.Namespace,
    seconds: float,
) -> int:
    kept: dict[str, int] = {}
    if collection is not None:
        ended = {outcome.name: outcome for outcome in found.values()}
        kept = tell_kept(wanted.entries, ended, collection)
    else:
        say("Interrupted. Run again to go on; what arrived is kept.")
    _conclude(wanted, found, collection, options, seconds=seconds, unfinished=kept)
    return INTERRUPTED
