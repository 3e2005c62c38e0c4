"""One frame of a recording, as text and as PNG."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evio_data._recordings.header import read_header
from evio_data._recordings.picture import FRAME_BYTES, FRAME_EVENTS, FRAME_TIME, Frame, read_frame
from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Recording

DAT = b"% Width 8\n% Height 4\n% end\n\x0c\x08"


def dat(*events: tuple[int, int, int, int], head: bytes = DAT) -> io.BytesIO:
    """Return a DAT file of events t, x, y, p."""
    records = (struct.pack("<II", t, p << 28 | y << 14 | x) for t, x, y, p in events)
    return io.BytesIO(head + b"".join(records))


def frame_of(file: io.BytesIO) -> Frame:
    """Return the frame that must be there."""
    frame = read_frame(file)
    assert frame is not None
    return frame


def unpacked(png: bytes) -> tuple[int, int, bytes, bytes]:
    """Return width, height, palette and pixels of a PNG, whose checksums must be right."""
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    chunks, at = {}, 8
    while at < len(png):
        (length,) = struct.unpack_from(">I", png, at)
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        assert struct.unpack_from(">I", png, at + 8 + length) == (zlib.crc32(kind + data),)
        chunks[kind] = data
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, *kind_of_image = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert kind_of_image == [8, 3, 0, 0, 0]
    rows = zlib.decompress(chunks[b"IDAT"])
    assert len(rows) == (width + 1) * height
    assert set(rows[:: width + 1]) == {0}
    pixels = b"".join(rows[at + 1 : at + 1 + width] for at in range(0, len(rows), width + 1))
    return width, height, chunks[b"PLTE"], pixels


def test_frame_has_the_events_in_their_places() -> None:
    """A pixel is ON or OFF by its last event; others are empty."""
    frame = frame_of(dat((0, 0, 0, 1), (1, 7, 3, 1), (2, 7, 3, 0)))
    assert (frame.width, frame.height, frame.events) == (8, 4, 3)
    assert frame.pixels == b"\2" + bytes(30) + b"\1"


def test_png_has_the_frame_in_it() -> None:
    """The PNG holds the same pixels and a palette of three colours."""
    frame = frame_of(dat((0, 2, 1, 1), (1, 3, 2, 0)))
    width, height, palette, pixels = unpacked(frame.to_png())
    assert (width, height, pixels) == (frame.width, frame.height, frame.pixels)
    assert len(palette) == 9


def test_text_is_braille() -> None:
    """Each character has two by four dots."""
    frame = frame_of(dat((0, 0, 0, 1), (0, 3, 3, 1), (0, 4, 0, 0), (0, 4, 1, 0)))
    assert frame.to_text(columns=4) == "\u2801\u2880\u2803\u2800"


@pytest.mark.parametrize(("columns", "lines"), [(60, 20), (20, 20), (200, 3), (1, 1), (0, 0)])
def test_text_fits(columns: int, lines: int, tmp_path: Path) -> None:
    """The text is no wider and no taller than it may be, and never empty."""
    made = write_dat(tmp_path / "fan.dat", events=2000)
    frame = read_frame(made.path)
    assert frame is not None
    rows = frame.to_text(columns, lines).split("\n")
    assert 0 < len(rows) <= max(1, lines)
    assert {len(row) for row in rows} <= set(range(1, max(1, columns) + 1))
    assert any(character != "\u2800" for row in rows for character in row)


@pytest.mark.parametrize("write", [write_dat, write_evt3])
def test_frame_is_short(write: Callable[..., Recording], tmp_path: Path) -> None:
    """A dense recording's frame has so many events, a sparse one's so much time."""
    dense = read_frame(write(tmp_path / "dense", events=FRAME_EVENTS + 99).path)
    assert dense is not None
    assert dense.events == FRAME_EVENTS
    made = write(tmp_path / "sparse", events=3000, rate=20_000)
    sparse = read_frame(made.path)
    first = next(made.events()).t
    assert sparse is not None
    assert sparse.events == sum(event.t - first < FRAME_TIME for event in made.events())


def test_reads_are_bounded() -> None:
    """However large the file, only its beginning is read."""
    content = dat(*[(0, 1, 1, 1)] * 10).getvalue() + bytes(8 * FRAME_BYTES)
    header = read_header(io.BytesIO(content))
    asked = []

    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            asked.append(size)
            return super().read(size)

    assert read_frame(Watched(content), header) is not None
    assert asked == [FRAME_BYTES]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"% evt 2.1\n" + bytes(64),
        b"% format EVT3;endianness=big\n" + bytes(64),
        DAT,
        b"no recording",
        dat((0, 9, 9, 1)).getvalue(),
        dat((0, 9, 9, 1), head=b"% Width 60000\n% Height 60000\n% end\n\x0c\x08").getvalue(),
        dat((0, 16383, 16383, 1), head=b"% Version 2\n\x0c\x08").getvalue(),
    ],
    ids=["empty", "evt2.1", "big", "no events", "unknown", "outside", "huge said", "huge found"],
)
def test_no_picture(content: bytes) -> None:
    """What cannot be decoded, or would be no camera's, has no picture."""
    assert read_frame(io.BytesIO(content)) is None


def test_geometry_that_is_not_said_is_found() -> None:
    """Without a geometry in the header the frame is as large as its events need."""
    frame = frame_of(dat((0, 4, 2, 1), (0, 1, 6, 1), head=b"% Version 2\n\x0c\x08"))
    assert (frame.width, frame.height) == (5, 7)


@settings(database=None, deadline=None, derandomize=True)
@given(st.sampled_from([DAT, b"% evt 2.0\n", b"% evt 3.0\n", b""]), st.binary(max_size=300))
def test_any_bytes_give_a_picture_or_none(head: bytes, content: bytes) -> None:
    """Whatever the bytes, there is no error, and a picture that is made is whole."""
    frame = read_frame(io.BytesIO(head + content))
    if frame is not None and frame.width * frame.height < 10_000:
        assert unpacked(frame.to_png())[3] == frame.pixels
        assert frame.to_text(10, 5)
