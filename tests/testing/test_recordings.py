"""What is in a synthetic recording, told by decoders that share nothing with its writers."""

from __future__ import annotations

from pathlib import Path

import pytest

from evio_data.testing import write_dat, write_evt3
from tests.testing.decoders import (
    Decoder,
    Write,
    both,
)


@both
@pytest.mark.parametrize(
    "wanted",
    [
        {"size": 100_001},
        {"events": 1},
        {"events": 20_001, "seed": 7},
        {"events": 3_000, "width": 346, "height": 260, "rate": 10_000},
        {"events": 3_000, "width": 16, "height": 2048, "rate": 100_000},
    ],
    ids=str,
)
def test_decodes_to_the_truth(
    write: Write, decode: Decoder, wanted: dict[str, int], tmp_path: Path
) -> None:
    """All of t, x, y, p are what the recording says, in the same order."""
    recording = write(tmp_path / "fan", **wanted)
    decoded = decode(recording.path.read_bytes())
    assert decoded == list(recording.events())
    assert recording.count == len(decoded)
    assert recording.on == sum(p for _, _, _, p in decoded)
    assert recording.last == decoded[-1][0]
    assert recording.size == recording.path.stat().st_size


def test_headers_are_the_fields_own(tmp_path: Path) -> None:
    """Readers find format and geometry where cameras put them."""
    raw = write_evt3(tmp_path / "fan.raw", events=1, width=640, height=480).path.read_bytes()
    dat = write_dat(tmp_path / "fan.dat", events=1, width=640, height=480).path.read_bytes()
    assert raw.startswith(b"% evt 3.0\n% format EVT3;height=480;width=640\n")
    assert b"\n% Height 480\n% Version 2\n% Width 640\n" in dat
