"""`evio-data info`: everything that is known of some files."""

import argparse
import sys
from pathlib import Path

from .._collection import open_collection
from .._info import Info, describe
from .._text import columns, folded, terminal_size
from .output import frame
from .terminal import OK, show, show_json

WHOLE = ("source", "path", "homepage")  # rows to be copied: a path may have blanks
LABEL = 14  # columns of a label and the blanks around it
PICTURE = (60, 18)  # columns and lines of a terminal that a picture takes at most
NARROW = 40  # columns of a terminal: fewer have no space for labels beside texts, or pictures


def info(options: argparse.Namespace) -> int:
    """Run ``evio-data info``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    found = [describe(collection, entry) for entry in collection.registry.select(options.names)]
    if options.json:
        files = [each.to_dict() for each in found]
        show_json(frame(ok=True, cache=collection.cache.root, files=files))
        return OK
    for number, each in enumerate(found):
        show(*([""] if number else []), *_lines(each))
    return OK


def _lines(info: Info) -> list[str]:
    screen = terminal_size(sys.stdout)
    lines = [info.name]
    for label, text in info.rows():
        if screen and screen.columns < NARROW:
            whole = [f"{label}:", text] if label in WHOLE else None
            lines += whole or folded(f"{label}: {text}", screen.columns)
            continue
        lines += _beside(label, text, screen and max(screen.columns - LABEL, LABEL))
    if screen and screen.columns >= NARROW and info.header and _speaks_braille():
        lines += _picture(info.path, screen.columns, screen.lines)
    return lines


def _beside(label: str, text: str, width: int | None) -> list[str]:
    """Return a text beside its label; what is too long for that, as URLs are, has its own line.

    A terminal would break it, and what is broken cannot be copied.
    """
    head, lines = f"  {label:<12}", []
    for line in [text] if label in WHOLE else folded(text, width, hang=0):
        if width and columns(line) > width:
            lines += [head.rstrip(), line] if head.strip() else [line]
        else:
            lines.append(head + line)
        head = " " * LABEL
    return lines


def _speaks_braille() -> bool:
    return (sys.stdout.encoding or "").lower().replace("-", "") == "utf8"


def _picture(path: Path, columns: int, lines: int) -> list[str]:
    from .._recordings.picture import read_frame

    try:
        frame = read_frame(path)
    except OSError:
        return []
    if frame is None:
        return []
    width, height = min(PICTURE[0], columns - 3), max(4, min(PICTURE[1], lines // 2))
    picture = frame.to_text(width, height).splitlines()
    return ["", *(f"  {line}" for line in picture), f"  the first {frame.events:,} events"]
