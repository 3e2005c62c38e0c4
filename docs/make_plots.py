#!/usr/bin/env python
"""Draw the plots of ``benchmarks.md`` from its own tables: ``python docs/make_plots.py``.

With ``--check`` nothing is written: the exit code is 1 if a plot is not what it would be.
"""

import math
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
PAGE = HERE / "benchmarks.md"
IMAGES = HERE / "images"


class Plot(NamedTuple):
    """One plot: the table it shows, by heading and column, and how it is labelled."""

    file: str
    heading: str
    column: str
    title: str
    logarithmic: bool = False
    below: str = ""  # a line below the heading, above the table


PLOTS = (
    Plot("cold.svg", "Cold:", "whole process s", "1 GiB fetched, checked and stored: seconds"),
    Plot(
        "warm.svg", "Warm:", "s a call", "The same file again: seconds a call (logarithmic)", True
    ),
    Plot("bulk.svg", "Bulk:", "whole process s", "14 files over 3 connections: seconds"),
    Plot(
        "small.svg",
        "Small:",
        "whole process s",
        "5,000 files of 10 KiB over 3 connections: seconds",
        below="\n3 connections:",
    ),
)


class Bar(NamedTuple):
    """One row of a table."""

    label: str
    value: float
    shown: str
    ours: bool


def bars(page: str, plot: Plot) -> list[Bar]:
    """Return the rows of the first table below a heading, the smallest value first."""
    part = page.partition(f"\n## {plot.heading}")[2].partition(plot.below or "\n")[2]
    table = re.search(r"(?m)^\| Tool .*\n(?:\|.*\n)+", part)
    if table is None:
        sys.exit(f"{PAGE.name} has no table below {plot.heading!r}")
    heads, _, *rows = ([cell.strip() for cell in line.strip("| ").split(" | ")]
                       for line in table[0].splitlines())  # fmt: skip
    place = heads.index(plot.column)
    found = [_bar(row[0], row[place]) for row in rows if "nothing verified" not in row[0]]
    return sorted(found, key=lambda bar: bar.value)


def _bar(label: str, cell: str) -> Bar:
    shown = cell.partition(" ")[0]
    return Bar(label.replace("**", ""), float(shown), shown, label.startswith("**"))


WIDE, HIGH, LEFT, RIGHT = 800, 24, 390, 80


def picture(plot: Plot, rows: list[Bar]) -> str:
    """Return the SVG of a plot."""
    high = 40 + HIGH * len(rows) + 8
    lengths = _lengths([bar.value for bar in rows], plot.logarithmic)
    numbered = enumerate(zip(rows, lengths, strict=True))
    drawn = "".join(_row(bar, length, 40 + HIGH * number) for number, (bar, length) in numbered)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {high}" width="{WIDE}"'
        f' height="{high}" role="img">\n<style>text{{font:13px system-ui,\'DejaVu Sans\','
        "sans-serif;fill:#1c2330}.title,.ours{font-weight:bold}</style>\n"
        f'<rect width="{WIDE}" height="{high}" rx="8" fill="#ffffff"/>\n'
        f'<text class="title" x="16" y="24">{escape(plot.title)}</text>\n{drawn}</svg>\n'
    )


def _lengths(values: list[float], logarithmic: bool) -> Iterator[float]:  # noqa: FBT001
    span, least, most = WIDE - LEFT - RIGHT, values[0] / 3, values[-1]
    for value in values:
        if logarithmic:
            yield span * math.log(value / least) / math.log(most / least)
        else:
            yield span * value / most


def _row(bar: Bar, length: float, top: int) -> str:
    style = ' class="ours"' if bar.ours else ""
    colour = "#f08a24" if bar.ours else "#8fb3dd"
    return (
        f'<text{style} x="{LEFT - 10}" y="{top + 16}" text-anchor="end">{escape(bar.label)}</text>'
        f'<rect x="{LEFT}" y="{top + 4}" width="{length:.1f}" height="16" rx="2" fill="{colour}"/>'
        f'<text{style} x="{LEFT + length + 6:.1f}" y="{top + 16}">{bar.shown}</text>\n'
    )


def main() -> int:
    """Write the plots; with ``--check`` only compare them."""
    page = PAGE.read_text(encoding="utf-8")
    stale = []
    for plot in PLOTS:
        drawn, file = picture(plot, bars(page, plot)), IMAGES / plot.file
        if "--check" not in sys.argv[1:]:
            file.write_text(drawn, encoding="utf-8")
        elif not file.exists() or file.read_text(encoding="utf-8") != drawn:
            stale.append(plot.file)
    print(f"not up to date: {', '.join(stale)}" if stale else "up to date")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
