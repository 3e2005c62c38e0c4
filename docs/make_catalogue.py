#!/usr/bin/env python
"""Write ``catalogue.md`` from the registry: ``python docs/make_catalogue.py``.

With ``--check`` nothing is written: the exit code is 1 if the page is not what it would be.
"""

import sys
from pathlib import Path

from evio_data._registry.parser import load, shipped_path
from evio_data._registry.registry import RegistryIndex
from evio_data._text import size

HERE = Path(__file__).parent
PAGE = HERE / "catalogue.md"
TEMPLATE = HERE / "_templates" / "catalogue.md"


def page(registry: RegistryIndex) -> str:
    """Return the whole page."""
    rows = ["| Name | Size, documented | Events, documented | SHA-256 | Link |"]
    rows.append("|---|---|---|---|---|")
    for entry in registry.entries.values():
        known = f"about {size(entry.about)}" if entry.about is not None else "unknown"
        said = (registry.fact(kind, entry.name) for kind in ("events", "note"))
        events = ", ".join(filter(None, said))
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
