"""Measure how long a recording is from bounded looks into it, never from all of it."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterator
from itertools import pairwise
from typing import BinaryIO

from .decoding import EVT3_TIME_HIGH, PERIODS, WORD_SIZES, Event, Format, decode

WINDOW = 64 * 1024  # bytes at both ends in which the first and the last event are looked for
SCAN = 2**20  # bytes at the start in which every time word is counted
STEP = 2**20  # bytes from one look to the next, or a little less
LOOK = 16 * 1024  # bytes
MOST_LOOKS = 1024  # a larger recording gets no duration: 16 MiB are read at most

_HIGHS = 4096  # values of EVT_TIME_HIGH, one for 4096 us
_LOOP = _HIGHS // 2  # a fall by this much is a new turn of the clock, as in OpenEB
# Cameras repeat EVT_TIME_HIGH every 16 us (both samples at hand do): 256 words for each value.
# With this many, the words of one STEP are too few for a whole turn of 16.8 s.
_REPEATED = 192
_MOST_RISE = STEP // 2 // _REPEATED  # values in one STEP of nothing but time words

_KINDS = bytes(byte >> 4 for byte in range(256))  # a word's type is in its upper byte


def measure(file: BinaryIO, form: Format, start: int, size: int) -> int | None:
    """Return microseconds from the first event to the last, or None if they cannot be known."""
    size = start + (size - start) // WORD_SIZES.get(form, 1) * WORD_SIZES.get(form, 1)
    ends = _dat_ends if form == "DAT" else _evt_ends
    found = ends(file, form, start, size)
    if found is None:
        return None
    elapsed = found[1] - found[0]
    if form == "EVT3":
        turns = _turns(file, start, size, elapsed)
        if turns is None:
            return None
        elapsed += turns * PERIODS["EVT3"]
    return elapsed if elapsed >= 0 else None


def _read(file: BinaryIO, start: int, stop: int) -> bytes:
    file.seek(start)
    return file.read(stop - start)


def _dat_ends(file: BinaryIO, form: Format, start: int, size: int) -> tuple[int, int] | None:
    first, last = _read(file, start, start + 4), _read(file, max(start, size - 8), size)[:4]
    if len(first) < 4 or len(last) < 4:
        return None
    return struct.unpack("<I", first)[0], struct.unpack("<I", last)[0]


def _evt_ends(file: BinaryIO, form: Format, start: int, size: int) -> tuple[int, int] | None:
    """Return the times of the first and the last event, each within one turn of the clock."""
    head = _read(file, start, min(start + WINDOW, size))
    tail = _read(file, max(start, size - WINDOW), size)
    first = next(decode(form, head), None)
    last: deque[Event] = deque(decode(form, tail), maxlen=1)
    return (first[0], last[0][0]) if first and last else None


def _turns(file: BinaryIO, start: int, size: int, elapsed: int) -> int | None:
    """Return how often the 24 bits of EVT3's clock began again, if the looks can tell."""
    risen = _risen(file, start, size)
    return None if risen is None else round((risen * 4096 - elapsed) / PERIODS["EVT3"])


def _risen(file: BinaryIO, start: int, size: int) -> int | None:
    """Return by how much EVT_TIME_HIGH rose over the recording, turns included."""
    seen = size if size - start <= SCAN + LOOK else start + SCAN
    highs = list(_highs(_read(file, start, seen)))
    if not highs:
        return None
    risen = highs[-1] - highs[0]
    risen += _HIGHS * sum(a - b >= _LOOP for a, b in pairwise(highs))
    if seen == size:
        return risen
    repeated = len(highs) > _REPEATED * max(1, risen)
    later = _risen_later(file, seen, size, highs[-1]) if repeated else None
    return None if later is None else risen + later


def _risen_later(file: BinaryIO, start: int, size: int, high: int) -> int | None:
    """Return the same for the rest, from a look at the end of each step."""
    risen = 0
    steps = -(-(size - start) // STEP)
    if steps > MOST_LOOKS:
        return None
    for step in range(1, steps + 1):
        stop = start + (size - start) * step // steps // 2 * 2
        data = _read(file, stop - LOOK, stop)
        kinds = data[1::2].translate(_KINDS)
        last = kinds.rfind(EVT3_TIME_HIGH)
        if last < 0:
            return None
        rise = (_high(data, last) - high) % _HIGHS
        if rise > _MOST_RISE:
            return None
        risen += rise
        high = _high(data, last)
    return risen


def _highs(data: bytes) -> Iterator[int]:
    kinds = data[1::2].translate(_KINDS)
    at = kinds.find(EVT3_TIME_HIGH)
    while at >= 0:
        yield _high(data, at)
        at = kinds.find(EVT3_TIME_HIGH, at + 1)


def _high(data: bytes, word: int) -> int:
    return int.from_bytes(data[2 * word : 2 * word + 2], "little") & 0xFFF
