#!/usr/bin/env python
"""Draw the layers of the package: ``python docs/make_architecture.py``."""

import sys
from pathlib import Path
from xml.sax.saxutils import escape

HERE = Path(__file__).parent
PICTURE = HERE / "images" / "architecture.svg"

# From the top: what people call, down to what everything uses. Imports lead downwards only.
LAYERS = (
    (
        "#ffd9b0",
        (
            ("_cli", "commands"),
            ("_api", "functions"),
            ("pytest_plugin", "tests"),
            ("_fsspec", "fsspec's protocol"),
            ("dask", "clusters"),
        ),
    ),
    ("#ffe6cc", (("_pytest", "what a test session needs, fetched once"),)),
    (
        "#ffe6cc",
        (
            ("_pooch", "pooch's interface"),
            ("_importing", "import by hand"),
            ("_sharing", "serve, mirror push"),
            ("_registry_tools", "scan, rebuild, pin"),
            ("_cluster", "many machines"),
        ),
    ),
    ("#f2e8ff", (("_collection", "a registry together with its cache"),)),
    ("#f2e8ff", (("_progress", "bars, widgets and log lines"),)),
    ("#d6e8ff", (("_transfer", "receive: schedule, resume, split, retry, cancel"),)),
    (
        "#d6e8ff",
        (
            ("_sources", "where bytes come from, and fail-over"),
            ("_cache", "everything on disk: stamps, partials, locks, hashes"),
        ),
    ),
    (
        "#d9f2e3",
        (
            ("_http", "one HTTP request"),
            ("_drive", "Google Drive's pages"),
            ("_registry", "registry.txt"),
            ("_recordings", "headers of recordings"),
        ),
    ),
    (
        "#e9ecf1",
        (
            ("_settings", "environment"),
            ("_files", "safe files"),
            ("_report", "outcomes"),
            ("_text", "words"),
            ("errors", "every error"),
        ),
    ),
)
ASIDE = ("testing", "DriveServer", "and synthetic", "recordings:", "imports nothing", "of the rest")

WIDTH, SIDE, HIGH, GAP = 760, 150, 54, 12


def box(place: tuple[float, float, float, float], colour: str, lines: tuple[str, ...]) -> str:
    """Return one box: its name in bold, and what it is for."""
    left, top, wide, high = place
    middle, first = left + wide / 2, top + high / 2 - 9 * (len(lines) - 1) + 5
    rows = "".join(
        f'<text x="{middle:.0f}" y="{first + 18 * number:.0f}"'
        f' class="{"name" if number == 0 else "use"}">{escape(line)}</text>'
        for number, line in enumerate(lines)
    )
    return (
        f'<rect x="{left:.0f}" y="{top:.0f}" width="{wide:.0f}" height="{high:.0f}" rx="7"'
        f' fill="{colour}" stroke="#5b6472"/>{rows}\n'
    )


def picture() -> str:
    """Return the SVG."""
    drawn = []
    for row, (colour, boxes) in enumerate(LAYERS):
        wide = (WIDTH - GAP * (len(boxes) - 1)) / len(boxes)
        for column, lines in enumerate(boxes):
            place = (30 + column * (wide + GAP), row * (HIGH + GAP) + 4, wide, HIGH)
            drawn.append(box(place, colour, lines))
    high = len(LAYERS) * (HIGH + GAP) - GAP
    drawn.append(box((30 + WIDTH + 2 * GAP, 4, SIDE, high), "#fff6d1", ASIDE))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + SIDE + 60} {high + 8}"'
        f' width="{WIDTH + SIDE + 60}" height="{high + 8}" role="img">\n'
        "<style>text{font:13px system-ui,'DejaVu Sans',sans-serif;text-anchor:middle;fill:#1c2330}"
        ".name{font-weight:bold;font-family:ui-monospace,'DejaVu Sans Mono',monospace}</style>\n"
        f'<path d="M14 8V{high - 12}" stroke="#8a93a3" stroke-width="2"/>'
        f'<path d="M8 {high - 14}h12l-6 14z" fill="#8a93a3"/>\n'
        f"{''.join(drawn)}</svg>\n"
    )


if __name__ == "__main__":
    PICTURE.write_text(picture(), encoding="utf-8")
    print(PICTURE.name)
    sys.exit(0)
