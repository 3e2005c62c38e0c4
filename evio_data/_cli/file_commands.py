"""`evio-data clean`, `serve` and `mirror push`."""

import argparse
import os
import sys
import time

from .._collection import Collection, open_collection
from .._registry.registry import Entry
from .._sharing.handler import verified
from .._sharing.server import Share
from .._text import clean, plural, size
from ..errors import CacheError
from .import_command import MAX_LABEL
from .terminal import FAILED, OK, agrees, can_ask, say, show, show_text

# --- serve ------------------------------------------------------------------------------------


def serve(options: argparse.Namespace) -> int:
    """Run ``evio-data serve`` until it is interrupted; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    with Share(collection, host=options.host, port=options.port, log=_log) as share:
        try:
            _introduce(collection, share.base_urls())
            share.serve_forever()
        except KeyboardInterrupt:
            pass
    return OK


def _log(line: str) -> None:
    """Write a line past Python's buffer: a reader that stops must not hold up the end."""
    try:
        text = f"{time.strftime('%H:%M:%S')} {line}\n"
        os.write(sys.stderr.fileno(), text.encode(errors="backslashreplace"))
    except (OSError, ValueError, AttributeError):  # closed, or replaced by something else
        say(line)


def _introduce(collection: Collection, urls: list[str]) -> None:
    entries = collection.registry.entries
    names = list(verified(collection))
    say(f"{len(names)} of {plural(len(entries), 'file')} can be shared. Who wants them, exports:")
    show(*(f"EVIO_DATA_MIRRORS={url}" for url in urls))
    if any(not _is_loopback(url) for url in urls):
        say("Everybody who reaches this machine over the network can read them. Ctrl-C ends it.")
    else:
        say("Only this machine reaches that; for others add --host 0.0.0.0. Ctrl-C ends it.")
    unpinned = sum(entries[name].hash is None for name in names)
    if unpinned:
        say(
            f"Without a SHA-256 in the registry, nobody takes a file from a mirror ({unpinned} of "
            "these). `evio-data pin -o registry.txt` writes a registry to share with them."
        )


def _is_loopback(url: str) -> bool:
    return url.startswith(("http://127.", "http://[::1]"))


# --- mirror push ------------------------------------------------------------------------------


def push(options: argparse.Namespace) -> int:
    """Run ``evio-data mirror push``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    from .._sharing import mirror_push

    def tell(pushed: mirror_push.Pushed) -> None:
        if pushed.error is not None:
            say(f"error: {pushed.error}")
        elif pushed.status != "not verified":
            show_text(f"{pushed.name}: {pushed.status}, {size(pushed.size)}")

    entries = collection.registry.select(options.patterns)
    outcomes = mirror_push.push(
        collection, options.target, entries, check=options.verify, tell=tell
    )
    counts = [
        f"{sum(outcome.status == status for outcome in outcomes)} {status}"
        for status in ("pushed", "present", "not verified", "failed")
    ]
    show_text(", ".join(counts))
    return FAILED if any(outcome.error for outcome in outcomes) else OK


# --- clean ------------------------------------------------------------------------------------


def clean_up(options: argparse.Namespace) -> int:
    """Run ``evio-data clean``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    from .._cache import cleaning

    names = [entry.name for entry in _named(collection, options)]
    choice = cleaning.Selection(partials=options.partials or options.all, files=frozenset(names))
    faults: list[CacheError] = []
    leavings = cleaning.find_removable(collection.cache, collection.registry, choice, faults)
    foreign = cleaning.find_foreign(collection.cache, collection.registry, choice)
    for error in foreign:
        say(f"left alone: {error}")
    code = FAILED if faults or (foreign and not options.all) else OK
    for leaving in leavings:
        show_text(f"{clean(str(leaving.path), MAX_LABEL)}: {leaving.why}, {size(leaving.size)}")
    total = size(sum(leaving.size for leaving in leavings))
    if not leavings:
        show_text(f"Nothing in {collection.cache.root} is left over.")
        return _told(faults, code)
    show_text(f"{plural(len(leavings), 'file')}, {total}")
    if not _confirm_removal(options, question=f"Remove them, freeing {total}?"):
        say("Nothing was removed.")
        return _told(faults, code)
    freed, more = cleaning.remove(collection.cache, collection.registry, choice, leavings)
    show_text(f"{size(freed)} freed")
    return _told(faults + more, FAILED if more else code)


def _told(faults: list[CacheError], code: int) -> int:
    """Say what could not be looked into, or removed; return the exit code."""
    for fault in faults:
        say(f"error: {fault}")
    return code


def _named(collection: Collection, options: argparse.Namespace) -> list[Entry]:
    if options.all:
        return collection.registry.select()
    return collection.registry.select(options.patterns) if options.patterns else []


def _confirm_removal(options: argparse.Namespace, *, question: str) -> bool:
    if options.yes or options.dry_run:
        return bool(options.yes and not options.dry_run)
    if can_ask():
        return agrees(question)
    say("This was a dry run: add --yes to remove them.")
    return False
