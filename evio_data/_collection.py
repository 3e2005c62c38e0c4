"""A registry and a cache, together: names in, verified files out."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from . import _registry
from ._cache import Cache, Slot
from ._registry import Entry, RegistryFile
from ._settings import Settings, default_cache_dir, from_environment
from .errors import EvioDataError, OfflineError

if TYPE_CHECKING:
    from pathlib import Path

    from ._prefetch import Engine, Job, Run, Watcher
    from ._report import Outcome, Report
    from ._source import Source

CONNECTIONS = 3  # what evio's downloader has used; Drive publishes no limit
MAX_CONNECTIONS = 32


class Collection:
    """The files of one registry in one cache.

    Parameters
    ----------
    registry : RegistryFile
    cache : Cache
    settings : Settings
    """

    def __init__(self, registry: RegistryFile, cache: Cache, settings: Settings) -> None:
        self.registry = registry
        self.cache = cache
        self.settings = settings

    def slot(self, entry: Entry) -> Slot:
        """Return the place of an entry's file."""
        return self.cache.slot(entry.name)

    def fetch(self, name: str, *, watcher: "Watcher | None" = None, verify: bool = False) -> "Path":
        """Return the path of one verified file, received if it is not there.

        Raises
        ------
        EvioDataError
            Of the kind that says why it could not be had.
        """
        entry = self.registry.find(name)
        slot = self.cache.slot(entry.name)
        try:
            if not verify and slot.is_warm(entry.sha256):
                return slot.path
        except EvioDataError as error:
            raise error.about(entry.name) from None
        outcome = self.obtain([entry], watcher=watcher, verify=verify)[0]
        if outcome.error is not None:
            raise outcome.error
        return slot.path

    def prefetch(
        self,
        patterns: Iterable[str] = (),
        *,
        connections: int = CONNECTIONS,
        watcher: "Watcher | None" = None,
        verify: bool = False,
    ) -> "Report":
        """Have many files; each one's outcome is in the report."""
        from ._report import Report

        began = time.monotonic()
        entries = self.registry.select(patterns)
        outcomes = self.obtain(entries, connections=connections, watcher=watcher, verify=verify)
        return Report(outcomes, seconds=time.monotonic() - began)

    def obtain(
        self,
        entries: Sequence[Entry],
        *,
        connections: int = CONNECTIONS,
        watcher: "Watcher | None" = None,
        verify: bool = False,
        sizes: dict[str, int] | None = None,
    ) -> "list[Outcome]":
        """Return an outcome for each entry, in their order, receiving what is not there."""
        if not 1 <= connections <= MAX_CONNECTIONS:
            raise ValueError(f"concurrency is {connections}; 1 to {MAX_CONNECTIONS} are possible.")
        watcher = watcher or Logged()
        found = {} if verify else self._warm(entries)
        for outcome in found.values():
            watcher.ended(outcome)
        wanted = [entry for entry in entries if entry.name not in found]
        outcomes: list[Outcome] = []
        if self.settings.offline:
            outcomes = [self._offline(entry, verify=verify) for entry in wanted]
            for outcome in outcomes:
                watcher.ended(outcome)
        elif wanted:
            from ._prefetch import Engine

            jobs = [self.job(entry, verify=verify, sizes=sizes or {}) for entry in wanted]
            outcomes = Engine(
                jobs,
                connections=connections,
                timeout=self.settings.timeout,
                retries=self.settings.retries,
                watcher=watcher,
            ).run()
        found.update((outcome.name, outcome) for outcome in outcomes)
        return [found[entry.name] for entry in entries]

    def _warm(self, entries: Sequence[Entry]) -> "dict[str, Outcome]":
        from ._report import Outcome

        found = {}
        for entry in entries:
            slot = self.slot(entry)
            try:
                warm = slot.is_warm(entry.sha256)
            except EvioDataError:
                continue  # the engine says it in the file's outcome
            if warm:
                stamp = slot.stamp()
                size = stamp.size if stamp else None
                found[entry.name] = Outcome(entry.name, "present", slot.path, size)
        return found

    def _offline(self, entry: Entry, *, verify: bool) -> "Outcome":
        from ._cached import cached

        try:
            found = cached(entry, self.slot(entry), verify=verify)
        except EvioDataError as problem:
            return _failed(entry, problem)
        if found is not None:
            return found
        told = from_environment().offline  # else the caller has said so
        error = OfflineError(
            "not cached, and "
            + ("EVIO_DATA_OFFLINE forbids the network." if told else "the network is not allowed."),
            name=entry.name,
            advice=f"{'Unset' if told else 'Allow'} it and run again, or bring the file: "
            "`evio-data import PATH`.",
        )
        return _failed(entry, error)

    def job(
        self, entry: Entry, *, verify: bool = False, sizes: dict[str, int] | None = None
    ) -> "Job":
        """Return the order to receive one file."""
        from ._prefetch import Job

        size = entry.size if entry.size is not None else (sizes or {}).get(entry.name)
        return Job(entry, self.slot(entry), cache(lambda: self.sources(entry)), size, verify)

    def sources(self, entry: Entry) -> "list[Source]":
        """Return where an entry's bytes may come from, in the order to be tried."""
        from ._mirror import around
        from ._source import source_of

        origin = source_of(
            entry.url, endpoint=self.settings.endpoint, api_key=self.settings.api_key
        )
        if entry.sha256 is None:
            return [origin]  # nothing would show that a mirror's bytes are the right ones
        before, after = self.settings.mirrors, self.registry.mirrors
        if self.registry.prefer_mirrors:
            before, after = before + after, ()
        patience = self.settings.timeout
        return around(origin, entry.name, before=before, after=after, patience=patience)

    def verify(
        self, patterns: Iterable[str] = (), told: Callable[[int], None] | None = None
    ) -> "Report":
        """Hash what is cached again; a damaged file is a failed outcome, and stays where it is.

        ``told`` takes the bytes hashed, by and by, in several threads; what it raises ends it.
        """
        from concurrent.futures import ThreadPoolExecutor

        from ._report import Report

        began = time.monotonic()
        entries = self.registry.select(patterns)
        with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
            checked = pool.map(lambda entry: self._verified(entry, told), entries)
            outcomes = [outcome for outcome in checked if outcome]
        return Report(outcomes, seconds=time.monotonic() - began)

    def _verified(self, entry: Entry, told: Callable[[int], None] | None) -> "Outcome | None":
        from ._cached import cached

        slot = self.slot(entry)
        try:
            return cached(entry, slot, verify=True, told=told)
        except EvioDataError as problem:
            return _failed(entry, problem)._replace(path=slot.path)


def _failed(entry: Entry, error: EvioDataError) -> "Outcome":
    from ._report import Outcome

    return Outcome(entry.name, "failed", size=entry.size, error=error.about(entry.name))


class Logged:
    """A watcher for calls that show nothing: words go to the logger ``evio_data``."""

    def say(self, name: str | None, text: str) -> None:
        """Log words at INFO."""
        from logging import getLogger

        getLogger("evio_data").info("%s: %s", name or "all", text)

    def began(self, run: "Run") -> None:
        """Ignore."""

    def tick(self, engine: "Engine") -> None:
        """Ignore."""

    def ended(self, outcome: "Outcome") -> None:
        """Tell once, as a warning, that a file was pinned on its first use."""
        if not outcome.first_use:
            return
        from logging import getLogger

        getLogger("evio_data").warning(
            "%s: nobody has published its SHA-256; pinned on first use to %s. "
            "`evio-data pin` writes it into a registry for others.",
            outcome.name,
            outcome.sha256,
        )


def open_collection(
    registry: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Collection:
    """Return the collection that the arguments, else the environment, else the defaults say."""
    settings = from_environment()
    path = os.fspath(registry) if registry else settings.registry or _registry.shipped_path()
    root = os.fspath(cache_dir) if cache_dir else settings.cache_dir or default_cache_dir()
    return Collection(_registry.load(path), cache_at(root), settings)


def cache_at(root: str) -> Cache:
    """Return the cache in a folder: one object a folder, for what only its memory knows."""
    return _cache(os.path.abspath(os.path.expanduser(root)))  # noqa: PTH100, PTH111


@cache
def _cache(root: str) -> Cache:
    return Cache(root)
