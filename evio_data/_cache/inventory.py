"""What a cache has of each registry entry, without reading the files."""

from collections.abc import Iterable
from typing import Literal, NamedTuple

from .._registry.hashes import sha256_in
from .._registry.registry import Entry
from ..errors import EvioDataError
from .files import Cache
from .partial import held_in

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
    def sha256(self) -> str | None:
        """The hash, where it is a SHA-256."""
        return sha256_in(self.hash)


def inventory(cache: Cache, entries: Iterable[Entry]) -> list[Item]:
    """Return what is on disk of some entries."""
    return [_item(cache, entry) for entry in entries]


def _item(cache: Cache, entry: Entry) -> Item:
    cached_file = cache.cached_file(entry.name)
    known = cached_file.known_hash(entry.hash)
    hash_state: HashState = "published" if entry.hash else "pinned" if known else "unpinned"
    state: State
    size, held = entry.size, 0
    try:
        status = cached_file.status()
    except EvioDataError:
        state = "in the way"
    else:
        if status is not None:
            size = held = status.st_size
            state = "verified" if cached_file.is_warm(entry.hash) else "unverified"
        else:
            held = held_in(cached_file.state)
            state = "partial" if held else "missing"
    about = entry.about if size is None else None
    return Item(entry.name, state, hash_state, known, size, held, cached_file.final, about)
