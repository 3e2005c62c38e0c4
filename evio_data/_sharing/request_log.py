"""A request log that neither many clients nor a slow reader can block."""

import threading
import time
from collections.abc import Callable
from queue import SimpleQueue

from .._threads import started

LINES_A_SECOND = 50
MAX_WAITING = 1000  # lines that the reader has not taken
LAST_WORDS = 1.0  # seconds in which the last lines can be written


class RequestLog:
    """Writes lines from a thread of its own: so many a second at most, the others are counted.

    Parameters
    ----------
    write : callable
        Takes a line; it may block for ever.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._lines: SimpleQueue[Callable[[], str] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._second = self._taken = self._left_out = 0
        self._thread = started(self._run)  # without one, nothing is written before the end

    def add(self, line: Callable[[], str]) -> None:
        """Take a line, which is made when it is written."""
        with self._lock:
            if (now := int(time.monotonic())) != self._second:
                self._second, self._taken = now, 0
                self._tell_left_out()
            if self._taken == LINES_A_SECOND or self._lines.qsize() >= MAX_WAITING:
                self._left_out += 1
                return
            self._taken += 1
        self._lines.put(line)

    def close(self) -> None:
        """Write what is waiting, and that this is the end, unless nobody takes it."""
        with self._lock:
            self._tell_left_out()
        self._lines.put(lambda: "stopped")
        self._lines.put(None)
        if self._thread is None:
            self._run()
        else:
            self._thread.join(LAST_WORDS)

    def _tell_left_out(self) -> None:
        count, self._left_out = self._left_out, 0
        if count:
            self._lines.put(lambda: f"{count:,} more are not listed")

    def _run(self) -> None:
        while (line := self._lines.get()) is not None:
            self._write(line())
