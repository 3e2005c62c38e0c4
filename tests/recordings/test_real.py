"""Two recordings of real cameras, where they are at hand beside the project."""

from __future__ import annotations

import io
from dataclasses import asdict
from pathlib import Path

import pytest

from evio_data._recordings.header import read_header
from evio_data._recordings.picture import read_frame

FOLDER = Path(__file__).parents[2].parent / "shared" / "recordings"
HEADERS = {
    "evt3_sample.raw": {
        "format": "EVT3",
        "size": 618_052,
        "header_length": 166,
        "event_size": 2,
        "width": 1280,
        "height": 720,
        "date": "2020-09-25 07:48:29",
        "serial": "00000307",
        "camera": "Prophesee",
        "plugin": "hal_plugin_gen41_evk3",
        "events": None,
        "duration_us": 8801,  # as evt3, eventcv and evlib 0.13.2 find it
    },
    "evt2_sample.raw": {
        "format": "EVT2",
        "size": 2_170_592,
        "header_length": 164,
        "event_size": 4,
        "width": 640,
        "height": 480,
        "date": "2020-09-14 09:03:25",
        "serial": "30384338",
        "camera": "Prophesee",
        "plugin": "hal_plugin_gen3_fx3",
        "events": None,
        "duration_us": 50_000,  # as faery, eventcv, evlib 0.13.2 and expelliarmus find it
    },
}

real = pytest.mark.parametrize("name", HEADERS)


def recording(name: str) -> Path:
    """Return the recording, or skip the test."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"{name} is not beside the project")
    return path


@real
def test_header(name: str) -> None:
    """All that the header says is found, and the duration is that of good readers."""
    header = asdict(read_header(recording(name)))
    assert header.items() >= HEADERS[name].items()


@real
def test_picture(name: str) -> None:
    """The first events make a picture of the sensor's size."""
    frame = read_frame(recording(name))
    assert frame is not None
    assert (frame.width, frame.height) == (HEADERS[name]["width"], HEADERS[name]["height"])
    assert frame.events == 30_000
    assert frame.to_png().startswith(b"\x89PNG")


@real
def test_any_beginning(name: str) -> None:
    """A recording that was cut anywhere gives an answer, never a longer one."""
    content = recording(name).read_bytes()
    whole = read_header(io.BytesIO(content)).duration_us or 0
    for length in (*range(0, 400, 13), 1000, 4001, len(content) // 2 + 1):
        header = read_header(io.BytesIO(content[:length]))
        assert header.size == length
        assert header.duration_us is None or header.duration_us <= whole
