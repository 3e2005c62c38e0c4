"""A registry together with its cache: fetch, prefetch and verify by name."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from typing import TYPE_CHECKING

from ._cache.files import Cache, CachedFile
from ._http.options import NO_OPTIONS, RequestOptions
from ._registry.hashes import is_strong
from ._registry.parser import DOI, load, shipped_path
from ._registry.registry import Entry, Name, RegistryIndex
from ._settings import Settings, default_cache_dir, expanded, from_environment
from .errors import EvioDataError, OfflineError, RegistryError

if TYPE_CHECKING:
    from pathlib import Path

    from ._report import Outcome, Report
    from ._sources.base import Source
    from ._sources.doi import Records
    from ._transfer.jobs import Job
    from ._transfer.listener import ProgressListener
from ._progress.log import LogProgress

CONNECTIONS = 3  # what evio's downloader has used; Drive publishes no limit
MAX_CONNECTIONS = 32


class Collection:
    """The files of one registry in one cache.

    Parameters
    ----------
    registry : RegistryIndex
    cache : Cache or None
        None is the default one, which must be there only when it is used.
    settings : Settings
    options : RequestOptions, optional
        What the caller wants of requests to a registered host.
    """

    def __init__(
        self,
        registry: RegistryIndex,
        cache: Cache | None,
        settings: Settings,
        options: RequestOptions = NO_OPTIONS,
    ) -> None:
        self.registry = registry
        self.settings = settings
        self._cache = cache
        self.options = options
        self._records: Records | None = None

    @property
    def cache(self) -> Cache:
        """The folder on disk.

        Raises
        ------
        EvioDataError
            If it is the default one, and this user has no home folder.
        """
        if self._cache is None:
            self._cache = cache_at(default_cache_dir())
        return self._cache

    def cached_file(self, entry: Entry) -> CachedFile:
        """Return the place of an entry's file."""
        return self.cache.cached_file(entry)

    def fetch(
        self, name: Name, *, watcher: "ProgressListener | None" = None, verify: bool = False
    ) -> "Path":
        """Return the path of one verified file, received if it is not there.

        Raises
        ------
        EvioDataError
            Of the kind that says why it could not be had.
        """
        entry = self.registry.find(name)
        cached_file = self.cached_file(entry)
        try:
            if not verify and cached_file.is_warm(entry.hash, claim=True):
                return cached_file.path
        except EvioDataError as error:
            raise error.about(entry.name) from None
        outcome = self.obtain([entry], watcher=watcher, verify=verify)[0]
        if outcome.error is not None:
            raise outcome.error
        return cached_file.path

    def prefetch(
        self,
        patterns: Iterable[Name] = (),
        *,
        connections: int = CONNECTIONS,
        watcher: "ProgressListener | None" = None,
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
        watcher: "ProgressListener | None" = None,
        verify: bool = False,
        sizes: dict[str, int] | None = None,
    ) -> "list[Outcome]":
        """Return an outcome for each entry, in their order, receiving what is not there."""
        if not 1 <= connections <= MAX_CONNECTIONS:
            raise ValueError(f"concurrency is {connections}; 1 to {MAX_CONNECTIONS} are possible.")
        watcher = watcher or LogProgress()
        found = {} if verify else self._warm(entries)
        for outcome in found.values():
            watcher.finished(outcome)
        wanted = [entry for entry in entries if entry.name not in found]
        outcomes: list[Outcome] = []
        if self.settings.offline:
            outcomes = [self._offline(entry, verify=verify) for entry in wanted]
            for outcome in outcomes:
                watcher.finished(outcome)
        elif wanted:
            resolved, outcomes = self._resolved(wanted)
            for outcome in outcomes:
                watcher.finished(outcome)
            jobs = [
                self.job(entry, verify=verify, sizes=sizes or {}, resolved=address)
                for entry, address in resolved
            ]
            outcomes += self._received(jobs, connections=connections, watcher=watcher)
        found.update((outcome.name, outcome) for outcome in outcomes)
        return [found[entry.name] for entry in entries]

    def _received(
        self, jobs: "list[Job]", *, connections: int, watcher: "ProgressListener"
    ) -> "list[Outcome]":
        from ._transfer.engine import Engine

        return Engine(
            jobs,
            connections=connections,
            timeout=self.settings.timeout,
            retries=self.settings.retries,
            brief=self.settings.brief,
            watcher=watcher,
        ).run()

    def _resolved(
        self, entries: Sequence[Entry]
    ) -> "tuple[list[tuple[Entry, Entry]], list[Outcome]]":
        """Return each entry, and the same with the address of the file that a DOI stands for."""
        resolved, failed = [], []
        for entry in entries:
            try:
                there = os.path.lexists(self.cached_file(entry).final)
                resolved.append((entry, entry if there else self._with_address(entry)))
            except EvioDataError as error:
                failed.append(_failed(entry, error))
        return resolved, failed

    def _with_address(self, entry: Entry) -> Entry:
        if not entry.url.startswith(DOI):
            return entry
        from ._sources.doi import Records

        self._records = self._records or Records(
            timeout=self.settings.timeout, retries=self.settings.retries, options=self.options
        )
        return self._records.resolved(entry)

    def _warm(self, entries: Sequence[Entry]) -> "dict[str, Outcome]":
        from ._cache.check import hash_state
        from ._report import Outcome

        found = {}
        for entry in entries:
            cached_file = self.cached_file(entry)
            try:
                warm = cached_file.is_warm(entry.hash, claim=True)
            except EvioDataError:
                continue  # the engine says it in the file's outcome
            if warm:
                stamp = cached_file.stamp()
                found[entry.name] = Outcome(
                    entry.name,
                    "present",
                    cached_file.path,
                    stamp.size if stamp else None,
                    hash=stamp.hash if stamp else entry.hash,
                    hash_state=hash_state(entry, pins=cached_file.pins),
                )
        return found

    def _offline(self, entry: Entry, *, verify: bool) -> "Outcome":
        from ._cache.check import check_cached

        try:
            found = check_cached(entry, self.cached_file(entry), verify=verify)
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
        self,
        entry: Entry,
        *,
        verify: bool = False,
        sizes: dict[str, int] | None = None,
        resolved: Entry | None = None,
    ) -> "Job":
        """Return the order to receive one file; names that mean the same one share a lock."""
        from ._transfer.jobs import Job

        cached_file, address = self.cached_file(entry), resolved or entry
        size = address.size if address.size is not None else (sizes or {}).get(entry.name)
        same = [self.cached_file(each) for each in self.registry.same_file(entry)]
        return Job(
            address,
            cached_file,
            cache(lambda: self.sources(address)),
            size,
            partial(self._present, address, cached_file, same, verify=verify),
            same[0].state / "lock" if same else None,
        )

    @staticmethod
    def _present(
        entry: Entry, cached_file: CachedFile, same: list[CachedFile], *, verify: bool
    ) -> "Outcome | None":
        from ._cache.check import check_cached
        from ._cache.twins import copied_from_twin

        found = check_cached(entry, cached_file, verify=verify)
        others = [each for each in same if each.final != cached_file.final]
        return found or copied_from_twin(entry, cached_file, others)

    def sources(self, entry: Entry) -> "list[Source]":
        """Return where an entry's bytes may come from, in the order to be tried."""
        from ._sources.mirrors import ordered_sources

        origin = self._registered_source(entry)
        if not is_strong(entry.hash):
            return [origin]  # nothing would show that a mirror's bytes are the right ones
        before, after = self.settings.mirrors, self.registry.mirrors
        if self.registry.prefer_mirrors:
            before, after = before + after, ()
        patience = self.settings.timeout
        return ordered_sources(origin, entry.name, before=before, after=after, patience=patience)

    def _registered_source(self, entry: Entry) -> "Source":
        from ._sources.origin import LateSource, source_of

        if entry.url.startswith(DOI):
            return LateSource(entry.url, lambda: self._registered_source(self._with_address(entry)))
        return source_of(
            entry.url,
            endpoint=self.settings.endpoint,
            api_key=self.settings.api_key,
            options=self.options.at(entry.url) if self.options.host else self.options,
        )

    def verify(
        self, patterns: Iterable[Name] = (), on_progress: Callable[[int], None] | None = None
    ) -> "Report":
        """Hash what is cached again; a damaged file is a failed outcome, and stays where it is.

        ``told`` takes the bytes hashed, by and by, in several threads; what it raises ends it.
        """
        from ._report import Report
        from ._threads import mapped

        began = time.monotonic()
        entries = self.registry.select(patterns)
        threads = min(4, os.cpu_count() or 1)
        checked = mapped(lambda one: self._verified(one, on_progress), entries, threads=threads)
        outcomes = [outcome for outcome in checked if outcome]
        return Report(outcomes, seconds=time.monotonic() - began)

    def _verified(
        self, entry: Entry, on_progress: Callable[[int], None] | None
    ) -> "Outcome | None":
        from ._cache.check import check_cached

        cached_file = self.cached_file(entry)
        try:
            return check_cached(entry, cached_file, verify=True, on_progress=on_progress)
        except EvioDataError as problem:
            return _failed(entry, problem)._replace(path=cached_file.path)


def _failed(entry: Entry, error: EvioDataError) -> "Outcome":
    from ._report import Outcome

    return Outcome(entry.name, "failed", size=entry.size, error=error.about(entry.name))


def open_collection(
    registry: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | None = None,
) -> Collection:
    """Return the collection that the arguments, else the environment, else the defaults say."""
    settings = from_environment()
    root = os.fspath(cache_dir) if cache_dir else settings.cache_dir
    cache = cache_at(root) if root else None
    return Collection(load(registry_path(registry, settings)), cache, settings)


def registry_path(registry: str | os.PathLike[str] | None, settings: Settings) -> str:
    """Return the path of the registry that an argument, else the environment, else nobody names."""
    path = os.fspath(registry) if registry else settings.registry or shipped_path()
    try:
        return expanded(path, "the registry" if registry else "EVIO_DATA_REGISTRY")
    except EvioDataError as error:
        raise RegistryError(error.message, advice=error.advice) from error


def cache_at(root: str) -> Cache:
    """Return the cache in a folder: one object a folder, for what only its memory knows."""
    return _cache(os.path.abspath(expanded(root, "the cache folder")))  # noqa: PTH100


@cache
def _cache(root: str) -> Cache:
    return Cache(root)
