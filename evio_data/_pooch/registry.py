"""A registry as a `pooch.Pooch`: pooch's whole interface, over our cache and our transfers."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, cast, overload

import pooch

from .._cache.files import CachedFile
from .._collection import Collection, cache_at, open_collection
from .._progress.adapters import progress_for
from .._registry.hashes import worded
from .._registry.names import MAX_NAME, check_name
from .._registry.parser import UNPINNED, checked_hash, columns, refuse_backslash
from .._registry.registry import Entry, RegistryIndex
from .._settings import from_environment, waiting
from .._text import clean
from ..errors import ChecksumError, RegistryError, UnknownDatasetError
from .downloader import DriveDownloader
from .entries import as_entry, refuse_offline
from .errors import MalformedRegistryError, MismatchError, for_pooch

Result = TypeVar("Result")
Processor = Callable[[str, Any, Any], Result]
Downloader = Callable[..., Any]

MAX_RETRY_WAIT = 10  # seconds; pooch's own


class Registry(pooch.Pooch):  # type: ignore[misc]
    """A `pooch.Pooch` whose files come verified, resumed, and once for all processes.

    Everything that pooch offers is there: ``registry``, ``urls``, ``get_url``, ``load_registry``,
    ``is_available``, ``registry_files``, processors. Files at an HTTP(S) URL or on Google
    Drive are fetched our way, whatever the kind of their hash; for other protocols, and where a
    ``downloader`` is given, pooch does what it always did.

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

    _mirrors = RegistryIndex({})  # of what `open` has read, the mirrors only
    _index: tuple[object, RegistryIndex] | None = None  # basenames, and when they were true

    @classmethod
    def open(
        cls,
        path: str | os.PathLike[str],
        cache_dir: str | os.PathLike[str] | None = None,
    ) -> "Registry":
        """Return the registry in a file, checked line by line.

        Parameters
        ----------
        path : path
            A ``registry.txt``: name, SHA-256 (or ``unpinned``) and URL on each line.
        cache_dir : path, optional
            Where the files go; else ``EVIO_DATA_DIR``, else ``pooch.os_cache("evio-data")``.

        Raises
        ------
        RegistryError
            At the first line that breaks a rule.
        """
        collection = open_collection(path, cache_dir)
        file = collection.registry
        opened = cls(
            path=Path(collection.cache.root),
            base_url="",
            registry={name: entry.hash for name, entry in file.entries.items()},
            urls={name: _url(entry) for name, entry in file.entries.items()},
        )
        opened._mirrors = RegistryIndex(
            {}, mirrors=file.mirrors, prefer_mirrors=file.prefer_mirrors
        )
        return opened

    @classmethod
    def create(cls, *args: Any, **kwargs: Any) -> "Registry":
        """Return what `pooch.create` returns for the same arguments, as a registry of ours.

        Parameters
        ----------
        *args, **kwargs
            Those of `pooch.create`: path, base URL, version, ``env``, registry and so on.
        """
        pup = pooch.create(*args, **kwargs)
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
        """Return the absolute path of a verified file, downloaded the first time.

        Parameters
        ----------
        fname : str
            A key of ``registry``, or a basename that only one key has.
        processor : callable, optional
            As pooch's: called with the path, ``"download"``, ``"update"`` or ``"fetch"``, and
            this registry; what it returns is returned.
        downloader : callable, optional
            One of pooch's downloaders, to be used instead of ours.
        progressbar : bool or object
            As pooch's.

        Returns
        -------
        str
            The path (or what the processor returns).

        Raises
        ------
        EvioDataError
            Of the kind that says why the file could not be had. Where pooch raises a
            `ValueError`, it is one too.
        """
        name = self._name(fname)
        known_hash = self._checked(name)
        if downloader is not None or not self._is_http(name):
            downloader = self._theirs(name, downloader, progressbar)
            return cast("str | Result", super().fetch(name, processor, downloader, progressbar))
        entry = as_entry(name, known_hash, self.get_url(name))
        cached_file = cache_at(str(self.abspath)).cached_file(name)
        action = (
            "fetch"
            if cached_file.is_warm(entry.hash)
            else self._obtain(entry, cached_file, progressbar)
        )
        return (
            cached_file.final if processor is None else processor(cached_file.final, action, self)
        )

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
        registry: dict[str, str | None] = {}
        urls: dict[str, str] = {}
        try:
            for name, known_hash, *url in _lines(_text(fname)):
                registry[name] = None if known_hash == UNPINNED else known_hash
                if url:
                    urls[name] = url[0]
        except MalformedRegistryError as error:
            source = fname if isinstance(fname, str | os.PathLike) else getattr(fname, "name", "")
            raise error.about(clean(str(source) or "registry", MAX_NAME)) from error.__cause__
        self.registry.update(registry)
        self.urls.update(urls)

    def is_available(self, fname: str, downloader: Downloader | None = None) -> bool:
        """Say whether the server would send a file, without downloading it.

        Parameters
        ----------
        fname : str
        downloader : callable, optional
            One of pooch's downloaders, to ask it instead.
        """
        name = self._name(fname)
        return bool(super().is_available(name, self._theirs(name, downloader)))

    def get_url(self, fname: str) -> str:
        """Return the URL that a file is downloaded from."""
        return str(super().get_url(self._name(fname)))

    # --- names, as the two dictionaries have them now -------------------------------------------

    def _name(self, fname: str) -> str:
        if fname in self.registry:
            return fname
        try:
            return self._basenames().find(fname).name
        except UnknownDatasetError as error:
            raise for_pooch(error) from error.__cause__

    def _assert_file_in_registry(self, fname: str) -> None:
        self._name(fname)

    def _basenames(self) -> RegistryIndex:
        # The dictionary is the user's; its length and last key tell whether it was changed.
        now = (id(self.registry), len(self.registry), next(reversed(self.registry), None))
        if self._index is None or self._index[0] != now:
            entries = {name: Entry(name, None, "") for name in list(self.registry)}
            self._index = (now, RegistryIndex(entries))
        return self._index[1]

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
            raise RegistryError(str(error), advice="Correct the registry.") from error
        return known_hash

    def _is_http(self, name: str) -> bool:
        return self.get_url(name).lower().startswith(("https:", "http:"))

    # --- our way, and pooch's -------------------------------------------------------------------

    def _obtain(self, entry: Entry, cached_file: CachedFile, progressbar: Any) -> str:
        """Have the file verified in its place; return what pooch calls that."""
        there = cached_file.status() is not None
        if there and not self.allow_updates:
            _forbid_update(entry, cached_file)
        settings = from_environment()
        settings = settings._replace(retries=max(settings.retries, self.retry_if_failed))
        collection = Collection(self._mirrors, cache_at(str(self.abspath)), settings)
        for failures in range(1, 2 + self.retry_if_failed):
            with progress_for(progressbar) as watcher:
                (outcome,) = collection.obtain([entry], watcher=watcher)
            # Bad connections have been retried already; this is pooch's for wrong hashes.
            is_mismatch = isinstance(outcome.error, ChecksumError) and not settings.offline
            if not is_mismatch or failures > self.retry_if_failed:
                break
            time.sleep(waiting(min(failures, MAX_RETRY_WAIT)))
        if outcome.error is not None:
            raise for_pooch(outcome.error) from outcome.error.__cause__
        if outcome.status == "present":
            return "fetch"
        return "update" if there else "download"

    def _theirs(
        self,
        name: str,
        downloader: Downloader | None,
        progressbar: Any = False,  # noqa: FBT002 - pooch's
    ) -> Downloader | None:
        """Return the downloader that pooch shall use for a file; None leaves the choice to it."""
        if from_environment().offline:
            return refuse_offline
        if downloader is None and self._is_http(name):
            return DriveDownloader(progressbar)
        return downloader


def _url(entry: Entry) -> str:
    return entry.url if entry.size is None else f"{entry.url}#size={entry.size}"


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


def _check_hash(known_hash: str | None) -> None:
    """Refuse a known hash without a kind that is no SHA-256; of the others, `fetch` speaks."""
    if known_hash is not None and ":" not in known_hash:
        checked_hash(known_hash)


def _text(file: Any) -> str:
    if hasattr(file, "read"):
        data = file.read()
    else:
        with open(file, "rb") as opened:  # noqa: PTH123
            data = opened.read()
    return data if isinstance(data, str) else _decoded(data)


def _decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise _located(RegistryError("is not UTF-8 text."), line) from error


def _lines(text: str) -> Iterator[list[str]]:
    """Return the two or three columns of each line; pooch's own way needs seconds for 100,000."""
    for number, line in enumerate(text.split("\n"), start=1):
        if line.lstrip().startswith("#"):
            continue
        try:
            refuse_backslash(line)
            words = columns(line)
            if words:
                yield _checked_columns(words)
        except RegistryError as error:
            raise _located(error, number) from error


def _checked_columns(words: list[str]) -> list[str]:
    if len(words) not in (2, 3):
        raise RegistryError(f"has {len(words)} columns; wanted: name, hash and, if need be, url.")
    check_name(words[0])
    words[1] = words[1].lower()
    _check_hash(words[1])
    return words


def _located(error: RegistryError, line: int) -> MalformedRegistryError:
    located = MalformedRegistryError(f"line {line}: {error}", advice="Correct the registry file.")
    located.line = line
    return located
