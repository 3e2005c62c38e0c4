"""fsspec's protocol ``evio-data``: open recordings by name."""

import errno
import os
from typing import Any, NoReturn

from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractFileSystem

from ._collection import Collection, open_collection
from ._registry.registry import Entry
from .errors import UnknownDatasetError


class EvioDataFileSystem(AbstractFileSystem):  # type: ignore[misc]
    """The recordings of a registry as a read-only file system.

    Listing asks the registry only; opening fetches, as `evio_data.fetch` does. What is opened is
    the verified file in the cache: it has a name and a file number, so that it can be mapped.

    Parameters
    ----------
    registry : path, optional
        Another ``registry.txt``; by default what ``EVIO_DATA_REGISTRY`` says, or the shipped one.
    cache_dir : path, optional
        Another cache.
    **storage_options
        fsspec's own.

    Examples
    --------
    >>> import fsspec
    >>> fs = fsspec.filesystem("evio-data")
    >>> fs.glob("fan/fan_const*")
    ['fan/fan_const_rpm.dat', 'fan/fan_const_rpm.raw']
    """

    protocol = "evio-data"
    local_file = True  # fsspec.open_local gives the paths of the cached files

    def __init__(
        self,
        registry: str | os.PathLike[str] | None = None,
        cache_dir: str | os.PathLike[str] | None = None,
        **storage_options: Any,
    ) -> None:
        super().__init__(**storage_options)
        self._registry = registry
        self._cache_dir = cache_dir

    @classmethod
    def _strip_protocol(cls, path: Any) -> Any:
        stripped = super()._strip_protocol(path)
        return (
            [each.lstrip("/") for each in stripped]
            if isinstance(stripped, list)
            else (stripped.lstrip("/"))
        )

    # --- listing ------------------------------------------------------------------------------

    def ls(self, path: str, detail: bool = True, **kwargs: Any) -> list[Any]:  # noqa: FBT001, FBT002
        """Return what is in a folder of the registry, or the one file that a path names.

        Raises
        ------
        FileNotFoundError
            If the registry has nothing of this name.
        """
        collection, folder = self._opened(), self._strip_protocol(path)
        found = _children(collection, folder)
        if not found and folder:
            found = [_file(collection, _find(collection, folder))]
        return found if detail else [each["name"] for each in found]

    def info(self, path: str, **kwargs: Any) -> dict[str, Any]:
        """Return the registry key of a path, its kind, and its size where that is known.

        Raises
        ------
        FileNotFoundError
            If the registry has nothing of this name.
        """
        collection, name = self._opened(), self._strip_protocol(path)
        if not name or _is_folder(collection, name):
            return _folder(name)
        return _file(collection, _find(collection, name))

    # --- reading ------------------------------------------------------------------------------

    def _open(self, path: str, mode: str = "rb", *args: Any, **kwargs: Any) -> Any:
        if mode != "rb":
            self._refuse(path)
        collection = self._opened()
        if _is_folder(collection, path):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
        return LocalFileSystem().open(collection.fetch(_find(collection, path).name), mode)

    def _opened(self) -> Collection:
        # Anew each time: the environment and the registry may have changed since.
        return open_collection(self._registry, self._cache_dir)

    # --- what a read-only file system refuses --------------------------------------------------

    def _refuse(self, path: str, *args: Any, **kwargs: Any) -> NoReturn:
        raise OSError(
            errno.EROFS, "evio-data is read-only: `registry.txt` says what there is", path
        )

    mkdir = makedirs = rmdir = rm_file = cp_file = _refuse


def _find(collection: Collection, name: str) -> Entry:
    try:
        return collection.registry.find(name)
    except UnknownDatasetError as error:
        raise FileNotFoundError(errno.ENOENT, str(error), name) from error


def _is_folder(collection: Collection, name: str) -> bool:
    return any(key.startswith(f"{name}/") for key in collection.registry.entries)


def _children(collection: Collection, folder: str) -> list[dict[str, Any]]:
    prefix = f"{folder}/" if folder else ""
    found: dict[str, dict[str, Any]] = {}
    for name, entry in collection.registry.entries.items():
        if name.startswith(prefix):
            first, slash, _ = name.removeprefix(prefix).partition("/")
            child = prefix + first
            if child not in found:
                found[child] = _folder(child) if slash else _file(collection, entry)
    return list(found.values())


def _folder(name: str) -> dict[str, Any]:
    return {"name": name, "size": 0, "type": "directory"}


def _file(collection: Collection, entry: Entry) -> dict[str, Any]:
    size = entry.size
    if size is None:
        stamp = collection.cached_file(entry).stamp()
        size = stamp.size if stamp else None
    return {"name": entry.name, "size": size, "type": "file"}
