"""Draw the first events of a recording as one frame, for a terminal or a notebook."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import BinaryIO

from .decoding import Event, decode
from .header import RecordingHeader, opened, read_header

FRAME_BYTES = 512 * 1024  # read from the start of the events
FRAME_TIME = 33_000  # microseconds: a frame of 30 in a second
FRAME_EVENTS = 30_000  # a fast scene needs less time, and would only blur
_MOST_PIXELS = 2**23  # of a sensor; no event camera comes near

_OFF, _ON = 1, 2  # 0 is the ground
_PALETTE = bytes.fromhex("1e2534 407ec9 d8dfec")  # dark, blue, near white
_SHOWN = 0.5  # a dot stands where there are this many events, of the mean where there are any

_BRAILLE = 0x2800
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # by row and column of a cell


@dataclass(frozen=True, slots=True)
class Frame:
    """The events of a short time as an image; a pixel's last event decides its colour.

    Attributes
    ----------
    width, height : int
        In pixels.
    pixels : bytes
        Row by row: 0 no event, 1 OFF, 2 ON.
    events : int
        How many events were drawn.
    """

    width: int
    height: int
    pixels: bytes
    events: int

    def to_text(self, columns: int = 60, lines: int = 20) -> str:
        """Return Braille characters for a Unicode terminal, no wider and no taller than said."""
        scale = -(-self.width // (2 * max(1, columns)))
        scale = max(scale, -(-self.height // (4 * max(1, lines))))
        dots = self._dots(scale)
        across = -(-self.width // (2 * scale))
        down = -(-self.height // (4 * scale))
        cells = [[_BRAILLE] * across for _ in range(down)]
        for x, y in dots:
            cells[y // 4][x // 2] |= _DOTS[y % 4][x % 2]
        return "\n".join("".join(map(chr, row)) for row in cells)

    def _dots(self, scale: int) -> list[tuple[int, int]]:
        """Return the squares of `scale` pixels that have enough events."""
        counts: dict[tuple[int, int], int] = {}
        for at, pixel in enumerate(self.pixels):
            if pixel:
                y, x = divmod(at, self.width)
                square = x // scale, y // scale
                counts[square] = counts.get(square, 0) + 1
        enough = _SHOWN * sum(counts.values()) / max(1, len(counts))
        return [square for square, count in counts.items() if count >= enough]

    def to_png(self) -> bytes:
        """Return the frame as a PNG file: OFF blue, ON white, on a dark ground."""
        rows = range(0, len(self.pixels), self.width)
        image = b"".join(b"\0" + self.pixels[row : row + self.width] for row in rows)
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        chunks = ((b"IHDR", header), (b"PLTE", _PALETTE), (b"IDAT", zlib.compress(image)))
        return b"\x89PNG\r\n\x1a\n" + b"".join(
            _chunk(*chunk) for chunk in (*chunks, (b"IEND", b""))
        )


def read_frame(
    source: str | os.PathLike[str] | BinaryIO, header: RecordingHeader | None = None
) -> Frame | None:
    """Return a picture of a recording's first events, or None if there is nothing to draw.

    It has the first 30,000 events, or fewer if 33 ms or 512 KiB end sooner. Formats that are not
    decoded here (EVT2.1, big-endian words, unknown files) have no picture. No content raises an
    error.

    Parameters
    ----------
    source : path-like or binary file
        The recording. A file must be seekable; its position is put back.
    header : RecordingHeader, optional
        What `read_header` returned for it, if that is at hand.

    Returns
    -------
    Frame or None
        With `to_text` for a terminal and `to_png` for a notebook.

    Raises
    ------
    OSError
        If the file cannot be opened or read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from evio_data.testing import write_evt3
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fan = write_evt3(pathlib.Path(folder, "fan.raw"), events=1000)
    ...     frame = read_frame(fan.path)
    >>> frame.width, frame.height, frame.events
    (1280, 720, 1000)
    """
    with opened(source) as file:
        header = header or read_header(file)
        if header.big_endian:
            return None
        file.seek(header.header_length)
        found = _first(decode(header.format, file.read(FRAME_BYTES)))
        events = list(islice(found, FRAME_EVENTS))
    if not events:
        return None
    width = header.width or 1 + max(x for _, x, _, _ in events)
    height = header.height or 1 + max(y for _, _, y, _ in events)
    return _draw(events, width, height) if width * height <= _MOST_PIXELS else None


def _first(events: Iterator[Event]) -> Iterator[Event]:
    """Yield the events of the first frame; times may fall a little, as some files have it."""
    first = next(events, None)
    if first is not None:
        yield first
        yield from takewhile(lambda event: abs(event[0] - first[0]) < FRAME_TIME, events)


def _draw(events: list[Event], width: int, height: int) -> Frame | None:
    pixels = bytearray(width * height)
    drawn = 0
    for _, x, y, p in events:
        if x < width and y < height:
            pixels[y * width + x] = _ON if p else _OFF
            drawn += 1
    return Frame(width, height, bytes(pixels), drawn) if drawn else None


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)
