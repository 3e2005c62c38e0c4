"""How busy the processors are: whether another thread would gain anything."""

import os
import threading
import time

SAMPLE_EVERY = 0.1  # seconds between two looks
SMOOTHING = 0.3  # weight of the newest look
UTMOST = 2  # times what is allowed that one look counts for: it takes two for a machine to be full
ALLOWED = 1.5  # threads beyond the processors: one is a server's or a test's on this machine
BUSY_SHARE = 0.8  # of its time that a thread which waits for nothing else runs, or wants to


class Processors:
    """Watches the machine, at the price of a small read ten times a second."""

    def __init__(self) -> None:
        self._allowed = (os.cpu_count() or 1) + ALLOWED
        self._is_known = not _is_confined()
        self._lock = threading.Lock()
        self._next = 0.0
        self._runnable = 0.0

    def are_full(self) -> bool:
        """Say whether more threads want to run than there are processors for."""
        now = time.monotonic()
        if self._is_known and now >= self._next and self._lock.acquire(blocking=False):
            try:
                self._next = now + SAMPLE_EVERY
                look = min(_runnable(), UTMOST * self._allowed)
                self._runnable += SMOOTHING * (look - self._runnable)
            finally:
                self._lock.release()
        return self._runnable > self._allowed


class ThreadLoad:
    """Tells whether the current thread would be faster only with more processor time."""

    def __init__(self) -> None:
        self._at = (time.monotonic(), _wanted())

    def is_full(self) -> bool:
        """Say so of the time since the last call."""
        now, wanted = time.monotonic(), _wanted()
        (then, before), self._at = self._at, (now, wanted)
        return wanted - before > BUSY_SHARE * max(now - then, 1e-4)


def _is_confined() -> bool:
    """Say whether this process may use a part of the machine only: the load is of the whole."""
    return hasattr(os, "sched_getaffinity") and len(os.sched_getaffinity(0)) < (os.cpu_count() or 1)


def _wanted() -> float:
    """Return the seconds for which this thread has run, or has waited for a processor."""
    try:
        with open("/proc/thread-self/schedstat", "rb") as file:  # noqa: PTH123 - once a MiB
            ran, waited, _ = file.read(80).split()
        return (int(ran) + int(waited)) / 1e9
    except (OSError, ValueError):
        return time.thread_time()


def _runnable() -> float:
    """Return how many threads of the machine run or want to."""
    try:
        with open("/proc/loadavg", "rb") as file:  # noqa: PTH123
            return float(file.read(64).split()[3].partition(b"/")[0])
    except (OSError, ValueError, IndexError):
        pass
    try:
        return os.getloadavg()[0]
    except (OSError, AttributeError):
        return 0.0


PROCESSORS = Processors()
