"""A job: one wanted file; a run: the same file while it is received."""

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .._cache.files import CachedFile
from .._cache.locks import Lock
from .._registry.registry import Entry
from .._sources.base import Source
from .download import Download


class Job(NamedTuple):
    """One file that is wanted."""

    entry: Entry
    cached_file: CachedFile
    sources: Callable[[], Sequence[Source]]
    size: int | None = None  # bytes, from the registry or asked of the server
    verify: bool = False  # hash the file even if its stamp is right


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
        return self.job.entry.name
