"""Decide when a download is split over more connections."""

import time
from collections import deque

SETTLE = 0.2  # seconds over which a rate is measured
GAIN = 0.3  # of what was hoped for: a step that raises the total by less was the last for a while
RECONSIDER = 30.0  # seconds after which one more step is tried: the measurement may have been noise
WORTH = 0.5  # seconds that the rest of a file must take at least for a further connection to help
# The end of a file that arrives in several places is hashed after its last byte: about 0.5 s a GiB
# where measured. Sharing must gain more than that.
WORTH_PER_BYTE = 1.0 / 2**30  # seconds


class Splitter:
    """Decides when idle connections take over parts of running files.

    They do so in steps: two connections, then as many as there are. What a step has brought is
    measured, and where that is nothing (the line is full) there is no other for a while. A
    connection that falls idle later takes over a part at once: so many have proved their worth.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, int]] = deque()
        self._before: tuple[float, int] | None = None  # rate and connections before the step
        self._reached = 0  # connections with the step's last split
        self._proved = 0  # connections that were worth it
        self._since = 0.0
        self._left = 0  # splits that still belong to the step
        self._resting_until = 0.0

    def measure(self, received: int) -> float:
        """Take in the bytes received so far; return bytes/s over the last `SETTLE` seconds."""
        now = time.monotonic()
        self._samples.append((now, received))
        while len(self._samples) > 2 and now - self._samples[1][0] >= SETTLE:
            self._samples.popleft()
        first, count = self._samples[0]
        return (received - count) / (now - first) if now - first >= SETTLE else 0.0

    def ready(self, rate: float, working: int) -> bool:
        """Judge the last step, and say whether a split may be made."""
        now = time.monotonic()
        if rate <= 0 or now < self._resting_until:
            return False
        if self._left or working < self._proved:
            return True
        if now - self._since < 2 * SETTLE:
            return False
        if self._before is not None:
            self._judge(rate, working, now)
        return now >= self._resting_until

    def _judge(self, rate: float, working: int, now: float) -> None:
        if self._gained(rate, working):
            self._proved = self._reached
        else:
            self._proved = 0
            self._resting_until = now + RECONSIDER
        self._before = None

    def _gained(self, rate: float, working: int) -> bool:
        assert self._before is not None
        earlier, connections = self._before
        added = working - connections
        return added <= 0 or rate >= earlier * (1 + GAIN * added / max(1, connections))

    @property
    def in_step(self) -> bool:
        """Whether the next split still belongs to the last step."""
        return self._left > 0

    def to_come(self, working: int, idle: int) -> int:
        """Return how many splits this step, or one that begins now, has still to make."""
        return self._left or min(idle, max(2, working))

    def made(self, rate: float, working: int, idle: int) -> None:
        """Remember how things were when a split was made for one of ``idle`` connections."""
        if self._left:
            self._left -= 1
        elif working >= self._proved:
            self._left = self.to_come(working, idle) - 1
            self._before = (rate, working)
            self._since = time.monotonic()
        self._reached = max(self._reached, working + 1)

    def end_step(self) -> None:
        """Take note that there is nothing more to split for now."""
        self._left = 0


def is_worth(rest_seconds: float, total: int) -> bool:
    """Say whether the rest of a file of ``total`` bytes is worth a further connection.

    >>> is_worth(20.0, 400 * 2**20), is_worth(1.2, 2**30)
    (True, False)
    """
    return rest_seconds > WORTH + WORTH_PER_BYTE * total
