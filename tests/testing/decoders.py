"""Decoders that share nothing with the writers of recordings."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

import pytest

from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording

ADDR_X, BASE_X, VECT_12, VECT_8 = 2, 3, 4, 5


def evt3_words(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield type and content of each word after the header."""
    body = data[data.index(b"% end\n") + 6 :]
    for (word,) in struct.iter_unpack("<H", body):
        yield word >> 12, word & 0xFFF


Write = Callable[..., Recording]


Decoder = Callable[[bytes], list[tuple[int, int, int, int]]]


WRAP = 2**24  # microseconds


def decode_evt3(data: bytes) -> list[tuple[int, int, int, int]]:
    """Read EVT 3.0 as its published description has it; time wraps when its high part falls."""
    found = []
    wraps = high = low = y = base = polarity = 0
    for kind, content in evt3_words(data):
        if kind == 8:
            wraps += content < high
            high = content
        elif kind == 6:
            low = content
        elif kind == 0:
            y = content & 0x7FF
        elif kind == ADDR_X:
            found.append((wraps * WRAP + high * 4096 + low, content & 0x7FF, y, content >> 11))
        elif kind == BASE_X:
            base, polarity = content & 0x7FF, content >> 11
        else:
            assert kind in (VECT_12, VECT_8)
            bits = 12 if kind == VECT_12 else 8
            t = wraps * WRAP + high * 4096 + low
            found += [(t, base + i, y, polarity) for i in range(bits) if content >> i & 1]
            base += bits
    return found


def decode_dat(data: bytes) -> list[tuple[int, int, int, int]]:
    """Read DAT as its published description has it."""
    start = data.index(b"% end\n") + 6
    assert data[start : start + 2] == b"\x0c\x08"
    records = struct.iter_unpack("<II", data[start + 2 :])
    return [(t, rest & 0x3FFF, rest >> 14 & 0x3FFF, rest >> 28) for t, rest in records]


both = pytest.mark.parametrize(
    ("write", "decode"), [(write_evt3, decode_evt3), (write_dat, decode_dat)], ids=["evt3", "dat"]
)
