"""A collection in, what is on disk of each of its files out, by looks at their status only."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from ._collection import Collection
from ._partial import held_in
from ._registry import Entry
from .errors import EvioDataError

State = Literal["verified", "unverified", "partial", "missing", "in the way"]
HashState = Literal["published", "pinned", "unpinned"]


class Item(NamedTuple):
    """One file as it is on disk.

    Attributes
    ----------
    name : str
    state : {"verified", "unverified", "partial", "missing", "in the way"}
        ``unverified``: there, but not the one that was verified; the next fetch hashes it.
    hash_state : {"published", "pinned", "unpinned"}
        ``pinned``: nobody has published a hash, and that of the first download holds.
    sha256 : str or None
    size : int or None
        Bytes, where they are known.
    held : int
        Bytes on disk.
    path : str
        Where the file is, or would be.
    """

    name: str
    state: State
    hash_state: HashState
    sha256: str | None
    size: int | None
    held: int
    path: str


def inventory(collection: Collection, entries: Iterable[Entry]) -> list[Item]:
    """Return what is on disk of some entries."""
    return [_item(collection, entry) for entry in entries]


def _item(collection: Collection, entry: Entry) -> Item:
    slot = collection.slot(entry)
    known = slot.known_hash(entry.sha256)
    hash_state: HashState = "published" if entry.sha256 else "pinned" if known else "unpinned"
    state: State
    size, held = entry.size, 0
    try:
        status = slot.status()
    except EvioDataError:
        state = "in the way"
    else:
        if status is not None:
            size = held = status.st_size
            state = "verified" if slot.is_warm(entry.sha256) else "unverified"
        else:
            held = held_in(slot.state)
            state = "partial" if held else "missing"
    return Item(entry.name, state, hash_state, known, size, held, slot.final)
