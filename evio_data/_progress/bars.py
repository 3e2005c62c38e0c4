"""Draw a block of progress bars, on a terminal or as widgets in a notebook."""

import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any, NamedTuple, TextIO

from .._text import amount, columns, cut, folded, has_colour, padded, painted, size, terminal_size

NAME_WIDTH = 32  # columns of a name beside its bar
WINDOW = 4.0  # seconds over which a rate is taken
SETTLED = 0.5  # seconds before which a rate says nothing
WIDE, NARROW = 72, 40  # columns of a terminal that can show amounts; that can show a bar
LEAST_BAR = 5  # columns; a shorter bar is left out
MAX_CLOCK = 100 * 3600  # seconds: a longer wait is not worth a number
MAX_WORDS, LEAST_WORDS = 36, 18  # characters of words beside a bar, where there is space or not
ASIDE = 3  # rows of a terminal that are never drawn on
FOLDING = 0.3  # seconds that a resized terminal gets to fold its lines


class Row(NamedTuple):
    """One bar.

    Attributes
    ----------
    label : str
    held, total : int
        Bytes that are there, and that there will be (None if nobody knows).
    rate : float or None
        Bytes a second.
    words : str
        What is to be said beside it; they take the place of rate and time.
    is_rough : bool
        Whether the total is a documented size, which is not exact.
    """

    label: str
    held: int
    total: int | None
    rate: float | None = None
    words: str = ""
    is_rough: bool = False


class Speed:
    """Bytes a second over the last `WINDOW` seconds."""

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()

    def measure(self, received: int) -> float | None:
        """Take in the bytes received so far; return the rate, or None for the first moments."""
        now = time.monotonic()
        if self._samples and received < self._samples[-1][1]:
            self._samples.clear()  # it began again
        self._samples.append((now, received))
        while now - self._samples[0][0] > WINDOW:
            self._samples.popleft()
        since, before = self._samples[0]
        return (received - before) / (now - since) if now - since >= SETTLED else None


class Block:
    """Bars on the last lines of a terminal, redrawn in place, below the lines that stay.

    Parameters
    ----------
    stream : file
        A terminal that obeys ANSI sequences.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._drawn: list[str] = []
        self._told: list[str] = []
        self._width = 0
        self._still = 0.0  # until when nothing is drawn
        self._speaks_unicode = _speaks_unicode(stream)
        self._has_colour = has_colour(stream)

    def draw(self, lines: Iterable[str], rows: Sequence[Row]) -> None:
        """Write lines that stay, and the bars anew below them; without rows, none."""
        self._told += lines
        width, height = terminal_size(self._stream) or (80, 24)
        if rows and self._is_folding(width):
            return
        text = self._back(width)
        if self._told or not rows:
            told = (part for line in self._told for part in folded(line, width))
            paint = painted if self._has_colour else str
            text += "\x1b[J" + "".join(f"{paint(part)}\n" for part in told)
            self._told = []
        self._drawn = self._rendered(rows, width - 1, max(1, height - ASIDE))
        text += "".join(f"{line}\x1b[K\n" for line in self._drawn)
        with suppress(OSError, ValueError):  # nobody reads any more: no reason to stop
            self._stream.write(text + ("\x1b[J" if rows else ""))
            self._stream.flush()

    def close(self) -> None:
        """Take the bars away."""
        if self._drawn:
            self.draw([], [])

    def _is_folding(self, width: int) -> bool:
        now = time.monotonic()
        if self._drawn and width != self._width:
            self._still = now + FOLDING
        self._width = width
        return now < self._still

    def _back(self, width: int) -> str:
        """Return the way to the block's first line; narrowed terminals have folded the lines."""
        folded = sum(max(1, -(-columns(line) // width)) for line in self._drawn)
        return f"\r\x1b[{folded}A" if folded else "\r"

    def _rendered(self, rows: Sequence[Row], width: int, height: int) -> list[str]:
        hidden = len(rows) - height
        shown = [*rows[: height - 1], rows[-1]] if hidden > 0 else rows
        widest = max((columns(row.label) for row in shown), default=0)
        return [_rendered(row, widest, width, self._speaks_unicode) for row in shown]


def _rendered(row: Row, widest: int, width: int, speaks_unicode: bool) -> str:  # noqa: FBT001
    mark = "…" if speaks_unicode else ".."
    percent = f"{100 * min(row.held, row.total) // row.total:>3d}%" if row.total else "    "
    if width < NARROW:
        return f"{padded(cut(row.label, width - 5, mark=mark), min(widest, width - 5))} {percent}"
    label_width = min(widest, NAME_WIDTH, width // 3)
    label = padded(cut(row.label, label_width, mark=mark), label_width)
    beside = _beside(row, is_wide=width >= WIDE)
    head = f"{label} {percent}"
    length = width - columns(head) - columns(beside) - 3  # "|", "|" and a blank
    bar = _bar(row, length, speaks_unicode) if length >= LEAST_BAR else " " * (length + 2)
    whole = f"{head}{bar} {beside}"
    while columns(whole) > width:
        whole = whole[:-1]
    return whole


def _beside(row: Row, *, is_wide: bool) -> str:
    words = _clipped(row.words, MAX_WORDS if is_wide else LEAST_WORDS)
    left = clock(max(0, row.total - row.held) / row.rate) if row.total and row.rate else "-:--"
    if not is_wide:
        return words or f"{left:>7}"
    total = " " * 9
    if row.total is not None:
        total = f"/{amount(None, row.total) if row.is_rough else size(row.total):>8}"
    rate = f"{size(row.rate)}/s" if row.rate is not None else ""
    return f"{size(row.held):>8}{total}  {words or f'{rate:>10} {left:>7}':<18}"


def _clipped(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 2].rstrip() + ".."


def _bar(row: Row, length: int, speaks_unicode: bool) -> str:  # noqa: FBT001
    from tqdm import tqdm

    if not row.total:
        return f"|{' ' * length}|"
    inside: str = tqdm.format_meter(
        min(row.held, row.total), row.total, 0, ncols=length, bar_format="{bar}",
        ascii=not speaks_unicode,
    )  # fmt: skip
    return f"|{inside}|"


def clock(seconds: float) -> str:
    """Return a time that is left as a clock shows it.

    >>> clock(9), clock(75), clock(3700), clock(1e9)
    ('0:09', '1:15', '1:01:40', '-:--')
    """
    if seconds >= MAX_CLOCK:
        return "-:--"
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _speaks_unicode(stream: TextIO) -> bool:
    try:
        "█▏…".encode(stream.encoding or "ascii")
    except (UnicodeError, LookupError):
        return False
    return True


class Widgets:
    """Bars of tqdm's own: in a notebook, and on consoles that may not obey ANSI sequences.

    Parameters
    ----------
    stream : file or None
    """

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._bars: dict[str, Any] = {}

    def draw(self, lines: Iterable[str], rows: Sequence[Row]) -> None:
        """Write lines, and bring the bars to where the rows say."""
        self._tell(list(lines))
        for place, row in enumerate(rows):
            key = row.label if place < len(rows) - 1 else ""  # the last one is of all files
            self._show(key, row)
        labels = {row.label for row in rows[:-1]} | {""} if rows else set()
        for key in self._bars.keys() - labels:
            self._remove(key)

    def close(self) -> None:
        """Take the bars away."""
        self.draw([], [])

    def _show(self, key: str, row: Row) -> None:
        bar = self._bars.get(key)
        if bar is not None and (row.held < bar.n or row.total != bar.total):
            self._remove(key)  # a widget that has been shown takes no other total
        if key not in self._bars:
            self._bars[key] = self._new(row)
        bar = self._bars[key]
        bar.set_description_str(cut(row.label, NAME_WIDTH), refresh=False)
        bar.set_postfix_str(row.words, refresh=False)
        bar.update(row.held - bar.n)

    def _remove(self, key: str) -> None:
        bar = self._bars.pop(key)
        bar.total = None  # below its total, a notebook's bar would stay, in red
        bar.close()

    def _new(self, row: Row) -> Any:
        from tqdm.auto import tqdm

        return tqdm(
            initial=row.held,
            total=row.total,
            file=self._stream,
            leave=False,
            unit="iB",
            unit_scale=True,
            unit_divisor=1024,
            dynamic_ncols=True,
            miniters=0,
        )

    def _tell(self, lines: list[str]) -> None:
        if not lines:
            return
        from tqdm.auto import tqdm

        for line in lines:
            tqdm.write(line, file=self._stream)
