"""A registry as a `pooch.Pooch`: pooch's whole interface, over our cache and our transfers."""

import os
import shlex
from collections.abc import Callable
from typing import Any

import pooch

from . import _registry
from ._cache import Cache
from ._collection import Collection, open_collection
from ._downloader import DriveDownloader, as_sha256
from ._registry import UNPINNED, Entry, RegistryFile
from ._settings import from_environment
from ._watching import watching
from .errors import UnknownDatasetError

Processor = Callable[[str, str, Any], Any]
Downloader = Callable[..., Any]


class Registry(pooch.Pooch):  # type: ignore[misc]
    """A `pooch.Pooch` whose files come verified, resumed, and once for all processes.

    Everything that pooch offers is there: ``registry``, ``urls``, ``get_url``, ``load_registry``,
    ``is_available``, ``registry_files``, processors. Files with a SHA-256 (or none) at an
    HTTP(S) URL or on Google Drive are fetched our way; for other hashes and protocols, and
    where a ``downloader`` is given, pooch does what it always did.

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

    _file = RegistryFile({})  # what `open` has read: mirrors, and names in their order

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
        entries = collection.registry.entries.values()
        opened = cls(
            path=collection.cache.root,
            base_url="",
            registry={entry.name: entry.sha256 for entry in entries},
            urls={entry.name: _url(entry) for entry in entries},
        )
        opened._file = collection.registry
        return opened

    def fetch(
        self,
        fname: str,
        processor: Processor | None = None,
        downloader: Downloader | None = None,
        progressbar: Any = False,  # noqa: FBT002 - pooch's
    ) -> Any:
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
            Of the kind that says why the file could not be had.
        """
        name = self._name(fname)
        if downloader is not None or not self._is_ours(name):
            return super().fetch(name, processor, downloader, progressbar)
        collection = self._collection()
        slot = collection.cache.slot(name)
        was_there = slot.status() is not None
        if was_there and not self.allow_updates and not self._is_right(collection, name):
            raise ValueError(f"{name} needs to be updated, but updates are not allowed.")
        entry = self._entry(name)
        if slot.is_warm(entry.sha256):
            action = "fetch"
        else:
            with watching(progressbar) as watcher:
                (outcome,) = collection.obtain([entry], watcher=watcher)
            if outcome.error is not None:
                raise outcome.error
            action = _action(outcome.status, was_there=was_there)
        return slot.final if processor is None else processor(slot.final, action, self)

    def load_registry(self, fname: Any) -> None:
        """Add the lines of a registry file, in pooch's two or three columns.

        Parameters
        ----------
        fname : path or file
        """
        super().load_registry(fname)
        for name, known_hash in self.registry.items():
            if known_hash == UNPINNED:
                self.registry[name] = None

    def is_available(self, fname: str, downloader: Downloader | None = None) -> bool:
        """Say whether the server would send a file, without downloading it.

        Parameters
        ----------
        fname : str
        downloader : callable, optional
            One of pooch's downloaders, to ask it instead.
        """
        name = self._name(fname)
        if downloader is None and self._is_http(name):
            downloader = DriveDownloader()
        return bool(super().is_available(name, downloader))

    def get_url(self, fname: str) -> str:
        """Return the URL that a file is downloaded from."""
        return str(super().get_url(self._name(fname)))

    # --- ours and pooch's ----------------------------------------------------------------------

    def _name(self, fname: str) -> str:
        if fname in self.registry:
            return fname
        entries = {name: Entry(name, None, "") for name in self.registry}
        return RegistryFile(entries).find(fname).name

    def _assert_file_in_registry(self, fname: str) -> None:
        if fname not in self.registry:
            raise UnknownDatasetError(f"no dataset {fname!r} in the registry.")

    def _is_http(self, name: str) -> bool:
        return str(super().get_url(name)).lower().startswith(("https:", "http:"))

    def _is_ours(self, name: str) -> bool:
        known_hash = self.registry[name]
        return self._is_http(name) and (known_hash is None or as_sha256(known_hash) is not None)

    def _entry(self, name: str) -> Entry:
        known = self._file.entries.get(name)
        known_hash, url = as_sha256(self.registry[name]), self.get_url(name)
        if known is not None and known.sha256 == known_hash and _url(known) == url:
            return known
        line = shlex.join([name, known_hash or UNPINNED, url])
        return _registry.parse(line, source="registry").entries[name]

    def _collection(self) -> Collection:
        return Collection(self._file, Cache(str(self.abspath)), from_environment())

    def _is_right(self, collection: Collection, name: str) -> bool:
        slot, entry = collection.cache.slot(name), self._entry(name)
        known = slot.known_hash(entry.sha256)
        return slot.is_warm(entry.sha256) or known in (None, slot.check(entry.sha256))


def _url(entry: Entry) -> str:
    return entry.url if entry.size is None else f"{entry.url}#size={entry.size}"


def _action(status: str, *, was_there: bool) -> str:
    if status == "present":
        return "fetch"
    return "update" if was_there else "download"
