"""The 8-byte records of a Prophesee ``.dat`` recording.

The format: https://docs.prophesee.ai/stable/data/file_formats/dat.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ._fan import SLICES, TURN, Event, Fan

LEAD = 0  # bytes before each slice
LONGEST = 2**32  # microseconds, 71 minutes: a timestamp has 32 bits

_RECORD = struct.Struct("<II")
_KIND = bytes([0x0C, _RECORD.size])  # CD events; type 0x00 is refused by some readers


def header(fan: Fan, note: str) -> bytes:
    """Return the ASCII lines, and the two bytes after them, that come before the records."""
    size = [f"Height {fan.height}", "Version 2", f"Width {fan.width}"]
    lines = ["Data file containing CD events", *size, note, "end"]
    return "".join(f"% {line}\n" for line in lines).encode() + _KIND


def pieces(events: Sequence[Event]) -> Iterator[tuple[bytes, int]]:
    """Yield the record of each event, and how many events it is."""
    for t, x, y, p in events:
        yield _RECORD.pack(t, p << 28 | y << 14 | x), 1


def at(records: bytes, number: int) -> bytes:
    """Return a slice as it is written in its place: as many turns later as it is.

    One addition of long integers moves all timestamps: a hundred times faster than a loop.
    """
    later = number // SLICES * TURN
    moved = int.from_bytes(records, "little") + later * _ones(len(records) // _RECORD.size)
    return moved.to_bytes(len(records), "little")


@lru_cache(maxsize=SLICES + 1)
def _ones(records: int) -> int:
    """Return the integer that is one microsecond in every record."""
    return int.from_bytes(_RECORD.pack(1, 0) * records, "little")
