"""What a cache has of each registry entry, without reading the files."""

import os
from collections.abc import Iterable
from typing import Literal, NamedTuple

from .._registry.hashes import sha256_in
from .._registry.registry import Entry
from .._report import HashState
from ..errors import EvioDataError
from .files import Cache, CachedFile

State = Literal[
    "verified",
    "pinned",
    "unverified",
    "damaged",
    "partial",
    "missing",
    "another source's",
    "in the way",
]


class Item(NamedTuple):
    """One file as it is on disk.

    Attributes
    ----------
    name : str
    state : str
        ``verified``: as published; ``pinned``: as at its first use, nobody having published a
        hash; ``unverified``: there, and hashed by the next fetch; ``damaged``: found so, and not
        replaced yet; ``partial``, ``missing``; ``another source's``: of another registry that
        has the same key; ``in the way``: no file that could be read.
    hash_state : {"published", "pinned", "unpinned"}
        ``pinned``: nobody has published a hash, and that of the first download holds.
    hash : str or None
        64 digits of a SHA-256, or ``kind:digits``.
    size : int or None
        Bytes, where they are known.
    held : int
        Bytes on disk.
    path : str
        Where the file is, or would be.
    about : int or None
        Bytes as documented, where the exact size is not known.
    """

    name: str
    state: State
    hash_state: HashState
    hash: str | None
    size: int | None
    held: int
    path: str
    about: int | None = None

    @property
    def is_right(self) -> bool:
        """Whether the file is there, and known to be right."""
        return self.state in ("verified", "pinned")

    @property
    def is_there(self) -> bool:
        """Whether a file of this entry's is there, right or not."""
        return self.held > 0 and self.state in ("verified", "pinned", "unverified", "damaged")

    @property
    def sha256(self) -> str | None:
        """The hash, where it is a SHA-256."""
        return sha256_in(self.hash)


def inventory(cache: Cache, entries: Iterable[Entry]) -> list[Item]:
    """Return what is on disk of some entries."""
    return [_item(cache, entry) for entry in entries]


def _item(cache: Cache, entry: Entry) -> Item:
    cached_file = cache.cached_file(entry)
    known = cached_file.known_hash(entry.hash)
    hash_state: HashState = "published" if entry.hash else "pinned" if known else "unpinned"
    size, held = entry.size, 0
    try:
        state = _state(cached_file, entry)
        if (status := cached_file.status()) is not None:
            held = status.st_size
            size = size if state == "another source's" else held
        elif state == "partial":
            held = _held(cached_file)
    except EvioDataError:
        state = "in the way"
    about = entry.about if size is None else None
    return Item(entry.name, state, hash_state, known, size, held, cached_file.final, about)


def _state(cached_file: CachedFile, entry: Entry) -> State:
    if cached_file.is_warm(entry.hash):
        return "verified" if entry.hash else "pinned"
    there = cached_file.status() is not None
    if not there and not os.path.lexists(cached_file.state):
        return "missing"  # as most files of a large registry are
    if cached_file.owner(entry.hash) is not None:
        return "another source's"
    if cached_file.is_set_aside() or cached_file.is_marked_damaged():
        return "damaged"
    if there:
        return "unverified"
    return "partial" if _held(cached_file) else "missing"


def _held(cached_file: CachedFile) -> int:
    """Return the bytes of a partial."""
    from .partial import held_in  # which imports much that a first look does not need

    return held_in(cached_file.state)
