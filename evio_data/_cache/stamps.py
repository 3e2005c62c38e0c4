"""What was true of a file when its hash was last computed, as one line of text and back."""

import os
from typing import Literal, NamedTuple

from .._registry.hashes import LONGEST, as_hash

State = Literal["", "verified", "pinned", "damaged"]
_STATES: tuple[State, ...] = ("verified", "pinned", "damaged")
MAX_STAMP = LONGEST + 400  # bytes: three numbers, a word and the source follow the hash
SECOND = 1_000_000_000  # nanoseconds


class Stamp(NamedTuple):
    """What was true of a file when it was last hashed.

    Attributes
    ----------
    hash : str
        Of the file; of a damaged one too.
    size, mtime_ns, inode : int
    state : {"", "verified", "pinned", "damaged"}
        ``verified``: as published; ``pinned``: as at its first use. Stamps of earlier versions
        do not say, and were of right files.
    source : str
        Whose file it is; empty in stamps of earlier versions.
    """

    hash: str
    size: int  # bytes
    mtime_ns: int
    inode: int
    state: State = ""
    source: str = ""

    def __str__(self) -> str:
        return " ".join(map(str, self)).rstrip() + "\n"

    @property
    def is_right(self) -> bool:
        """Whether the file had the hash that it should have."""
        return self.state != "damaged"

    def matches(self, status: os.stat_result) -> bool:
        """Say whether a file is still the one that was stamped, as far as its status tells."""
        return (
            self.size == status.st_size
            and self.mtime_ns == status.st_mtime_ns
            and self.inode == status.st_ino
        )

    def resembles(self, status: os.stat_result) -> bool:
        """Say whether a file may be a faithful copy: of the size and the time that was stamped.

        Archives and some file systems keep whole seconds only.
        """
        times = (self.mtime_ns, self.mtime_ns // SECOND * SECOND)
        return self.size == status.st_size and status.st_mtime_ns in times


def stamp_of(known_hash: str, status: os.stat_result, *, state: State, source: str = "") -> Stamp:
    """Return the stamp of a file as it is now."""
    return Stamp(known_hash, status.st_size, status.st_mtime_ns, status.st_ino, state, source)


def parse_stamp(data: bytes) -> Stamp | None:
    """Return the stamp that a text is; None for anything else.

    >>> parse_stamp(str(Stamp("ab" * 32, 5, 6, 7, "pinned", "drive:1")).encode()).source
    'drive:1'
    """
    try:
        words = data.decode("ascii").split()
        size, mtime_ns, inode = (int(word) for word in words[1:4])
        stamp = Stamp(words[0], size, mtime_ns, inode, *_rest(words[4:]))
    except (ValueError, LookupError, TypeError, StopIteration):
        return None
    return stamp if as_hash(stamp.hash) == stamp.hash else None


def _rest(words: list[str]) -> tuple[State, str]:
    if not words:
        return "", ""
    state, source = words if len(words) != 1 else (words[0], "")  # whose file it is, the hash says
    return next(known for known in _STATES if known == state), source
