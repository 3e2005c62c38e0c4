"""How long to wait, and how many connections to use."""

import random
import time

from .._settings import waiting

AFTER_PROGRESS = 0.1  # seconds before a retry after an attempt that brought bytes
FIRST_WAIT = 0.5  # seconds before the first retry after one that brought none; doubles
MAX_WAIT = 60.0  # seconds between two retries
BUSY_WAIT = 5.0  # seconds without a new request to a host after a 429; triples
MAX_BUSY_WAIT = 300.0  # seconds
LEAST_BUSY_WAIT = 0.5  # seconds, whatever a server asks for: it may ask for 0; triples
CALM = 60.0  # seconds without a refusal after which one more connection is tried

# A caller's seed is its own, and a fork does not wait as long as its parent.
_RANDOM = random.SystemRandom()


class ConnectionLimit:
    """How many connections a host bears, learned from its refusals and shared by all files.

    Parameters
    ----------
    most : int
        Connections that the caller wants.
    """

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most
        self.paused_until = 0.0
        self._changed = time.monotonic()
        self._refusals = 0

    def on_busy(self, wait: float | None, working: int) -> float:
        """Take note of a refusal while ``working`` connections run; return the pause in seconds."""
        now = time.monotonic()
        if now >= self.paused_until:
            self._refusals += 1
        pause = busy_wait(self._refusals, wait)
        self.limit = max(1, min(self.limit - 1, working or self.limit // 2))
        self.paused_until = max(self.paused_until, now + pause)
        self._changed = self.paused_until
        return pause

    def allows(self, working: int) -> bool:
        """Say whether one more connection may start a request now."""
        now = time.monotonic()
        if now - self._changed > CALM and self.limit < self.most:
            self.limit += 1
            self._changed = now
            self._refusals = 0
        return now >= self.paused_until and working < self.limit


def busy_wait(refusals: int, wait: float | None) -> float:
    """Return the seconds to pause after refusals in a row; ``wait`` is what the server asks for.

    >>> busy_wait(2, None), busy_wait(2, 0.0), busy_wait(2, 20.0)
    (15.0, 1.5, 20.0)
    """
    first = BUSY_WAIT if wait is None else LEAST_BUSY_WAIT
    return max(wait or 0.0, waiting(min(first * 3.0 ** (refusals - 1), MAX_BUSY_WAIT)))


def backoff(failures: int) -> float:
    """Return the seconds to wait, with jitter, after attempts in a row that brought nothing."""
    seconds = min(FIRST_WAIT * 2.0 ** (failures - 1), MAX_WAIT) if failures else AFTER_PROGRESS
    return waiting(seconds) * _RANDOM.uniform(0.75, 1.25)
