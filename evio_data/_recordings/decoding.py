"""Decode the events in a piece of a recording: enough for one frame or one timestamp.

The formats: https://docs.prophesee.ai/stable/data/encoding_formats/index.html
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from typing import Literal

Format = Literal["EVT2", "EVT2.1", "EVT3", "DAT", "unknown"]
Event = tuple[int, int, int, int]  # t in microseconds, x, y, p

WORD_SIZES: dict[Format, int] = {"EVT2": 4, "EVT2.1": 8, "EVT3": 2, "DAT": 8}  # bytes
# Microseconds after which the format's time begins again.
PERIODS: dict[Format, int] = {"EVT2": 2**34, "EVT3": 2**24}

EVT3_TIME_HIGH = 0x8
_EVT2_TIME_HIGH = 0x8
_ADDR_Y, _ADDR_X, _BASE_X, _VECT_12, _VECT_8, _TIME_LOW = 0x0, 0x2, 0x3, 0x4, 0x5, 0x6
_STATE = {_ADDR_Y, _BASE_X, _TIME_LOW, EVT3_TIME_HIGH}  # words that only change the state
_MOMENT = {_ADDR_Y, _TIME_LOW, EVT3_TIME_HIGH}  # what an event needs to have a time and a row
_VECTOR_BITS = {_VECT_12: 12, _VECT_8: 8}


def decode(form: Format, data: bytes) -> Iterator[Event]:
    """Yield the events whose time and place are known from this piece alone.

    EVT2.1 yields nothing: its word order differs between cameras, and the header rarely says which.
    """
    decoder = _DECODERS.get(form)
    if decoder is not None:
        yield from decoder(data[: len(data) // WORD_SIZES[form] * WORD_SIZES[form]])


def _decode_dat(data: bytes) -> Iterator[Event]:
    for t, packed in struct.iter_unpack("<II", data):
        yield t, packed & 0x3FFF, packed >> 14 & 0x3FFF, packed >> 28 & 1


def _decode_evt2(data: bytes) -> Iterator[Event]:
    high = None
    for (word,) in struct.iter_unpack("<I", data):
        kind = word >> 28
        if kind == _EVT2_TIME_HIGH:
            high = (word & 0xFFFFFFF) << 6
        elif kind <= 1 and high is not None:
            yield high | word >> 22 & 0x3F, word >> 11 & 0x7FF, word & 0x7FF, kind


def _decode_evt3(data: bytes) -> Iterator[Event]:
    state: dict[int, int] = {}
    offset = 0  # pixels of the current vector that were already sent
    for (word,) in struct.iter_unpack("<H", data):
        kind, value = word >> 12, word & 0xFFF
        if kind in _STATE:
            offset = 0 if kind == _BASE_X else offset
            if kind == EVT3_TIME_HIGH and state.get(kind, value) != value:
                state[_TIME_LOW] = 0
            state[kind] = value
        elif kind == _ADDR_X and state.keys() >= _MOMENT:
            yield _place(state, value, 0)
        elif kind in _VECTOR_BITS:
            if state.keys() >= _STATE:
                set_bits = (i for i in range(_VECTOR_BITS[kind]) if value >> i & 1)
                yield from (_place(state, state[_BASE_X], offset + i) for i in set_bits)
            offset += _VECTOR_BITS[kind]


def _place(state: dict[int, int], x_word: int, offset: int) -> Event:
    t = state[EVT3_TIME_HIGH] << 12 | state[_TIME_LOW]
    return t, (x_word & 0x7FF) + offset, state[_ADDR_Y] & 0x7FF, x_word >> 11


_DECODERS: dict[Format, Callable[[bytes], Iterator[Event]]] = {
    "DAT": _decode_dat,
    "EVT2": _decode_evt2,
    "EVT3": _decode_evt3,
}
