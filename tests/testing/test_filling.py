"""A recording of so many bytes, or of so many events, exactly."""

from __future__ import annotations

from pathlib import Path

import pytest

from evio_data.testing import write_dat, write_evt3
from tests.testing.decoders import Write


@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_size_is_exact(write: Write, tmp_path: Path) -> None:
    """The file is as long as it was asked to be, whatever fits into it."""
    path = tmp_path / "fan"
    for size in [*range(1000, 1040), 65_537, 2**20 + 1]:
        assert write(path, size=size, rate=50_000).size == path.stat().st_size == size
    assert write(path).size == path.stat().st_size == 2**20


@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_events_are_exact(write: Write, tmp_path: Path) -> None:
    """There are as many events as were asked for, also where that cuts a vector."""
    for events in range(1, 60):
        recording = write(tmp_path / "fan", events=events, rate=20_000)
        assert recording.count == len(list(recording.events())) == events


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 100},
        {"events": 0},
        {"events": -1},
        {"size": 10_000, "events": 10},
        {"width": 15},
        {"height": 2049},
        {"rate": 244},
    ],
    ids=str,
)
@pytest.mark.parametrize("write", [write_evt3, write_dat])
def test_impossible_wishes_leave_no_file(
    write: Write, wrong: dict[str, int], tmp_path: Path
) -> None:
    """What cannot be written is refused before the file is opened."""
    with pytest.raises(ValueError, match=r"\d|not both"):
        write(tmp_path / "fan", **wrong)
    assert not (tmp_path / "fan").exists()
