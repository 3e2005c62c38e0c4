"""Segments: the part of a file that one connection receives."""

import time

from .._cache.partial import Partial
from .._cache.spans import gaps
from .splitting import SETTLE

LEAST_SHARE = 256 * 1024  # bytes; less is not worth a request of its own


class Segment:
    """A part of the file that one connection receives; ``span`` grows as bytes arrive."""

    def __init__(self, span: list[int], stop: int | None) -> None:
        self.span = span
        self.stop = stop  # None: to the end, wherever that is
        self.begin_attempt()
        self.fetched = 0  # bytes received for it, repeated ones too
        self.last = span[1] - span[0]  # bytes that the latest attempt received
        self.failures = 0  # attempts in a row that brought nothing
        self.retry_at: float | None = None  # monotonic time of the next attempt, where one waits
        self.is_receiving = False  # an answer was accepted, and its body is being read
        self.given_up = False  # left to others: its range cannot be had by itself
        self.is_processor_bound = False  # it would be faster only with more processor time

    def begin_attempt(self) -> None:
        """Forget how fast an earlier attempt was, perhaps at another source."""
        self.first = self.span[1]
        self.started = time.monotonic()

    @property
    def position(self) -> int:
        """The offset of the next byte."""
        return self.span[1]

    @property
    def is_empty(self) -> bool:
        """Whether none of its bytes has arrived."""
        return self.span[0] == self.span[1]

    def rate(self) -> float | None:
        """Return the bytes/s of this attempt, or None while that would be a guess."""
        had, elapsed = self.position - self.first, time.monotonic() - self.started
        return had / elapsed if had and elapsed >= SETTLE else None


class SegmentPlan:
    """The segments of one version: who receives what, and what is free.

    The caller holds the version's lock.

    Parameters
    ----------
    partial : Partial

    Attributes
    ----------
    active : list of Segment
        Those that a connection works on.
    waiting : list of Segment
        Those that are tried again later.
    single : bool
        Whether the server bears one connection to this file only.
    """

    def __init__(self, partial: Partial) -> None:
        self._partial = partial
        self.active: list[Segment] = []
        self.waiting: list[Segment] = []
        self.single = False

    def claim(self, total: int | None, *, ranged: bool) -> Segment | None:
        """Return a segment that nobody is receiving, to be received by the caller."""
        due = self._due()
        if due is not None:
            return due
        if (self.single or total is None or not ranged) and (self.active or self.waiting):
            return None
        gap = self._free_gap(total, ranged=ranged)
        return None if gap is None else self._begin(*gap)

    def _due(self) -> Segment | None:
        now = time.monotonic()
        for segment in self.waiting:
            if self.single and self.active:
                return None
            if segment.retry_at is not None and segment.retry_at <= now:
                self.waiting.remove(segment)
                segment.retry_at = None
                self.active.append(segment)
                return segment
        return None

    def _free_gap(self, total: int | None, *, ranged: bool) -> tuple[int, int | None] | None:
        if total is None or not ranged:
            return self._partial.front, None
        taken = [(s.position, s.stop or total) for s in (*self.active, *self.waiting)]
        free = gaps([*self._partial.held, *taken], total)
        return free[0] if free else None

    def split(self, total: int, share: float) -> Segment | None:
        """Take what the longest segment would still have to receive beyond ``share`` bytes."""
        segment = self.longest(total)
        if segment is None:
            return None
        stop = segment.stop or total
        cut = segment.position + max(int(share), LEAST_SHARE)
        if cut + LEAST_SHARE >= stop:
            return None
        segment.stop = cut
        return self._begin(cut, stop)

    def longest(self, total: int) -> Segment | None:
        """Return the segment with the most bytes to come, where it may be split."""
        if self.single:
            return None
        return max(self.active, key=lambda s: (s.stop or total) - s.position, default=None)

    def _begin(self, start: int, stop: int | None) -> Segment:
        segment = Segment(self._partial.span_at(start), stop)
        self.active.append(segment)
        return segment

    def others_receive(self, segment: Segment) -> bool:
        """Say whether another connection is receiving bytes of this version now."""
        return any(s.is_receiving for s in list(self.active) if s is not segment)

    def give_back(self, segment: Segment) -> None:
        """Leave a segment to whoever receives the part before it, as far as nothing of it came."""
        segment.given_up = True
        self.single = True
        if not segment.is_empty:
            return
        for before in (*self.active, *self.waiting):
            if before is not segment and before.stop == segment.position:
                before.stop = segment.stop
                return

    def leave(self, segment: Segment) -> int:
        """Let go of a segment, or keep it for later; return the bytes that it received."""
        fetched, segment.fetched = segment.fetched, 0
        if segment in self.active:
            self.active.remove(segment)
            if segment.retry_at is not None:
                self.waiting.append(segment)
        return fetched
