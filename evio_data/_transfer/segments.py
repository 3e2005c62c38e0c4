"""A segment: the part of a file that one connection receives."""

import time

from .splitting import SETTLE


class Segment:
    """A stretch of the file that one connection receives; ``span`` grows as bytes arrive."""

    def __init__(self, span: list[int], stop: int | None, generation: int) -> None:
        self.span = span
        self.stop = stop  # None: to the end, wherever that is
        self.generation = generation
        self.begin_attempt()
        self.fetched = 0  # bytes received for it, repeated ones too
        self.last = span[1] - span[0]  # bytes that the latest attempt received
        self.failures = 0  # attempts in a row that brought nothing
        self.ended_at: int | None = None  # where a body of unknown length ended
        self.given_up = False  # left to others: its range cannot be had by itself

    def begin_attempt(self) -> None:
        """Forget how fast an earlier attempt was, perhaps at another source."""
        self.first = self.span[1]
        self.started = time.monotonic()

    @property
    def position(self) -> int:
        """The offset of the next byte."""
        return self.span[1]

    def pace(self) -> float | None:
        """Return the bytes/s of this attempt, or None while that would be a guess."""
        had, elapsed = self.position - self.first, time.monotonic() - self.started
        return had / elapsed if had and elapsed >= SETTLE else None
