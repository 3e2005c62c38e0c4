"""What is read from a recording's header and its size."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evio_data._recordings.header import HEADER_LIMIT, RecordingHeader, read_header
from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording

CD = b"\x0c\x08"  # CD events of 8 bytes
CAMERA = (
    b"% camera_integrator_name Prophesee\n% date 2023-03-29 16:37:46\n% evt 3.0\n"
    b"% format EVT3;height=720;width=1280\n% geometry 1280x720\n"
    b"% plugin_name hal_plugin_imx636_evk4\n% serial_number 00ca0009\n% end\n"
)


def of(content: bytes) -> RecordingHeader:
    """Read the header of these bytes."""
    return read_header(io.BytesIO(content))


def test_camera_header() -> None:
    """Format, geometry, date, camera, plugin and serial number are as the header says."""
    header = of(CAMERA + bytes(20))
    assert (header.format, header.event_size, header.header_length) == ("EVT3", 2, len(CAMERA))
    assert (header.width, header.height) == (1280, 720)
    assert (header.date, header.serial) == ("2023-03-29 16:37:46", "00ca0009")
    assert (header.camera, header.plugin) == ("Prophesee", "hal_plugin_imx636_evk4")
    assert header.events is None


@pytest.mark.parametrize(
    ("lines", "form"),
    [
        (b"% evt 2.0\n", "EVT2"),
        (b"% evt 2.1\n", "EVT2.1"),
        (b"% evt 3.0\n", "EVT3"),
        (b"% format EVT2\n", "EVT2"),
        (b"% format EVT21;endianness=little;height=320;width=320\n", "EVT2.1"),
        (b"% Format evt3;height=4;width=4\r\n% end\r\n", "EVT3"),
        (b"% evt 4.0\n", "unknown"),
        (b"% format HISTO3D;height=4;width=4\n% evt 3.0\n", "unknown"),
        (b"% Data file containing CD events\n% Version 2\n" + CD, "DAT"),
        (b"% Height 4\n% Version 2\n% Width 4\n% date today\n% end\n\0\x08", "DAT"),
        (b"% Version 2\n\x0c\x10", "unknown"),
        (b"% Version 2\n", "unknown"),
        (b"% Version 2\n\x0c", "unknown"),
        (CD + bytes(16), "unknown"),
        (b"", "unknown"),
        (b"%", "unknown"),
        (b"PK\x03\x04", "unknown"),
        (b"<!DOCTYPE html><title>Google Drive</title>", "unknown"),
    ],
    ids=repr,
)
def test_format(lines: bytes, form: str) -> None:
    """The header decides the format; what is not one of these recordings is unknown."""
    assert of(lines).format == form


@pytest.mark.parametrize(
    ("lines", "geometry"),
    [
        (b"% geometry 640x480\n", (640, 480)),
        (b"% format EVT3;height=260;width=346\n", (346, 260)),
        (b"% Width 304\n% Height 240\n", (304, 240)),
        (b"% plugin_name hal_plugin_gen3_fx3\n", (640, 480)),
        (b"% plugin_name hal_plugin_gen31_evk3\n", (640, 480)),
        (b"% plugin_name hal_plugin_gen41_evk3\n", (1280, 720)),
        (b"% plugin_name hal_plugin_of_somebody_else\n", (None, None)),
        (b"% geometry 0x480\n", (None, None)),
        (b"% geometry 99999999999999999999x480\n", (None, None)),
        (b"% geometry -1x-1\n", (None, None)),
        ("% geometry \N{ARABIC-INDIC DIGIT FIVE}x480\n".encode(), (None, None)),
        (b"% geometry 65536x480\n% Width 10\n% Height 20\n", (10, 20)),
        (b"", (None, None)),
    ],
    ids=repr,
)
def test_geometry(lines: bytes, geometry: tuple[int | None, int | None]) -> None:
    """Width and height are read wherever cameras write them, and nonsense is not believed."""
    header = of(b"% evt 3.0\n" + lines + b"% end\n")
    assert (header.width, header.height) == geometry


def test_header_without_an_end_line() -> None:
    """The header ends before the first line that is no line of text."""
    lines = b"% evt 2.0\n% geometry 640x480\n"
    assert of(lines + b"%\x01\x80\n\x0a%").header_length == len(lines)


def test_lines_after_the_end_are_events() -> None:
    """What follows the end line is no header, even where it looks like one."""
    assert of(b"% evt 2.0\n% end\n% geometry 640x480\n").width is None


def test_endless_header() -> None:
    """A header that goes on past the limit is not read, and the file is unknown."""
    line = b"% note " + b"x" * 92 + b"\n"
    long = b"% evt 3.0\n" + line * (HEADER_LIMIT // len(line) + 1)
    assert of(long) == RecordingHeader("unknown", len(long), 0)
    assert of(b"% evt 3.0\n% note " + b"x" * HEADER_LIMIT).format == "unknown"


def test_values_are_fit_for_a_terminal() -> None:
    """Control characters of any kind are not passed on, and long values are cut."""
    header = of(
        "% evt 3.0\n% date \x9b31mred\u202e\n% serial_number ".encode() + b"9" * 999 + b"\n"
    )
    assert header.date == "31mred"
    assert header.serial == "9" * 200


@pytest.mark.parametrize("write", [write_dat, write_evt3])
def test_synthetic(write: Callable[..., Recording], tmp_path: Path) -> None:
    """The headers of the package's own recordings are read."""
    made = write(tmp_path / "fan", events=500, width=346, height=260)
    header = read_header(made.path)
    assert (header.width, header.height, header.size) == (346, 260, made.size)
    assert header.format == ("DAT" if write is write_dat else "EVT3")


@pytest.mark.parametrize("events", [0, 1, 2, 1000])
def test_dat_has_an_exact_number_of_events(events: int, tmp_path: Path) -> None:
    """The number of events of a DAT file follows from its size."""
    made = write_dat(tmp_path / "fan.dat", events=1000)
    content = made.path.read_bytes()
    header = of(content[: len(content) - 8 * (1000 - events)])
    assert (header.events, header.event_size) == (events, 8)


def test_cut_off_file_is_noticed(tmp_path: Path) -> None:
    """A file that ends inside an event counts the whole ones, and a note says so."""
    made = write_dat(tmp_path / "fan.dat", events=10)
    whole = read_header(made.path)
    cut = of(made.path.read_bytes()[:-3])
    assert cut.events == 9
    assert [note for note in cut.notes if note not in whole.notes] == [
        "the file ends in the middle of an event: it may have been cut off"
    ]


def test_empty_recording_is_noticed() -> None:
    """A header without events is said to have none."""
    assert "no events" in of(CAMERA).notes[0]


def test_known_wrong_readers() -> None:
    """The notes name the readers that are wrong for this format, and only for this one."""
    evt3, evt2 = (" ".join(of(line + b"1234").notes) for line in (b"% evt 3.0\n", b"% evt 2.0\n"))
    assert "evlib 0.8.7" in evt3
    assert "expelliarmus" in evt3
    assert "expelliarmus" not in evt2
    assert "evt3 0.4.1" in evt2
    head = b"% Version 2\n"
    two_d, cd = (" ".join(of(head + kind + bytes(8)).notes) for kind in (b"\0\x08", CD))
    assert "faery" in two_d
    assert "faery" not in cd
    assert of(b"% evt 2.1\n12345678").notes == of(b"12345678").notes == ()


def test_lent_file_keeps_its_position(tmp_path: Path) -> None:
    """An open file is read from its start, stays open, and is put back where it was."""
    made = write_dat(tmp_path / "fan.dat", events=10)
    with made.path.open("rb") as file:
        file.seek(7)
        assert read_header(file) == read_header(made.path) == read_header(str(made.path))
        assert file.tell() == 7


def test_missing_file(tmp_path: Path) -> None:
    """A file that cannot be opened raises what open raises."""
    with pytest.raises(FileNotFoundError):
        read_header(tmp_path / "none.raw")
    with pytest.raises(OSError, match="directory"):
        read_header(tmp_path)


KEYS = [
    "evt",
    "format",
    "geometry",
    "Width",
    "Height",
    "date",
    "end",
    "endianness",
    "Version",
    "plugin_name",
]
VALUES = [
    "3.0",
    "2.0",
    "2.1",
    "EVT3;width=9;height",
    "EVT2;;=;",
    "1x",
    "x",
    "7x7",
    "big",
    "2",
    "-5",
    "°\x9b",
]
LINES = [f"% {key} {value}\n".encode() for key in KEYS for value in VALUES]
pieces = st.sampled_from([*LINES, CD, b"\0\x08", b"% end\n", b"%", b"\n"]) | st.binary(max_size=40)


@settings(database=None, deadline=None, derandomize=True)
@given(st.lists(pieces, max_size=12).map(b"".join))
def test_any_bytes_give_a_header(content: bytes) -> None:
    """Whatever the bytes, there is an answer, and its numbers fit the file."""
    header = of(content)
    assert header.size == len(content)
    assert 0 <= header.header_length <= header.size
    if header.events is not None:
        assert 0 <= header.size - header.header_length - 8 * header.events < 8
    assert header.duration_us is None or header.duration_us >= 0
    shown = (header.date, header.serial, header.camera, header.plugin)
    assert all(text is None or text.isprintable() for text in shown)
