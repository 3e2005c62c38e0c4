"""Show the progress of a run: bars on a terminal and in notebooks, log lines elsewhere."""

import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, TextIO

from .._text import duration, plural, size
from .bars import Block, Row, Speed, Widgets

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._report import Outcome
    from .._transfer.jobs import Run
    from .._transfer.listener import TransferState

ALIKE = 5  # failures with the same words that get a line each
SPOKEN = 0.5  # seconds that words stay beside a bar at least; they stay until bytes come
LINE_EVERY = 30.0  # seconds between two lines about the whole, where no bars can be drawn
DRAW_EVERY = 0.1  # seconds between two drawings


def screen(*, quiet: bool = False, stream: TextIO | None = None) -> "Bars | Lines":
    """Return what suits the stream (standard error): bars, or lines where bars make no sense."""
    stream = stream or sys.stderr
    if quiet:
        return Lines(stream, dated=False, chatty=False)
    if _in_notebook():
        return Bars(Widgets(None)) if _has_widgets() else Lines(stream, dated=False)
    if stream is None or not _can_draw(stream):
        return Lines(stream)
    return Bars(Widgets(stream) if os.name == "nt" else Block(stream))


def _can_draw(stream: TextIO) -> bool:
    try:
        return stream.isatty() and os.environ.get("TERM") != "dumb"
    except ValueError:  # closed
        return False


def _in_notebook() -> bool:
    # As tqdm.auto decides, without importing it: that a kernel is installed says nothing.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and "IPKernelApp" in shell.config


def _has_widgets() -> bool:
    from importlib.util import find_spec

    return find_spec("ipywidgets") is not None


def ended_line(outcome: "Outcome") -> str:
    """Return one line on what became of a file.

    >>> from evio_data import Outcome
    >>> ended_line(Outcome("fan.raw", "fetched", size=2**20, received=2**20, seconds=2.0))
    'fan.raw: 1.00 MiB in 2.0 s (512 KiB/s), verified'
    """
    if outcome.error is not None:
        return f"{outcome.name}: failed: {outcome.error.message}"
    if outcome.status != "fetched":
        return f"{outcome.name}: {outcome.status}"
    whole, kept = outcome.size or 0, ""
    amount = size(whole)
    if outcome.resumed and outcome.received < whole:
        amount, kept = f"{amount}: {size(outcome.received)}", ", the rest resumed"
    elif outcome.resumed:
        kept = f", {size(outcome.resumed)} of it kept by resuming"
    rate = f" ({size(outcome.received / outcome.seconds)}/s)" if outcome.seconds else ""
    return f"{outcome.name}: {amount} in {duration(outcome.seconds)}{rate}{kept}, {outcome.verdict}"


class Totals(NamedTuple):
    """Files and bytes over a whole run.

    Attributes
    ----------
    files, ended : int
    bytes, total : int
        Bytes that are there, and that there will be, as far as known.
    sized : bool
        Whether ``total`` counts every file.
    moved : int
        Bytes that this run has received, which is what the rate is of.
    is_rough : bool
        Whether documented sizes, which are not exact, are part of ``total``.
    """

    files: int
    ended: int = 0
    bytes: int = 0
    total: int = 0
    sized: bool = True
    moved: int = 0
    is_rough: bool = False

    @property
    def label(self) -> str:
        """How many files have ended, in words."""
        return f"{self.ended} of {plural(self.files, 'file')}"


def totals(state: "TransferState") -> Totals:
    """Return how far the engine is."""
    moved = state.received
    outcomes = dict(state.outcomes)
    runs = {run.name: run for run in list(state.runs) if run.name not in outcomes}
    there, whole, sized, rough = sum(_held(run) for run in runs.values()), 0, True, False
    for job in state.jobs:
        outcome = outcomes.get(job.entry.name)
        if outcome is not None:
            length = (outcome.size or 0) if outcome.status != "failed" else 0
            there += length
        else:
            run = runs.get(job.entry.name)
            known = (run.download.total if run else None) or job.size
            rough = rough or (known is None and job.entry.about is not None)
            known = known if known is not None else job.entry.about
            sized = sized and known is not None
            length = known or 0
        whole += length
    return Totals(len(state.jobs), len(outcomes), there, whole, sized, moved, rough)


def _ending(run: "Run") -> str:
    return "verifying" if run.job.entry.hash else "hashing"


def _held(run: "Run") -> int:
    return run.download.received


class _Words:
    """What was said, from any thread, told once and in order by one thread."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._told: set[tuple[str | None, str]] = set()
        self._latest: dict[str | None, tuple[float, str]] = {}

    def message(self, name: str | None, text: str) -> None:
        short = text.partition(";")[0]
        self._latest[name] = (time.monotonic(), short)
        what = (name, short)
        if what not in self._told:  # a line that breaks every second shall not fill the screen
            self._told.add(what)
            self.tell(f"{name}: {text}" if name else text)

    def tell(self, line: str) -> None:
        self._waiting.append(line)

    def lines(self) -> Iterable[str]:
        while self._waiting:
            yield self._waiting.popleft()

    def latest(self, name: str | None) -> tuple[float, str]:
        return self._latest.get(name, (0.0, ""))


class _Screen:
    """What both kinds have: words, what has ended, and how long the ``with`` has lasted."""

    def __init__(self) -> None:
        self._words = _Words()
        self._told = Counter[str]()  # failures by what they say
        self._began = time.monotonic()
        self.seconds = 0.0
        self.outcomes: dict[str, Outcome] = {}
        self.tells_failures = True  # at once, in a line

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began
        self._close()

    def message(self, name: str | None, text: str) -> None:
        """Show words about one file, or about all."""
        self._words.message(name, text)

    def waiting(self, name: str | None, text: str) -> None:
        """Show words about a wait."""
        self.message(name, text)

    def finished(self, outcome: "Outcome") -> None:
        """Keep what became of a file, and show a line for one that has come or failed."""
        self.outcomes[outcome.name] = outcome
        if outcome.status == "fetched" or (outcome.status == "failed" and self._tells(outcome)):
            self._words.tell(ended_line(outcome))

    def _tells(self, outcome: "Outcome") -> bool:
        """Say whether a failure is worth a line: what happens to all is said of some."""
        message = outcome.error.message if outcome.error else ""
        self._told[message] += 1
        return self.tells_failures and self._told[message] <= ALIKE

    def _close(self) -> None:
        """Clear away what was drawn."""


class Canvas(Protocol):
    """Whatever bars are drawn on."""

    def draw(self, lines: Iterable[str], rows: "Sequence[Row]") -> None:
        """Write lines that stay, and the bars anew; the last row is of all files."""

    def close(self) -> None:
        """Take the bars away."""


class Bars(_Screen):
    """One bar a running file, and one for all of them.

    Workers only leave words; everything is drawn by the thread that calls `tick`.

    Parameters
    ----------
    canvas : Canvas
    """

    def __init__(self, canvas: Canvas) -> None:
        super().__init__()
        self._canvas = canvas
        self._speeds: dict[str | None, Speed] = {}
        self._shown: dict[str | None, tuple[float, int]] = {}  # words: when said, at which byte
        self._drawn = 0.0

    def _close(self) -> None:
        self._canvas.draw(self._words.lines(), [])
        self._canvas.close()

    def message(self, name: str | None, text: str) -> None:
        """Show words beside the file's bar, and once as a line."""
        self._words.message(name, text)

    def started(self, run: "Run") -> None:
        """Nothing: the next `tick` sees it."""

    def refresh(self, state: "TransferState") -> None:
        """Draw."""
        if not self._is_due():
            return
        rows = [self._row(run) for run in list(state.runs)]
        if len(state.jobs) != 1 or not rows:
            # A connection that works on a file and receives nothing checks what is there.
            words = "" if rows or not state.working else "hashing what is on disk"
            rows.append(self._overall(totals(state), words))
        self._canvas.draw(self._words.lines(), rows)

    def hashing(self, done: Totals) -> None:
        """Draw how far a check of files is."""
        self.overall(f"hashing {plural(done.files, 'file')}", done)

    def overall(self, label: str, done: Totals) -> None:
        """Draw how far something is that has one bar only."""
        if self._is_due():
            rate = self._speed("").measure(done.moved)
            self._canvas.draw(self._words.lines(), [Row(label, done.bytes, done.total, rate)])

    def _is_due(self) -> bool:
        now = time.monotonic()
        due = now - self._drawn >= DRAW_EVERY
        self._drawn = now if due else self._drawn
        return due

    def _row(self, run: "Run") -> Row:
        words = self._beside(run.name, run.download.fetched)
        words = _ending(run) if run.finishing else words
        rate = self._speed(run.name).measure(run.download.fetched)
        return Row(run.name, _held(run), run.download.total, rate, words)

    def _overall(self, done: Totals, words: str) -> Row:
        rate = self._speed(None).measure(done.moved)
        total = done.total if done.sized else None
        words = words or self._beside(None, done.moved)
        return Row(done.label, done.bytes, total, rate, words, done.is_rough)

    def _beside(self, name: str | None, moved: int) -> str:
        """Return the last words on a file, until bytes have come after them."""
        said, text = self._words.latest(name)
        if name not in self._shown or self._shown[name][0] != said:
            self._shown[name] = said, moved
        has_moved = moved > self._shown[name][1]
        return "" if has_moved and time.monotonic() - said >= SPOKEN else text

    def _speed(self, name: str | None) -> Speed:
        return self._speeds.setdefault(name, Speed())


class Lines(_Screen):
    """Lines for a log.

    Parameters
    ----------
    stream : file or None
    dated : bool
        Put date and time before each line.
    chatty : bool
        Tell what happens on the way, and every half minute how far things are.
    """

    def __init__(self, stream: TextIO | None, *, dated: bool = True, chatty: bool = True) -> None:
        super().__init__()
        self._stream = stream
        self._dated = dated
        self._chatty = chatty
        self._last = time.monotonic()
        self._last_moved = 0
        self._lock = threading.Lock()

    def _close(self) -> None:
        self._tell()

    def message(self, name: str | None, text: str) -> None:
        """Write words, once."""
        if self._chatty:
            self.waiting(name, text)

    def waiting(self, name: str | None, text: str) -> None:
        """Write words about a wait, also in a quiet run: nobody shall wait without knowing why."""
        self._words.message(name, text)
        self._tell()

    def started(self, run: "Run") -> None:
        """Write that a file is being received; of a resumed one the engine has said so."""
        if self._chatty and not _held(run):
            self._words.tell(f"{run.name}: receiving")
            self._tell()

    def finished(self, outcome: "Outcome") -> None:
        """Write a line for a file that has come or failed."""
        super().finished(outcome)
        self._tell()

    def refresh(self, state: "TransferState") -> None:
        """Write now and then how far things are."""
        if self._is_due():
            done = totals(state)
            self._progress(done.label, done)

    def hashing(self, done: Totals) -> None:
        """Write now and then how far a check of files is."""
        self.overall(f"hashing {plural(done.files, 'file')}", done)

    def overall(self, label: str, done: Totals) -> None:
        """Write now and then how far something is."""
        if self._is_due():
            self._progress(label, done)

    def _is_due(self) -> bool:
        return self._chatty and time.monotonic() - self._last >= LINE_EVERY

    def _progress(self, label: str, done: Totals) -> None:
        now = time.monotonic()
        rate = max(0, done.moved - self._last_moved) / (now - self._last)
        self._last, self._last_moved = now, done.moved
        self._words.tell(progress_line(label, done, rate))
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            for line in self._words.lines():
                self._write(line)

    def _write(self, line: str) -> None:
        if self._stream is None:
            return
        stamp = time.strftime("%Y-%m-%d %H:%M:%S ") if self._dated else ""
        with suppress(OSError, ValueError):  # nobody reads any more: no reason to stop
            self._stream.write(f"{stamp}{line}\n")
            self._stream.flush()


def progress_line(label: str, done: Totals, rate: float) -> str:
    """Return a line on how far things are.

    >>> done = Totals(14, ended=2, bytes=3 * 2**20, total=12 * 2**20)
    >>> progress_line(done.label, done, 2.0**20)
    '2 of 14 files, 3.00 MiB of 12.0 MiB, 1.00 MiB/s, 9.0 s left'
    """
    parts = [label, size(done.bytes)]
    if done.sized:
        parts[1] += f" of {'~' if done.is_rough else ''}{size(done.total)}"
    parts.append(f"{size(rate)}/s")
    if done.sized and rate:
        parts.append(f"{duration(max(0, done.total - done.bytes) / rate)} left")
    return ", ".join(parts)
