"""How many requests and bodies are under way, and when Google says "Sorry..."."""

from __future__ import annotations

import threading
import time
from collections import deque

# A client sees the end of a body a moment before the server does: without this grace a
# client that keeps to the limit exactly would be refused now and then.
_SLOT_GRACE = 0.25  # seconds


class Slots:
    """Counts the bodies that are being sent; a limit of None is no limit."""

    def __init__(self) -> None:
        self._active = 0
        self._changed = threading.Condition()

    def enter(self, limit: int | None) -> bool:
        """Take a slot; False if there are too many bodies already."""
        with self._changed:
            if limit is not None and not self._changed.wait_for(
                lambda: self._active < limit, timeout=_SLOT_GRACE
            ):
                return False
            self._active += 1
            return True

    def leave(self) -> None:
        """Give a slot back."""
        with self._changed:
            self._active -= 1
            self._changed.notify_all()


class Traffic:
    """What one client address has under way; a limit of None is no limit."""

    def __init__(self) -> None:
        self._slots = Slots()
        self._sorry_until = 0.0
        self._recent: deque[float] = deque()
        self._lock = threading.Lock()

    def admit(self, per_second: float | None, *, sorry_for: float) -> bool:
        """Count one request; False if it is to get the "Sorry..." page."""
        with self._lock:
            now = time.monotonic()
            if now < self._sorry_until:
                return False
            if per_second is None or self._count(now) <= per_second:
                return True
            self._sorry_until = now + sorry_for
            return False

    def enter(self, at_once: int | None, *, sorry_for: float) -> bool:
        """Take a slot for a body of data; False if there are too many."""
        entered = self._slots.enter(at_once)
        if not entered:
            with self._lock:
                self._sorry_until = time.monotonic() + sorry_for
        return entered

    def leave(self) -> None:
        """Give a slot back."""
        self._slots.leave()

    def _count(self, now: float) -> int:
        self._recent.append(now)
        while self._recent[0] < now - 1:
            self._recent.popleft()
        return len(self._recent)
