"""Forgets what unpinned files were at their first use."""

import argparse
from typing import NamedTuple

from .._cache.pins import Pin
from .._collection import Collection, open_collection
from .._registry.hashes import worded
from .._text import plural
from ..errors import UnknownDatasetError
from .terminal import FAILED, OK, USAGE, agrees, can_ask, say, show_text


class _Pinned(NamedTuple):
    name: str
    pin: Pin


def unpin(options: argparse.Namespace) -> int:
    """Run ``evio-data unpin``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    found = {name: _pins_of(collection, name) for name in options.names}
    pinned = list(dict.fromkeys(each for pins in found.values() for each in pins))
    for name, pin in pinned:
        show_text(f"{name}: {worded(pin.hash)}, first used on {pin.day}, from {pin.source}")
    for name in (name for name, pins in found.items() if not pins):
        show_text(f"{name}: not pinned in {collection.cache.root}")
    code = _agreed(len(pinned), options) if pinned else OK
    if code != OK or not pinned:
        return code
    for name, pin in pinned:
        collection.cache.forget_pin(name, pin)
    show_text(
        f"{plural(len(pinned), 'pin')} forgotten. A file that is here is pinned anew at its next "
        "use; `evio-data clean NAME` removes it first, where new bytes are wanted."
    )
    return OK


def _pins_of(collection: Collection, name: str) -> list[_Pinned]:
    """Return the pin of an entry; of a key that only the cache knows, all pins."""
    try:
        entry = collection.registry.find(name)
    except UnknownDatasetError:
        pins = collection.cache.pins(name)
        if not pins:
            raise
        return [_Pinned(name, pin) for pin in pins]
    pin = collection.cached_file(entry).pin() if entry.hash is None else None
    return [] if pin is None else [_Pinned(entry.name, pin)]


def _agreed(count: int, options: argparse.Namespace) -> int:
    if options.yes:
        return OK
    if not can_ask():
        say("Standard input is no terminal, so nobody can be asked. Add --yes.")
        return USAGE
    if agrees(f"Forget {plural(count, 'pin')}, and accept other bytes from then on?"):
        return OK
    say("Nothing was forgotten.")
    return FAILED
