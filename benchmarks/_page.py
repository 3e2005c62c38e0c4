"""Put what was measured into the page of the documents, and draw its plots again."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

DOCS = Path(__file__).resolve().parents[1] / "docs"
HEAD = "How it was measured"


class Page:
    """A page whose sections are replaced, one by one, by those that were measured.

    Parameters
    ----------
    path : Path
    order : sequence of str
        What headings begin with, in the order of the page.
    """

    def __init__(self, path: Path, order: Sequence[str]) -> None:
        self._path = path
        self._order = [_key(each) for each in (HEAD, *order)]

    def put(self, text: str) -> None:
        """Put a section, ``## Title`` and all, in the place of the one with the same title."""
        first, *sections = re.split(r"(?m)^## ", self._path.read_text(encoding="utf-8"))
        found = {_key(section): section for section in sections}
        new = text.partition("## ")[2]
        found[_key(new)] = new
        known = [found.pop(key) for key in self._order if key in found]
        whole = "".join(f"## {each.strip()}\n\n" for each in (*known, *found.values()))
        self._path.write_text(f"{first}{whole}".rstrip() + "\n", encoding="utf-8")

    def draw(self) -> None:
        """Draw the plots from the tables."""
        subprocess.run([sys.executable, str(DOCS / "make_plots.py")], check=True)


def _key(section: str) -> str:
    return section.partition("\n")[0].partition(":")[0].strip().casefold()
