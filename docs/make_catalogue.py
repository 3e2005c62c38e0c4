#!/usr/bin/env python
"""The registry in, ``catalogue.md`` and its pictures out: ``python docs/make_catalogue.py``.

With ``--check`` nothing is written: the exit code is 1 if the page is not what it would be.
"""

import struct
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from evio_data._registry import RegistryFile, load, shipped_path
from evio_data.testing import write_dat, write_evt3
from evio_data.testing.recordings import Event

HERE = Path(__file__).parent
PAGE = HERE / "catalogue.md"
IMAGES = HERE / "images"

# As the documents of the evio-evlib project give them (2025-11): nobody has published exact ones.
DOCUMENTED = {
    "drone_idle/drone_idle.dat": ("702 MiB", "92.0 M, 10.1 s"),
    "drone_idle/drone_idle.raw": ("982 MiB", ""),
    "drone_moving/drone_moving.dat": ("1.4 GiB", ""),
    "drone_moving/drone_moving.raw": ("753 MiB", ""),
    "fan/fan_const_rpm.dat": ("202 MiB", "26.4 M, 9.5 s, about 1100 rpm"),
    "fan/fan_const_rpm.raw": ("119 MiB", "30.4 M"),
    "fan/fan_varying_rpm.dat": ("489 MiB", "64.1 M, 22.3 s"),
    "fan/fan_varying_rpm.raw": ("288 MiB", "73.4 M"),
    "fan/fan_varying_rpm_turning.dat": ("367 MiB", "48.1 M, 24.3 s"),
    "fan/fan_varying_rpm_turning.raw": ("225 MiB", "60.2 M"),
    "fred-0/events.dat": ("224 MiB", ""),
    "fred-0/events.raw": ("143 MiB", "36.1 M"),
}

# --- the page ---------------------------------------------------------------------------------

HEAD = """\
# Catalogue

<!-- Made by docs/make_catalogue.py from registry.txt: change those, and run it. -->

The recordings of the registry that comes with the package: the "Event Camera Challenge" folder
(Junction 2025, Sensofusion).
Fetch one with `evio_data.fetch("fan_const_rpm.raw")`, or several with `prefetch-datasets 'fan/*'`.

"""

NOTES = """
The sizes, events and durations are **documented, not exact**.
The evio-evlib project wrote them down in 2025; nobody has published exact ones.
`prefetch-datasets --dry-run` asks the server for the exact size of each missing file.

*unpinned* means that nobody has published a SHA-256.
The first download records the file's hash in your cache.
From then on only these bytes are accepted.

The folder holds two files called `events.dat` and two called `events.raw`.
That `fred-0` is the first pair follows from the order of the listing: it is likely, not proven.
The folder of the other pair is not known; `events-2` is our name for it.

## What such data look like

**These pictures are synthetic.**
They show the stand-ins of [`evio_data.testing`](reference.md#evio_datatesting), a computed fan of
three blades.
The real recordings were not at hand when they were made.

### .raw (EVT3)

![An event frame of a synthetic fan: three leading edges in orange, three trailing ones in blue]\
(images/synthetic-raw.png)

An event frame: all events of 3 ms of a `write_evt3` file.
The sensor has 1280 by 720 pixels; the picture is half as wide and high.
ON events (it got brighter) are orange, at the leading edges of the blades.
OFF events (it got darker) are blue, at the trailing ones.
Single dots are noise.
Where an edge runs along the rows, many pixels of a row fire at once.

### .dat

![The same fan over a longer time: bright edges with tails that fade behind them]\
(images/synthetic-dat.png)

The newest event of each pixel over 12 ms of a `write_dat` file: the older, the darker.
The tails show which way the fan turns.

Both formats carry the same four numbers for each event: time, x, y, polarity.
"""


def page(registry: RegistryFile) -> str:
    """Return the whole page."""
    rows = ["| Name | Size, documented | Events, documented | SHA-256 | Link |"]
    rows.append("|---|---|---|---|---|")
    for entry in registry.entries.values():
        size, events = DOCUMENTED.get(entry.name, ("unknown", ""))
        known = f"about {size}" if size != "unknown" else size
        state = f"`{entry.sha256[:12]}…`" if entry.sha256 else "unpinned"
        link = f"[Drive](https://drive.google.com/file/d/{entry.url.rpartition('id=')[2]}/view)"
        rows.append(f"| `{entry.name}` | {known} | {events} | {state} | {link} |")
    return HEAD + "\n".join(rows) + "\n" + NOTES


# --- the pictures -----------------------------------------------------------------------------

BACKGROUND = (16, 20, 30)
ON, OFF = (255, 158, 66), (74, 156, 255)
SHADES = 7  # of each polarity; with the background, 15 of the 16 colours of four bits
WIDTH, HEIGHT, ZOOM = 1280, 720, 2
RATE, EVENTS = 12_000_000, 300_000
TAIL = 12_000  # microseconds

Shade = Callable[[int, int], int]  # events that a dot has seen, age of the newest: 0 to SHADES


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
    yield "synthetic-raw.png", png(frame(raw.events(), 10_000, 13_000, _by_number))
    yield "synthetic-dat.png", png(frame(dat.events(), 10_000, 10_000 + TAIL, _by_age))


def _by_number(number: int, _age: int) -> int:
    return min(SHADES, 3 + number)


def _by_age(_number: int, age: int) -> int:
    return max(1, round(SHADES * (1 - age / TAIL) ** 2))


def main() -> int:
    """Write the page and its pictures; with ``--check`` only compare the page."""
    text = page(load(shipped_path()))
    if "--check" in sys.argv[1:]:
        fresh = PAGE.read_text(encoding="utf-8") == text
        print("up to date" if fresh else f"{PAGE.name} is not: run docs/make_catalogue.py")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    IMAGES.mkdir(exist_ok=True)
    for name, data in pictures():
        (IMAGES / name).write_bytes(data)
        print(f"{name}: {len(data):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
