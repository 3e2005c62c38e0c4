"""The 16-bit words of an EVT 3.0 recording (``.raw``).

The format: https://docs.prophesee.ai/stable/data/encoding_formats/evt3.html
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from itertools import groupby

from ._fan import SLICE, Event, Fan

LEAD = 2  # bytes before each slice: its EVT_TIME_HIGH
LONGEST = 2**63  # microseconds; readers count how often the 24 bits of time wrap

_ADDR_Y, _ADDR_X, _VECT_BASE_X = 0x0000, 0x2000, 0x3000
_VECT_12, _VECT_8 = 0x4000, 0x5000
_TIME_LOW, _TIME_HIGH = 0x6000, 0x8000
_BLOCK = 32  # pixels of a vector, which starts at a multiple of it, as cameras send them
_WORTHWHILE = 4  # words of a vector: with fewer events, one word each is shorter

Moment = tuple[int, int] | None


def header(fan: Fan, note: str) -> bytes:
    """Return the ASCII lines before the words."""
    size = f"height={fan.height};width={fan.width}"
    lines = ["evt 3.0", f"format EVT3;{size}", f"geometry {fan.width}x{fan.height}", note, "end"]
    return "".join(f"% {line}\n" for line in lines).encode()


def at(words: bytes, number: int) -> bytes:
    """Return a slice as it is written in its place: the high 12 bits of time lead."""
    return struct.pack("<H", _TIME_HIGH | number % SLICE) + words


def pieces(events: Sequence[Event]) -> Iterator[tuple[bytes, int]]:
    """Yield the words of one slice, vector by vector, each with its number of events."""
    before: Moment = None
    for (t, y, p, block), group in groupby(events, _row_of_block):
        xs = [event.x for event in group]
        words = _moved((t, y), before)
        if len(xs) < _WORTHWHILE:
            words += [_ADDR_X | p << 11 | x for x in xs]
        else:
            words += _vector(p, block, xs)
        before = t, y
        yield struct.pack(f"<{len(words)}H", *words), len(xs)


def _row_of_block(event: Event) -> tuple[int, int, int, int]:
    return event.t, event.y, event.p, event.x // _BLOCK


def _moved(now: tuple[int, int], before: Moment) -> list[int]:
    """Return the words for what has changed since the last events."""
    t, y = now
    if before == now:
        return []
    if before is not None and before[0] == t:
        return [_ADDR_Y | y]
    return [_TIME_LOW | t % SLICE, _ADDR_Y | y]


def _vector(p: int, block: int, xs: list[int]) -> list[int]:
    start = block * _BLOCK
    bits = sum(1 << x - start for x in xs)
    masks = [_VECT_12 | bits & 0xFFF, _VECT_12 | bits >> 12 & 0xFFF, _VECT_8 | bits >> 24]
    return [_VECT_BASE_X | p << 11 | start, *masks]
