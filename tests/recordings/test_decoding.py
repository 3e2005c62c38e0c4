"""The decoders for a piece of a recording, compared with what is known to be in it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evio_data._recordings.decoding import Format, decode
from evio_data._recordings.header import read_header
from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording


@pytest.mark.parametrize("write", [write_dat, write_evt3])
def test_synthetic(write: Callable[..., Recording], tmp_path: Path) -> None:
    """Every field of every event is as it was written, vectors included."""
    made = write(tmp_path / "fan", events=5000, seed=3)
    header = read_header(made.path)
    data = made.path.read_bytes()[header.header_length :]
    assert list(decode(header.format, data)) == [tuple(event) for event in made.events()]


def test_evt2_fields() -> None:
    """An EVT2 word holds polarity, the low bits of time, x and y."""
    event = 1 << 28 | 33 << 22 | 639 << 11 | 479
    data = struct.pack("<III", 0x8000_0002, event, event & 0xFFFFFFF)
    assert list(decode("EVT2", data)) == [(161, 639, 479, 1), (161, 639, 479, 0)]


def test_evt3_vector_goes_on() -> None:
    """A vector's words follow one another from the base, also past words that change the time."""
    words = [0x8000, 0x6001, 0x0007, 0x3864, 0x4801, 0x6002, 0x5001]
    data = struct.pack("<7H", *words)
    assert list(decode("EVT3", data)) == [(1, 100, 7, 1), (1, 111, 7, 1), (2, 112, 7, 1)]


def test_evt3_time_high_sets_the_low_part_to_zero() -> None:
    """Events between a new high part and the next low part are not in the past."""
    data = struct.pack("<6H", 0x8000, 0x6FFF, 0x0007, 0x2001, 0x8001, 0x2001)
    assert [event[0] for event in decode("EVT3", data)] == [4095, 4096]


@settings(database=None, deadline=None, derandomize=True)
@given(st.sampled_from(["EVT2", "EVT2.1", "EVT3", "DAT", "unknown"]), st.binary(max_size=400))
def test_any_bytes_decode(form: Format, data: bytes) -> None:
    """Whatever the bytes, events have non-negative fields, and unknown formats have none."""
    events = list(decode(form, data))
    assert all(min(event) >= 0 and event[3] <= 1 for event in events)
    assert not events or form in ("EVT2", "EVT3", "DAT")
