"""Format numbers, and clean foreign text for display."""

import os
import re
from collections.abc import Iterable, Sequence
from typing import TextIO
from unicodedata import combining, east_asian_width

KIB = 1024  # bytes
_SECRET = re.compile(
    r"([?&](?:key|uuid|at|confirm|sig|signature|password|[a-z_-]*token|x-(?:amz|goog)-[a-z-]+)=)"
    r"[^&\s'\"]+",
    re.IGNORECASE,
)
_AUTHORITY = re.compile(r"[^/?#]*").match
MAX_NAME_SHOWN = 60  # characters of a name or URL that is quoted
MAX_QUOTED = 200  # characters of foreign text that one message may hold


def clean(text: str, limit: int = MAX_QUOTED) -> str:
    """Return foreign text on one line, without secrets or unprintable characters, cut to ``limit``.

    Unprintable are control characters, so that no terminal obeys them, and invisible ones, so that
    nothing looks like something else.

    >>> clean("bad\\x1b[31m name\\n?key=SECRET")
    'bad [31m name ?key=…'
    """
    text = text[: 8 * limit]
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    line = " ".join(map(_without_password, _SECRET.sub(r"\1…", line).split(" ")))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _without_password(word: str) -> str:
    """Return a word without the name and password that a URL in it has.

    They may hold a / or a # that nobody has quoted: then all up to the last @ is hidden, unless
    a host with a dot comes first, whose path may have an @.
    """
    start, mark, rest = word.partition("://")
    if "@" not in rest:
        return word
    found = _AUTHORITY(rest)
    authority = found[0] if found else ""
    user, at, host = authority.rpartition("@")
    name, _, port = host.partition(":")
    is_host = "." in name or name == "localhost" or name.startswith("[")
    if "@" in rest[len(authority) :] and not (is_host and (port.isdigit() or not port)):
        return f"{start}{mark}…@{rest.rpartition('@')[2]}"
    return f"{start}{mark}…@{rest[len(user) + 1 :]}" if at else word


def size(count: float) -> str:
    """Return a number of bytes with a binary unit and three digits.

    >>> size(0), size(1023), size(1536), size(1487 * 2**20)
    ('0 B', '1023 B', '1.50 KiB', '1.45 GiB')
    """
    if count < KIB:
        return f"{count:.0f} B"
    for unit in ("KiB", "MiB", "GiB"):
        count /= KIB
        if count < 999.5:
            return f"{count:.{2 if count < 9.995 else 1 if count < 99.95 else 0}f} {unit}"
    return f"{count / KIB:.2f} TiB"


def amount(exact: int | None, about: int | None) -> str:
    """Return a size in words: exact, documented (``~``), or unknown.

    >>> amount(2**20, None), amount(None, 2**20), amount(None, None)
    ('1.00 MiB', '~1.00 MiB', '?')
    """
    if exact is not None:
        return size(exact)
    return f"~{size(about)}" if about is not None else "?"


def duration(seconds: float) -> str:
    """Return a time span as people say it.

    >>> duration(0.42), duration(59.9), duration(61), duration(7322)
    ('0.4 s', '60 s', '1 min 01 s', '2 h 02 min')
    """
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole <= 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun.

    >>> plural(1, "file"), plural(3, "file")
    ('1 file', '3 files')
    """
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


LEAST_WIDTH = 12  # columns; in fewer, words are not kept whole


def terminal_size(stream: TextIO | None) -> os.terminal_size | None:
    """Return the columns and lines of a stream; None if it is no terminal."""
    try:
        found = os.get_terminal_size(stream.fileno())  # type: ignore[union-attr]
    except (OSError, ValueError, AttributeError):
        return None
    return os.terminal_size((found.columns or 80, found.lines or 24))


def width_of(stream: TextIO | None) -> int | None:
    """Return the columns of a stream; None if it is no terminal."""
    size = terminal_size(stream)
    return size.columns if size else None


def has_colour(stream: TextIO | None) -> bool:
    """Say whether a stream is a terminal that shows colours, and NO_COLOR does not forbid them."""
    is_plain = os.environ.get("NO_COLOR") or os.environ.get("TERM", "dumb") == "dumb"
    return not is_plain and terminal_size(stream) is not None and os.name != "nt"


def painted(line: str) -> str:
    """Return a line with the word that tells of an error in red, or of a warning in yellow.

    >>> painted("error: no such file."), painted("warning: slow"), painted("a.raw: fine")
    ('\\x1b[1;31merror:\\x1b[0m no such file.', '\\x1b[33mwarning:\\x1b[0m slow', 'a.raw: fine')
    """
    return _ALARM.sub(lambda found: f"\x1b[{_COLOURS[found[0][0]]}m{found[0]}\x1b[0m", line)


_ALARM = re.compile(r"^(?:error:|warning:|Failed, [^(]*(?= \()|refused:)|(?<=: )failed:")
_COLOURS = {"e": "1;31", "w": "33", "F": "1;31", "r": "1;31", "f": "1;31"}  # red, yellow


def folded(text: str, width: int | None, *, hang: int = 2) -> list[str]:
    """Return the lines of a text, folded between words to a width; None is no limit.

    >>> folded("the connection was reset, trying again", 25)
    ['the connection was reset,', '  trying again']
    """
    if width is None:
        return text.split("\n")
    return [part for line in text.split("\n") for part in _parts(line, width, hang) or [""]]


def _parts(line: str, width: int, hang: int) -> list[str]:
    from textwrap import wrap

    return wrap(
        line,
        max(width, LEAST_WIDTH),
        subsequent_indent=" " * hang,
        break_long_words=False,  # a path that is cut cannot be copied
        break_on_hyphens=False,
    )


def columns(text: str) -> int:
    """Return how many columns of a terminal a text takes.

    >>> columns("fan.raw"), columns("扇.raw"), columns("u\u0308.raw")
    (7, 6, 5)
    """
    if text.isascii():
        return len(text)
    return sum(_columns(character) for character in text)


def _columns(character: str) -> int:
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def cut(text: str, width: int, *, mark: str = "…") -> str:
    """Return a text that takes at most ``width`` columns; of a long one, its end is kept.

    >>> cut("fan/fan_const_rpm.raw", 14), cut("fan.raw", 14), cut("fan.raw", 0)
    ('…const_rpm.raw', 'fan.raw', '')
    """
    if columns(text) <= width:
        return text
    left = width - columns(mark)
    if left <= 0:
        return ""
    kept = text[-left:]
    while columns(kept) > left:
        kept = kept[1:]
    return mark + kept


def padded(text: str, width: int) -> str:
    """Return a text with blanks after it, to ``width`` columns.

    >>> padded("扇", 4) + "|"
    '扇  |'
    """
    return text + " " * (width - columns(text))


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return the lines of a table, each column as wide as its widest cell.

    >>> aligned([("fan.raw", "fetched"), ("a.raw", "failed", "gone")])
    ['fan.raw  fetched', 'a.raw    failed   gone']
    """
    places = range(max(map(len, rows), default=0))
    widths = [max(columns(row[place]) for row in rows if place < len(row)) for place in places]
    return ["  ".join(map(padded, row, widths)).rstrip() for row in rows]


def html_table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return an HTML table of texts, as notebooks show it.

    >>> html_table(["Name"], [["<a>.raw"]])[-68:]
    '<td style="text-align: left">&lt;a&gt;.raw</td></tr></tbody></table>'
    """
    inside = "".join(_html_row(row, "td") for row in rows)
    return f"<table><thead>{_html_row(head, 'th')}</thead><tbody>{inside}</tbody></table>"


def _html_row(cells: Iterable[str], tag: str) -> str:
    from html import escape

    opening = f'<{tag} style="text-align: left">'  # notebooks would set them to the right
    return f"<tr>{''.join(f'{opening}{escape(cell)}</{tag}>' for cell in cells)}</tr>"


def quoted(text: str) -> str:
    """Return text in quotation marks, cut where it is long."""
    return repr(text if len(text) <= MAX_NAME_SHOWN else text[: MAX_NAME_SHOWN - 1] + "…")
