"""The pauses that keep to a rate in bytes a second, without a burst at the start."""

from __future__ import annotations

import threading
import time

_CATCH_UP = 0.02  # seconds of delay of our own that may be made good
SLICE_SECONDS = 0.005  # how much of a body goes out between two pauses


class Pace:
    """A schedule that any number of connections share."""

    def __init__(self) -> None:
        self._due = 0.0
        self._lock = threading.Lock()

    def wait(self, length: int, rate: float | None, *, first: bool) -> None:
        """Sleep until `length` more bytes may go out; `first` forgets old credit."""
        if rate is None:
            return
        with self._lock:
            now = time.monotonic()
            earliest = now if first else now - _CATCH_UP
            self._due = max(self._due, earliest) + length / rate
            pause = self._due - now
        if pause > 0:
            time.sleep(pause)


def slice_length(rate: float | None, longest: int) -> int:
    """Return how many bytes to send between two pauses."""
    if rate is None:
        return longest
    return max(1, min(longest, int(rate * SLICE_SECONDS)))
