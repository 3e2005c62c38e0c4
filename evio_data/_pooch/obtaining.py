"""Fetch one file for a caller of pooch, with pooch's log messages and errors."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from pooch import get_logger

from .._cache.files import CachedFile
from .._cache.locks import Lock
from .._collection import Collection, cache_at
from .._http.options import NO_OPTIONS
from .._progress.adapters import progress_for
from .._registry.hashes import worded
from .._registry.registry import Entry, RegistryIndex
from .._settings import Settings, from_environment, waiting
from ..errors import CacheError, ChecksumError
from .errors import MismatchError, for_pooch
from .ways import Way

if TYPE_CHECKING:
    from .._report import Outcome
    from .._transfer.jobs import Run
    from .._transfer.listener import ProgressListener, TransferState

MAX_RETRY_WAIT = 10  # seconds; pooch's own
POLL = 0.05  # seconds between two looks whether another process is done


class ByHash(Collection):
    """A collection in which, as in pooch, a known hash says whose file it is, whatever the URL."""

    def cached_file(self, entry: Entry) -> CachedFile:
        """Return the place of an entry's file."""
        return self.cache.cached_file(entry.name if entry.hash else entry)


class Order(NamedTuple):
    """One file that pooch's caller wants.

    Attributes
    ----------
    entry : Entry
    root : str
        The folder of the cache.
    announce : callable
        Is told pooch's verb when the download begins.
    retry_if_failed : int
        pooch's: times that a download with a wrong hash is tried again.
    allow_updates : bool
    entries : callable
        Returns the mirrors, and all entries among which several names of one file may be.
    kind : type
        Of collection: whether a key belongs to its source or to its hash.
    """

    entry: Entry
    root: str
    announce: Callable[[str], None]
    retry_if_failed: int = 0
    allow_updates: bool = True
    entries: Callable[[], RegistryIndex] = lambda: RegistryIndex({})
    kind: type[Collection] = ByHash

    @property
    def cached_file(self) -> CachedFile:
        """Its place."""
        return self.collection(Settings()).cached_file(self.entry)

    def collection(self, settings: Settings, way: Way | None = None) -> Collection:
        """Return what has it, and other names of the same file."""
        options = way.options if way else NO_OPTIONS
        entries = self.entries() if way else RegistryIndex({})
        return self.kind(entries, cache_at(self.root), settings, options)


def obtain(order: Order, way: Way) -> str:
    """Have a file verified in its place; return pooch's word for what that took."""
    cached_file, entry = order.cached_file, order.entry
    if cached_file.is_warm(entry.hash, claim=True):
        return "fetch"
    there = cached_file.status() is not None
    if there and not order.allow_updates:
        _forbid_update(entry, cached_file)
    outcome = _tried(order, way, "Updating" if there else "Downloading")
    if outcome.error is not None:
        raise for_pooch(outcome.error) from outcome.error.__cause__
    if outcome.status == "present":
        return "fetch"
    return "update" if there else "download"


def _tried(order: Order, way: Way, verb: str) -> "Outcome":
    collection = _collection(order, way)
    for failures in range(1, 2 + order.retry_if_failed):
        with progress_for(way.progressbar) as watcher:
            (outcome,) = collection.obtain(
                [order.entry],
                connections=way.connections,
                watcher=_Announcing(watcher, lambda: order.announce(verb)),
            )
        # Bad connections have been retried already; this is pooch's for wrong hashes.
        is_mismatch = isinstance(outcome.error, ChecksumError) and not collection.settings.offline
        left = order.retry_if_failed + 1 - failures
        if not is_mismatch or not left:
            break
        get_logger().info(
            "Failed to download '%s'. Will attempt the download again %d more time%s.",
            order.entry.basename,
            left,
            "s" if left > 1 else "",
        )
        time.sleep(waiting(min(failures, MAX_RETRY_WAIT)))
    return outcome


def _collection(order: Order, way: Way) -> Collection:
    settings = from_environment()
    settings = settings._replace(
        retries=max(settings.retries, order.retry_if_failed),
        brief=settings.brief if order.retry_if_failed else 0,
        timeout=way.timeout or settings.timeout,
    )
    return order.collection(settings, way)


def _forbid_update(entry: Entry, cached_file: CachedFile) -> None:
    known = cached_file.known_hash(entry.hash)
    actual = cached_file.check(entry.hash)
    if actual is None or known in (None, actual):
        return
    error = MismatchError(
        f"the file has {worded(actual)}, the registry says {known}, and updates are not allowed.",
        name=entry.name,
        advice="Create the registry with allow_updates=True, or remove the file.",
    )
    error.expected, error.actual = known or "", actual
    raise error


def obtain_theirs(cached_file: CachedFile, known_hash: str | None, fetch: Callable[[], str]) -> str:
    """Have a file by pooch's own means, once for all processes, and warm from then on.

    Parameters
    ----------
    cached_file : CachedFile
    known_hash : str or None
    fetch : callable
        pooch's way; returns its word for what that took.
    """
    if known_hash is not None and cached_file.is_warm(known_hash):
        return "fetch"
    lock = Lock(cached_file.state / "lock")
    with suppress(CacheError):  # a disk without space for our folder may still have theirs
        cached_file.prepare()
        _wait_for(lock)
    try:
        action = fetch()
        if known_hash is not None:
            cached_file.check(known_hash)
    finally:
        lock.release()
    return action


def action_of(path: str, action: str, pup: object) -> str:
    """Be a processor that returns what was done."""
    return action


def _wait_for(lock: Lock) -> None:
    while not lock.acquire():
        time.sleep(POLL)


class _Announcing:
    """Whoever watches, and a word to pooch's logger when the download begins."""

    def __init__(self, watcher: "ProgressListener", announce: Callable[[], None]) -> None:
        self._watcher = watcher
        self._announce = announce

    def message(self, name: str | None, text: str) -> None:
        """Pass on."""
        self._watcher.message(name, text)

    def waiting(self, name: str | None, text: str) -> None:
        """Pass on."""
        self._watcher.waiting(name, text)

    def started(self, run: "Run") -> None:
        """Say it, and pass on."""
        self._announce()
        self._watcher.started(run)

    def finished(self, outcome: "Outcome") -> None:
        """Pass on."""
        self._watcher.finished(outcome)

    def refresh(self, state: "TransferState") -> None:
        """Pass on."""
        self._watcher.refresh(state)
