"""The scene: events that are plausible, evenly in time, and the same for the same seed."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from evio_data.testing import write_dat, write_evt3
from tests.testing.decoders import (
    WRAP,
    Decoder,
    Write,
    both,
    decode_dat,
    decode_evt3,
)


@both
def test_events_are_plausible(write: Write, decode: Decoder, tmp_path: Path) -> None:
    """Time never goes back, pixels are on the sensor, both polarities occur."""
    recording = write(tmp_path / "fan", events=50_000, width=640, height=480)
    decoded = decode(recording.path.read_bytes())
    times = [t for t, _, _, _ in decoded]
    assert times == sorted(times)
    assert len(set(decoded)) == len(decoded)
    assert all(0 <= x < 640 and 0 <= y < 480 for _, x, y, _ in decoded)
    assert 0.3 < recording.on / recording.count < 0.7


@both
def test_time_goes_on_after_it_wraps(write: Write, decode: Decoder, tmp_path: Path) -> None:
    """A recording of 37 s passes the end of 24 bits of time twice."""
    recording = write(tmp_path / "fan", events=9_000, rate=245)
    assert recording.last > 2 * WRAP
    assert decode(recording.path.read_bytes()) == list(recording.events())


@both
def test_rate_is_kept(write: Write, decode: Decoder, tmp_path: Path) -> None:
    """As many events come in a second as were asked for."""
    recording = write(tmp_path / "fan", events=30_000, rate=20_000)
    assert recording.last == pytest.approx(1_500_000, rel=0.02)
    assert len(decode(recording.path.read_bytes())) == 30_000


@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_the_seed_decides(write: Write, tmp_path: Path) -> None:
    """One seed gives the same bytes again, another one gives others."""

    def digest(seed: int) -> str:
        recording = write(tmp_path / "fan", size=20_000, seed=seed)
        return sha256(recording.path.read_bytes()).hexdigest()

    assert digest(1) == digest(1) != digest(2)


def test_raw_and_dat_are_one_scene(tmp_path: Path) -> None:
    """Both formats hold the same events for the same seed."""
    raw = write_evt3(tmp_path / "fan.raw", events=5_000, seed=4)
    dat = write_dat(tmp_path / "fan.dat", events=5_000, seed=4)
    assert decode_evt3(raw.path.read_bytes()) == decode_dat(dat.path.read_bytes())
