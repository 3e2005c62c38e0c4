"""The recordings of a test session: each is fetched at most once in a run."""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from .._collection import Collection, cache_at, open_collection
from .._registry.names import check_name
from .._registry.registry import Entry, Name, RegistryIndex, is_glob, spelled_name
from .._report import NOT_PUBLISHED
from .._settings import from_environment
from ..errors import EvioDataError, RegistryError
from .statistics import SessionStatistics


class SessionDatasets:
    """The files of one collection, for the length of one run of tests.

    Parameters
    ----------
    collection : Collection
    tally : SessionStatistics
        Is told what becomes of each file.
    """

    def __init__(self, collection: Collection, tally: SessionStatistics) -> None:
        self.collection = collection
        self._tally = tally
        self._errors: dict[str, EvioDataError] = {}

    def entries(self, patterns: Iterable[object]) -> list[Entry]:
        """Return the entries that names and globs mean, each once, in the order they are written.

        Raises
        ------
        UnknownDatasetError
            If a name or glob means nothing; it has the nearest names.
        RegistryError
            If something is no name at all.
        """
        found: dict[str, Entry] = {}
        for pattern in patterns:
            if not isinstance(pattern, str | os.PathLike):
                raise RegistryError(f"{pattern!r} is not the name of a dataset.")
            for entry in self.collection.registry.select([pattern]):
                found[entry.name] = entry
        return list(found.values())

    def is_one(self, pattern: Name) -> bool:
        """Say whether a pattern is one name, rather than a glob."""
        name = spelled_name(pattern)
        return name in self.collection.registry.entries or not is_glob(name)

    def prefetch(self, entries: Sequence[Entry], *, quiet: bool, folder: Path | None) -> None:
        """Have many files at once; what cannot be had is remembered.

        Parameters
        ----------
        entries : sequence of Entry
        quiet : bool
            A line for each file instead of bars.
        folder : path, optional
            Processes that name the same folder leave the work to one of them.
        """
        for entry in entries:
            self._tally.note(self.collection.cached_file(entry).final, "unfinished", 0)
        if folder is None:
            fetched = self._fetched(entries, quiet=quiet)
        else:
            from .run_once import once

            fetched = once(folder, self._key(entries), lambda: self._fetched(entries, quiet=quiet))
        self._remember(*fetched)

    def _fetched(self, entries: Sequence[Entry], *, quiet: bool) -> tuple[list[Any], float]:
        if self.collection.settings.offline:
            return self.collection.obtain(entries), 0.0
        from .._progress.screens import screen

        with screen(quiet=quiet) as watcher:
            outcomes = self.collection.obtain(entries, watcher=watcher)
            for outcome in outcomes:
                if outcome.first_use:
                    pinned = f"nobody has published its hash: {NOT_PUBLISHED} to {outcome.hash}"
                    watcher.message(outcome.name, pinned)
        return outcomes, watcher.seconds if any(outcome.received for outcome in outcomes) else 0.0

    def _key(self, entries: Sequence[Entry]) -> str:
        from hashlib import sha256

        what = (self.collection.cache.root, self.collection.settings, sorted(map(repr, entries)))
        return sha256(repr(what).encode()).hexdigest()

    def path(self, entry: Entry) -> Path:
        """Return the path of a verified file.

        Raises
        ------
        EvioDataError
            If it cannot be had; the network is not asked a second time.
        """
        if entry.name not in self._errors and not self._is_warm(entry):
            self._remember(self.collection.obtain([entry]))
        if entry.name in self._errors:
            raise self._errors[entry.name].with_traceback(None)  # which grows with each raise
        cached_file = self.collection.cached_file(entry)
        if cached_file.final not in self._tally.files:
            self._tally.note(cached_file.final, "present", 0)
        return cached_file.path

    def _is_warm(self, entry: Entry) -> bool:
        try:
            return self.collection.cached_file(entry).is_warm(entry.hash, claim=True)
        except EvioDataError:
            return False  # the outcome says what is in the way

    def _remember(self, outcomes: Sequence[Any], seconds: float | None = None) -> None:
        for outcome in outcomes:
            final = self.collection.cache.cached_file(outcome.name).final
            self._tally.note(final, outcome.status, outcome.received)
            if outcome.first_use:
                self._tally.pinned.add(final)
            if outcome.error is not None:
                self._errors[outcome.name] = outcome.error
        self._tally.seconds += sum(o.seconds for o in outcomes) if seconds is None else seconds


def datasets_from(source: Any, tally: SessionStatistics, *, offline: bool) -> SessionDatasets:
    """Return the supply of what a project calls its registry.

    Parameters
    ----------
    source : path or pooch.Pooch
        A ``registry.txt``, whose files go to the cache that the environment says; or a
        `Registry`, or another pooch, with its own cache.
    tally : SessionStatistics
    offline : bool
        Never touch the network, whatever the environment says.
    """
    if isinstance(source, str | os.PathLike):
        collection = open_collection(source)
    elif all(hasattr(source, name) for name in ("registry", "get_url", "abspath")):
        registry = _registry_of(source)
        collection = Collection(registry, cache_at(str(source.abspath)), from_environment())
    else:
        raise RegistryError(
            f"evio_data_registry is {source!r}.",
            advice="Let the fixture return the path of a registry.txt, or an evio_data.Registry.",
        )
    if offline:
        collection.settings = collection.settings._replace(offline=True)
    return SessionDatasets(collection, tally)


def _registry_of(pup: Any) -> RegistryIndex:
    """Return the entries of a pooch."""
    from .._pooch.entries import as_entry
    from .._registry.parser import UNPINNED, checked_hash

    entries = {}
    for name, known_hash in pup.registry.items():
        check_name(name)
        try:
            checked_hash(known_hash or UNPINNED)
        except RegistryError as error:
            raise error.about(name) from None
        entries[name] = as_entry(name, known_hash, pup.get_url(name))
    mirrors = getattr(pup, "_read", RegistryIndex({}))
    return RegistryIndex(entries, mirrors=mirrors.mirrors, prefer_mirrors=mirrors.prefer_mirrors)
