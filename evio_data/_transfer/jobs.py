"""A job is one requested file; a run is the same file while it is received."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from .._cache.locks import Lock
from .._drive.pages import QUOTA_ADVICE_WITHOUT_HASH
from .._registry.hashes import is_strong
from .._registry.registry import Entry
from .._report import Outcome
from .._sources.base import Source
from ..errors import EvioDataError, QuotaExceededError
from .destination import Destination
from .download import Download


def _nothing() -> None:
    return None


class Job(NamedTuple):
    """One file that is wanted.

    Attributes
    ----------
    entry : Entry
    destination : Destination
    sources : callable
        Returns where the bytes may come from, in the order to be tried.
    size : int or None
        Bytes, from the registry or asked of the server.
    present : callable
        Returns the outcome of a file that is there and right, or None; raises `ChecksumError`
        for a damaged one.
    lock : Path or None
        Whoever holds it has this file; None is a lock of the destination's own.
    """

    entry: Entry
    destination: Destination
    sources: Callable[[], Sequence[Source]]
    size: int | None = None
    present: Callable[[], Outcome | None] = _nothing
    lock: Path | None = None

    @property
    def name(self) -> str:
        """The registry key."""
        return self.entry.name

    @property
    def label(self) -> str:
        """What its first source is called, which decides how many connections it may use."""
        try:
            return self.sources()[0].label
        except EvioDataError:
            return ""  # the file's outcome will say what is wrong

    def failed(self, error: EvioDataError, began: float, *, received: int = 0) -> Outcome:
        """Return the outcome of a failure."""
        error.about(self.name)
        if isinstance(error, QuotaExceededError) and not is_strong(self.entry.hash):
            error.advice = QUOTA_ADVICE_WITHOUT_HASH
        seconds = time.monotonic() - began
        return Outcome(
            self.name, "failed", size=self.size, received=received, seconds=seconds, error=error
        )


class Run:
    """One file that is being received: its download, and the lock that is held for it."""

    def __init__(self, job: Job, download: Download, lock: Lock) -> None:
        self.job = job
        self.download = download
        self.lock = lock
        self.began = time.monotonic()
        self.finishing = False

    @property
    def name(self) -> str:
        """The registry key."""
        return self.job.name
