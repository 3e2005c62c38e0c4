"""What the engine does, drawn: bars on a terminal and in notebooks, dated lines elsewhere."""

import sys
import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Self, TextIO

from ._wording import duration, plural, size

if TYPE_CHECKING:
    from ._prefetch import Engine, Run
    from ._report import Outcome

NAME_WIDTH = 32  # characters of a name beside its bar
_WIDEST_COUNT = "14 of 14 files"
SPOKEN = 8.0  # seconds that words stay beside a bar
LINE_EVERY = 30.0  # seconds between two lines about the whole, where no bars can be drawn
DRAW_EVERY = 0.1  # seconds between two drawings of a bar


def screen(*, quiet: bool = False, stream: TextIO | None = None) -> "Bars | Lines":
    """Return what suits the stream (standard error): bars, or lines where bars make no sense."""
    stream = stream or sys.stderr
    if quiet:
        return Lines(stream, dated=False, chatty=False)
    return Bars(stream) if _can_draw(stream) else Lines(stream)


def _can_draw(stream: TextIO | None) -> bool:
    if "ipykernel" in sys.modules:
        return True
    try:
        return stream is not None and stream.isatty()
    except ValueError:  # closed
        return False


def ended_line(outcome: "Outcome") -> str:
    """Return one line on what became of a file.

    >>> from evio_data import Outcome
    >>> ended_line(Outcome("fan.raw", "fetched", size=2**20, received=2**20, seconds=2.0))
    'fan.raw: 1.00 MiB in 2.0 s (512 KiB/s), verified'
    """
    if outcome.status == "failed":
        return f"{outcome.name}: failed"
    if outcome.status == "present":
        return f"{outcome.name}: present"
    rate = f" ({size(outcome.received / outcome.seconds)}/s)" if outcome.seconds else ""
    kept = f", {size(outcome.resumed)} were here already" if outcome.resumed else ""
    return (
        f"{outcome.name}: {size(outcome.size or 0)} in {duration(outcome.seconds)}{rate}"
        f"{kept}, verified"
    )


class Totals:
    """Files and bytes over a whole run, read off the engine."""

    def __init__(self, engine: "Engine") -> None:
        outcomes = dict(engine.outcomes)
        runs = {run.name: run for run in list(engine.runs) if run.name not in outcomes}
        self.files = len(engine.jobs)
        self.ended = len(outcomes)
        self.bytes = sum(_held(run) for run in runs.values())
        self.total = 0
        self.sized = True
        for job in engine.jobs:
            outcome = outcomes.get(job.entry.name)
            if outcome is not None:
                there = (outcome.size or 0) if outcome.status != "failed" else 0
                self.bytes += there
                self.total += there
                continue
            run = runs.get(job.entry.name)
            known = (run.download.total if run else None) or job.size
            self.total += known or 0
            self.sized = self.sized and known is not None


def _held(run: "Run") -> int:
    return run.download.partial.received


class _Words:
    """What was said, from any thread, told once and in order by one thread."""

    def __init__(self) -> None:
        self._waiting: deque[str] = deque()
        self._told: set[tuple[str | None, str]] = set()
        self._latest: dict[str, tuple[float, str]] = {}

    def say(self, name: str | None, text: str) -> None:
        if name is not None:
            self._latest[name] = (time.monotonic(), text)
        what = (name, text.partition(";")[0])
        if what not in self._told:  # a line that breaks every second shall not fill the screen
            self._told.add(what)
            self.tell(f"{name}: {text}" if name else text)

    def tell(self, line: str) -> None:
        self._waiting.append(line)

    def lines(self) -> Iterable[str]:
        while self._waiting:
            yield self._waiting.popleft()

    def beside(self, name: str) -> str:
        said, text = self._latest.get(name, (0.0, ""))
        return text if time.monotonic() - said < SPOKEN else ""


class _Screen:
    """What both kinds have: a stream, words, and how long the ``with`` has lasted."""

    def __init__(self, stream: TextIO | None) -> None:
        self._stream = stream
        self._words = _Words()
        self._began = time.monotonic()
        self.seconds = 0.0

    def __enter__(self) -> Self:
        self._began = time.monotonic()
        return self

    def __exit__(self, *_: object) -> None:
        self.seconds = time.monotonic() - self._began
        self._close()

    def _close(self) -> None:
        """Clear away what was drawn."""


class Bars(_Screen):
    """One bar a running file, and one for all of them.

    Workers only leave words; everything is drawn by the thread that calls `tick`.

    Parameters
    ----------
    stream : file
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._bars: dict[str, Any] = {}
        self._overall: Any = None
        self._width = 0  # of the names

    def _close(self) -> None:
        for bar in [*self._bars.values(), self._overall]:
            if bar is not None:
                bar.close()
        self._bars, self._overall = {}, None
        self._tell()

    # --- what the engine calls ----------------------------------------------------------------

    def say(self, name: str | None, text: str) -> None:
        """Show words beside the file's bar, and once as a line."""
        self._words.say(name, text)

    def began(self, run: "Run") -> None:
        """Nothing: the next `tick` sees it."""

    def ended(self, outcome: "Outcome") -> None:
        """Show a line for a file that has come or failed."""
        if outcome.status != "present":
            self._words.tell(ended_line(outcome))

    def tick(self, engine: "Engine") -> None:
        """Draw."""
        totals = Totals(engine)
        if self._overall is None:
            names = [_short(job.entry.name) for job in engine.jobs]
            self._width = max(map(len, [*names, _WIDEST_COUNT]))
            self._overall = self._bar(0, initial=totals.bytes)
        self._tell()
        runs = {run.name: run for run in list(engine.runs)}
        for name in self._bars.keys() - runs.keys():
            self._bars.pop(name).close()
        for name, run in runs.items():
            self._show(name, run)
        _move(self._overall, totals.bytes, totals.total if totals.sized else None)
        text = f"{totals.ended} of {plural(totals.files, 'file')}"
        self._overall.set_description_str(f"{text:<{self._width}}", refresh=False)

    # --- drawing ------------------------------------------------------------------------------

    def _show(self, name: str, run: "Run") -> None:
        bar = self._bars.get(name)
        held = _held(run)
        if bar is None:
            bar = self._bars[name] = self._bar(self._free_row(), initial=held)
            bar.set_description_str(f"{_short(name):<{self._width}}", refresh=False)
        elif held < bar.n:
            bar.reset()  # began again
        _move(bar, held, run.download.total)
        words = "verifying" if run.finishing else self._words.beside(name)
        bar.set_postfix_str(words, refresh=False)

    def _free_row(self) -> int:
        taken = {-bar.pos for bar in self._bars.values()}
        return next(row for row in range(1, len(taken) + 2) if row not in taken)

    def _bar(self, row: int, *, initial: int) -> Any:
        from tqdm.auto import tqdm

        return tqdm(
            initial=initial,
            position=row,
            file=self._stream,
            leave=False,
            unit="iB",
            unit_scale=True,
            unit_divisor=1024,
            dynamic_ncols=True,
            mininterval=DRAW_EVERY,
            miniters=0,
            bar_format=_FORMAT,
        )

    def _tell(self) -> None:
        lines = list(self._words.lines())
        if not lines:
            return
        from tqdm.auto import tqdm

        for line in lines:
            tqdm.write(line, file=self._stream)


_FORMAT = "{desc} {percentage:3.0f}%|{bar}| {n_fmt}/{total_fmt} {rate_fmt} {remaining}{postfix}"


def _move(bar: Any, to: int, total: int | None) -> None:
    bar.total = total
    bar.update(to - bar.n)


def _short(name: str) -> str:
    return name if len(name) <= NAME_WIDTH else "…" + name[1 - NAME_WIDTH :]


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
        super().__init__(stream)
        self._dated = dated
        self._chatty = chatty
        self._last = time.monotonic()
        self._last_bytes = 0
        self._lock = threading.Lock()

    def _close(self) -> None:
        self._tell()

    def say(self, name: str | None, text: str) -> None:
        """Write words, once."""
        if self._chatty:
            self._words.say(name, text)
            self._tell()

    def began(self, run: "Run") -> None:
        """Write that a file is being received."""
        if self._chatty:
            held = _held(run)
            self._words.tell(
                f"{run.name}: receiving" + (f", {size(held)} are here already" if held else "")
            )
            self._tell()

    def ended(self, outcome: "Outcome") -> None:
        """Write a line for a file that has come or failed."""
        if outcome.status != "present":
            self._words.tell(ended_line(outcome))
            self._tell()

    def tick(self, engine: "Engine") -> None:
        """Write now and then how far things are."""
        now = time.monotonic()
        if not self._chatty or now - self._last < LINE_EVERY:
            return
        totals = Totals(engine)
        rate = max(0, totals.bytes - self._last_bytes) / (now - self._last)
        self._last, self._last_bytes = now, totals.bytes
        self._words.tell(_progress_line(totals, rate))
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


def _progress_line(totals: Totals, rate: float) -> str:
    parts = [f"{totals.ended} of {plural(totals.files, 'file')}", size(totals.bytes)]
    if totals.sized:
        parts[1] += f" of {size(totals.total)}"
    parts.append(f"{size(rate)}/s")
    if totals.sized and rate:
        parts.append(f"{duration((totals.total - totals.bytes) / rate)} left")
    return ", ".join(parts)
