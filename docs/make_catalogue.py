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
TEMPLATE = HERE / "_templates" / "catalogue.md"

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
    return TEMPLATE.read_text(encoding="utf-8").replace("{table}", "\n".join(rows))


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
