#!/usr/bin/env python
"""Write ``catalogue.md`` from the registry: ``python docs/make_catalogue.py``.

With ``--check`` nothing is written: the exit code is 1 if the page is not what it would be.
"""

import sys
from pathlib import Path

from evio_data._registry.parser import load, shipped_path
from evio_data._registry.registry import RegistryIndex

HERE = Path(__file__).parent
PAGE = HERE / "catalogue.md"

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
Fetch one with `evio_data.fetch("fan_const_rpm.raw")`, or several with `evio-data prefetch 'fan/*'`.

"""

NOTES = """
The sizes, events and durations are **documented, not exact**.
The evio-evlib project wrote them down in 2025; nobody has published exact ones.
`evio-data prefetch --dry-run` asks the server for the exact size of each missing file.

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


def page(registry: RegistryIndex) -> str:
    """Return the whole page."""
    rows = ["| Name | Size, documented | Events, documented | SHA-256 | Link |"]
    rows.append("|---|---|---|---|---|")
    for entry in registry.entries.values():
        size, events = DOCUMENTED.get(entry.name, ("unknown", ""))
        known = f"about {size}" if size != "unknown" else size
        state = f"`{entry.hash[:12]}…`" if entry.hash else "unpinned"
        link = f"[Drive](https://drive.google.com/file/d/{entry.url.rpartition('id=')[2]}/view)"
        rows.append(f"| `{entry.name}` | {known} | {events} | {state} | {link} |")
    return HEAD + "\n".join(rows) + "\n" + NOTES


def main() -> int:
    """Write the page; with ``--check`` only compare it."""
    text = page(load(shipped_path()))
    if "--check" in sys.argv[1:]:
        fresh = PAGE.read_text(encoding="utf-8") == text
        print("up to date" if fresh else f"{PAGE.name} is not: run docs/make_catalogue.py")
        return 0 if fresh else 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
