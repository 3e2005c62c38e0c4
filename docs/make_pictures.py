#!/usr/bin/env python
"""Draw the pictures of synthetic events in ``images/``: ``python docs/make_pictures.py``."""

import math
import struct
import sys
import tempfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Event, Recording

IMAGES = Path(__file__).parent / "images"

BACKGROUND = (16, 20, 30)
ON, OFF = (255, 158, 66), (74, 156, 255)
SHADES = 7  # of each polarity; with the background, 15 of the 16 colours of four bits

# --- frames: what the sensor saw in a short time -----------------------------------------------

WIDTH, HEIGHT, ZOOM = 1280, 720, 2
RATE, EVENTS = 12_000_000, 300_000
TAIL = 12_000  # microseconds

Shade = Callable[[int, int], int]  # events at a dot, age of the newest: 0 to SHADES


def frame(events: Iterable[Event], start: int, stop: int, shade: Shade) -> list[bytearray]:
    """Return rows of colour numbers: 0 is the background, then the shades of ON, then of OFF."""
    seen: dict[tuple[int, int], tuple[int, Event]] = {}
    for event in _between(events, start, stop):
        dot = event.y // ZOOM, event.x // ZOOM
        seen[dot] = seen.get(dot, (0, event))[0] + 1, event
    rows = [bytearray(WIDTH // ZOOM) for _ in range(HEIGHT // ZOOM)]
    for (y, x), (number, event) in seen.items():
        level = shade(number, stop - event.t)
        rows[y][x] = level and level + (0 if event.p else SHADES)
    return rows


def _between(events: Iterable[Event], start: int, stop: int) -> Iterator[Event]:
    for event in events:
        if event.t >= stop:
            return
        if event.t >= start:
            yield event


def _by_number(number: int, _age: int) -> int:
    return min(SHADES, 3 + number)


def _by_age(_number: int, age: int) -> int:
    return max(1, round(SHADES * (1 - age / TAIL) ** 2))


# --- space and time: the sensor seen from the side, time from left to right --------------------

PANORAMA = 1600, 460


def panorama(recording: Recording) -> list[bytearray]:
    """Return rows of colour numbers of all events of a recording."""
    width, height = PANORAMA
    fan = recording.fan
    dots: tuple[Counter[tuple[int, int]], ...] = (Counter(), Counter())
    for t, x, y, p in recording.events():
        right, down = 2 * x / fan.width - 1, 2 * y / fan.height - 1
        column = 150 + 1290 * t / recording.last + 120 * right
        row = height / 2 + 170 * down - 62 * right
        dots[p][int(row), int(column)] += 1
    rows = [bytearray(width) for _ in range(height)]
    for y, x in {*dots[0], *dots[1]}:
        if 0 <= y < height and 0 <= x < width:
            rows[y][x] = _stronger(dots[1][y, x], dots[0][y, x])
    return rows


def _stronger(on: int, off: int) -> int:
    level = min(SHADES, int(1 + 1.9 * math.log2(max(on, off))))
    return level if on >= off else level + SHADES


# --- files -------------------------------------------------------------------------------------


def palette() -> bytes:
    """Return the colours of the numbers, three bytes each."""
    colours = [BACKGROUND]
    for colour in (ON, OFF):
        for level in range(1, SHADES + 1):
            part = 0.25 + 0.75 * level / SHADES
            mixed = (b + (c - b) * part for b, c in zip(BACKGROUND, colour, strict=True))
            colours.append(tuple(round(value) for value in mixed))  # type: ignore[arg-type]
    return b"".join(bytes(colour) for colour in colours)


def png(rows: list[bytearray]) -> bytes:
    """Return a PNG of 16 colours."""
    size = struct.pack(">IIBBBBB", len(rows[0]), len(rows), 4, 3, 0, 0, 0)
    lines = b"".join(b"\0" + _packed(row) for row in rows)
    chunks = (
        (b"IHDR", size),
        (b"PLTE", palette()),
        (b"IDAT", zlib.compress(lines, 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in chunks)


def _packed(row: bytearray) -> bytes:
    return bytes(left << 4 | right for left, right in zip(row[::2], row[1::2], strict=True))


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def pictures() -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each picture."""
    with tempfile.TemporaryDirectory() as folder:
        raw = write_evt3(Path(folder, "fan.raw"), events=EVENTS, rate=RATE)
        dat = write_dat(Path(folder, "fan.dat"), events=EVENTS, rate=RATE)
        long = write_evt3(Path(folder, "long.raw"), events=1_200_000, rate=RATE // 2)
    yield "synthetic-raw.png", png(frame(raw.events(), 10_000, 13_000, _by_number))
    yield "synthetic-dat.png", png(frame(dat.events(), 10_000, 10_000 + TAIL, _by_age))
    yield "synthetic-panorama.png", png(panorama(long))


def main() -> int:
    """Write the pictures."""
    IMAGES.mkdir(exist_ok=True)
    for name, data in pictures():
        (IMAGES / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
