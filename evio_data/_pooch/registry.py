"""A registry as a `pooch.Pooch`: pooch's whole interface over our cache and downloads."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar, cast, overload

import pooch
from pooch import get_logger
from pooch.core import create as _create  # `pooch.create` may be our own by now

from .._collection import CONNECTIONS, Collection, cache_at, open_collection
from .._info import Info, describe
from .._progress.adapters import progress_for
from .._progress.log import LogProgress
from .._registry.hashes import as_hash
from .._registry.names import MAX_NAME, check_name
from .._registry.parser import UNPINNED, checked_hash
from .._registry.registry import Entry, RegistryIndex
from .._report import Report
from .._settings import from_environment
from .._text import clean
from ..errors import RegistryError, UnknownDatasetError
from .downloader import available_now
from .entries import as_entry, refuse_offline
from .errors import UnknownNameError, for_pooch
from .loading import load, source_of
from .looks import as_html, described
from .obtaining import ByHash, Order, action_of, obtain, obtain_theirs
from .processing import processed
from .ways import allowed, way_for

Result = TypeVar("Result")
Processor = Callable[[str, Any, Any], Result]
Downloader = Callable[..., Any]


class Registry(pooch.Pooch):  # type: ignore[misc]
    """A `pooch.Pooch` whose downloads resume and are shared by all processes.

    It has everything that pooch has: ``registry``, ``urls``, ``get_url``, ``load_registry``,
    ``is_available``, ``registry_files``, processors. It downloads files from Google Drive and
    from HTTP(S) URLs itself, with every kind of hash; for other protocols, and if a
    ``downloader`` is given, it leaves the download to pooch.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from evio_data import Registry
    >>> from evio_data.testing import DriveServer
    >>> with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
    ...     os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    ...     fan = server.add("fan.raw", b"% evt 3.0", large=True)
    ...     _ = Path(folder, "registry.txt").write_text(fan.registry_line("fans/fan.raw"))
    ...     registry = Registry.open(Path(folder, "registry.txt"), cache_dir=folder)
    ...     registry.registry_files, Path(registry.fetch("fan.raw")).read_bytes()
    (['fans/fan.raw'], b'% evt 3.0')
    """

    _read = RegistryIndex({})  # what `open` has read, apart from the entries
    _source = ""  # the registry file that was read last
    _opened = False  # by `open`: basenames stand for keys
    _index: tuple[list[str], RegistryIndex] | None = None  # of the names, and when it was true

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> "Registry":
        """Read a registry file, and check every line.

        Parameters
        ----------
        path : path
            A ``registry.txt``: name, SHA-256 (or ``unpinned``) and URL on each line.
        cache_dir : path, optional
            Folder of the files; default ``EVIO_DATA_DIR``, or ``pooch.os_cache("evio-data")``.

        Raises
        ------
        RegistryError
            At the first invalid line.
        """
        collection = open_collection(path, cache_dir)
        file = collection.registry
        opened = cls(
            path=Path(collection.cache.root),
            base_url="",
            registry={name: entry.hash for name, entry in file.entries.items()},
            urls={name: _url(entry) for name, entry in file.entries.items()},
        )
        opened._read = RegistryIndex(
            {}, mirrors=file.mirrors, prefer_mirrors=file.prefer_mirrors, facts=file.facts
        )
        opened._opened, opened._source = True, clean(os.fspath(path), MAX_NAME)
        return opened

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> "Registry":
        """Return a registry for the arguments of `pooch.create`.

        Parameters
        ----------
        *args, **kwargs
            Those of `pooch.create`: path, base URL, version, ``env``, registry and so on.
        """
        pup = _create(*args, **kwargs)
        return cls(
            path=pup.path,
            base_url=pup.base_url,
            registry=pup.registry,
            urls=pup.urls,
            retry_if_failed=pup.retry_if_failed,
            allow_updates=pup.allow_updates,
        )

    @overload
    def fetch(
        self,
        fname: str,
        processor: None = None,
        downloader: Downloader | None = None,
        progressbar: Any = ...,
    ) -> str: ...

    @overload
    def fetch(
        self,
        fname: str,
        processor: Processor[Result],
        downloader: Downloader | None = None,
        progressbar: Any = ...,
    ) -> Result: ...

    def fetch(
        self,
        fname: str,
        processor: Processor[Result] | None = None,
        downloader: Downloader | None = None,
        progressbar: Any = False,  # noqa: FBT002 - pooch's
    ) -> str | Result:
        """Return the absolute path of a verified file, and download it the first time.

        Parameters
        ----------
        fname : str
            A key of ``registry``, or a basename that only one key has.
        processor : callable, optional
            As pooch's: called with the path, ``"download"``, ``"update"`` or ``"fetch"``, and
            this registry; what it returns is returned.
        downloader : callable, optional
            One of pooch's downloaders, used instead of ours.
        progressbar : bool or object
            As pooch's.

        Returns
        -------
        str
            The path (or what the processor returns).

        Raises
        ------
        EvioDataError
            If the file is not available; the class says why. Where pooch raises a
            `ValueError`, it is one too.
        """
        name = self._name(fname)
        known_hash = self._checked(name)
        url = self.get_url(name)
        way = way_for(url, downloader, progressbar)
        cached_file = cache_at(str(self.abspath)).cached_file(name)
        if way is None:

            def had() -> str:
                return self._obtain_theirs(name, known_hash, downloader, progressbar)
        else:
            order = self._order(as_entry(name, known_hash, url))

            def had() -> str:
                return obtain(order, way)

        if processor is None:
            had()
            return cached_file.final
        return cast("Result", processed(cached_file, processor, self, had, _tell(name)))

    def load_registry(self, fname: Any) -> None:
        """Add the lines of a registry file, in pooch's two or three columns.

        Parameters
        ----------
        fname : path or file

        Raises
        ------
        RegistryError
            At the first line that breaks a rule; nothing is added then.
        """
        loaded = load(fname)
        self._source = source_of(fname)
        self.registry.update(loaded.registry)
        self.urls.update(loaded.urls)

    def load_registry_from_doi(self) -> None:
        """Add the files that the repository of the base URL's DOI has, with their hashes.

        Raises
        ------
        OfflineError
            If ``EVIO_DATA_OFFLINE`` is set.
        """
        if from_environment().offline:
            refuse_offline(self.base_url)
        super().load_registry_from_doi()

    def is_available(self, fname: str, downloader: Downloader | None = None) -> bool:
        """Return whether the server would send a file, without downloading it.

        Parameters
        ----------
        fname : str
        downloader : callable, optional
            One of pooch's downloaders, to ask it instead.
        """
        name = self._name(fname)
        way = way_for(self.get_url(name), downloader, progressbar=False)
        if way is None:
            return bool(super().is_available(name, allowed(downloader)))
        if from_environment().offline:
            refuse_offline(self.get_url(name))
        entry = as_entry(name, None, self.get_url(name))
        return available_now(entry, from_environment(), way.options)

    def get_url(self, fname: str) -> str:
        """Return the URL that a file is downloaded from."""
        return str(super().get_url(self._name(fname)))

    # --- as the functions of the package --------------------------------------------------------

    def prefetch(
        self,
        patterns: Iterable[str] = (),
        *,
        concurrency: int = CONNECTIONS,
        progressbar: bool = False,
        verify: bool = False,
    ) -> Report:
        """Have many files at once; one that cannot be had does not stop the others.

        Parameters
        ----------
        patterns : iterable of str
            Names or globs; none means all.
        concurrency : int
            Connections in all, 1 to 32.
        progressbar : bool
        verify : bool
            Hash cached files again.

        Returns
        -------
        Report
            What became of each file.
        """
        with progress_for(progressbar) as watcher:
            return self._collection().prefetch(
                self._meant(patterns), connections=concurrency, watcher=watcher, verify=verify
            )

    def verify(self, patterns: Iterable[str] = ()) -> Report:
        """Hash what is cached again, and say which files are damaged; nothing is deleted.

        Parameters
        ----------
        patterns : iterable of str
            Names or globs; none means all.
        """
        return self._collection().verify(self._meant(patterns))

    def info(self, name: str) -> Info:
        """Return what is known of one file, without downloading anything.

        Parameters
        ----------
        name : str
            A key of ``registry``; in a registry made by `open`, also a basename that one key has.
        """
        collection = self._collection()
        return describe(collection, collection.registry.entries[self._name(name)])

    def names(self, pattern: str = "*") -> list[str]:
        """Return the keys that a name or a glob means."""
        selected = self._names_index().select(self._meant([pattern]))
        return [entry.name for entry in selected]

    def __repr__(self) -> str:
        return f"<Registry: {described(self)}>"

    def _repr_html_(self) -> str:
        return as_html(self, self._collection)

    # --- names, as the two dictionaries have them now -------------------------------------------

    def _name(self, fname: str) -> str:
        if fname in self.registry:
            return fname
        try:
            found = self._names_index().find(fname).name
        except UnknownDatasetError as error:
            raise for_pooch(error) from error.__cause__
        if self._opened:
            return found
        # As in pooch: elsewhere a name is a key, or it is wrong.
        unknown = UnknownNameError(
            f"no dataset {clean(str(fname))!r} in the registry.", advice=f"Did you mean {found!r}?"
        )
        unknown.candidates = (found,)
        raise unknown

    def _meant(self, patterns: Iterable[str]) -> list[str]:
        """Return patterns with the keys that names in them stand for."""
        patterns = (patterns,) if isinstance(patterns, str) else patterns
        return [pattern if _is_glob(pattern) else self._name(pattern) for pattern in patterns]

    def _assert_file_in_registry(self, fname: str) -> None:
        self._name(fname)

    def _names_index(self) -> RegistryIndex:
        names = list(self.registry)  # which is the user's, to be changed at any time
        if self._index is None or self._index[0] != names:
            self._index = (names, RegistryIndex({name: Entry(name, None, "") for name in names}))
        return self._index[1]

    @property
    def _kind(self) -> type[Collection]:
        return Collection if self._opened else ByHash

    def _with_same_file(self, entry: Entry) -> RegistryIndex:
        """Return the mirrors, and the entries that have a file's source and hash."""
        known = self.registry.get(entry.name)
        names = [name for name, other in self.registry.items() if known and other == known]
        url = self.get_url(entry.name)
        same = {name: entry._replace(name=name) for name in names if self.get_url(name) == url}
        return self._index_of(same)

    def _index_of(self, entries: dict[str, Entry]) -> RegistryIndex:
        read = self._read
        return RegistryIndex(
            entries, mirrors=read.mirrors, prefer_mirrors=read.prefer_mirrors, facts=read.facts
        )

    def _collection(self) -> Collection:
        """Return all entries that our engine can have, with the cache."""
        entries = {}
        for name in self.registry:
            known_hash, url = self._checked(name), self.get_url(name)
            entries[name] = as_entry(name, known_hash, url, checked=False)
        return self._kind(self._index_of(entries), cache_at(str(self.abspath)), from_environment())

    def _checked(self, name: str) -> str | None:
        """Return a file's known hash; refuse a name or a hash that cannot be one."""
        if self.registry[name] == UNPINNED:
            self.registry[name] = None  # pooch's word for it
        known_hash: str | None = self.registry[name]
        try:
            check_name(name)
            if known_hash is not None:
                checked_hash(known_hash)
        except RegistryError as error:
            raise RegistryError(
                error.message, name=self._source or clean(name), advice="Correct the registry."
            ) from error
        return known_hash

    # --- our way, and pooch's -------------------------------------------------------------------

    def _order(self, entry: Entry) -> Order:
        def announce(verb: str) -> None:
            get_logger().info(
                "%s file '%s' from '%s' to '%s'.", verb, entry.name, entry.url, str(self.abspath)
            )

        return Order(
            entry,
            str(self.abspath),
            announce,
            self.retry_if_failed,
            self.allow_updates,
            lambda: self._with_same_file(entry),
            self._kind,
        )

    def _obtain_theirs(
        self,
        name: str,
        known_hash: str | None,
        downloader: Downloader | None,
        progressbar: Any,
    ) -> str:
        downloader = allowed(downloader)
        cached_file = cache_at(str(self.abspath)).cached_file(name)
        return obtain_theirs(
            cached_file,
            None if known_hash is None else as_hash(known_hash),
            lambda: str(super(Registry, self).fetch(name, action_of, downloader, progressbar)),
        )


def _tell(name: str) -> Callable[[str], None]:
    return lambda text: LogProgress().message(name, text)


def _is_glob(pattern: str) -> bool:
    return any(character in pattern for character in "*?[")


def _url(entry: Entry) -> str:
    if entry.size is not None:
        return f"{entry.url}#size={entry.size}"
    return entry.url if entry.about is None else f"{entry.url}#about={entry.about}"
