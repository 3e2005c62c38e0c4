"""Copy verified files to a mirror: a folder, or an object store."""

import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, Literal, NamedTuple, Protocol

from .._cache.copying import clone, copy_file, hash_stream
from .._cache.hashing import Digests
from .._collection import Collection
from .._files import as_cache_error, check_room, flush_folder, open_nofollow
from .._http.connection import TransportError
from .._mirror_urls import STORES, is_base, is_http
from .._registry.hashes import kind_of, worded
from .._registry.registry import Entry
from .._settings import expanded
from .._sources.object_store import opened_store, store_error
from .._text import clean
from ..errors import ChecksumError, DownloadError, EvioDataError

BLOCK = 4 * 1024 * 1024  # bytes of a mirrored file that are read back at once

Status = Literal["pushed", "present", "not verified", "failed"]


class Pushed(NamedTuple):
    """What became of one file at a mirror.

    Attributes
    ----------
    name : str
    status : {"pushed", "present", "not verified", "failed"}
    size : int
    error : EvioDataError or None
    """

    name: str
    status: Status
    size: int = 0
    error: EvioDataError | None = None


class Target(Protocol):
    """A place that becomes a mirror."""

    def size_of(self, name: str) -> int | None:
        """Return the bytes that are there under a key; None for nothing."""

    def hash_of(self, name: str, kind: str) -> str:
        """Read back what is there under a key, and hash it."""

    def put(self, name: str, path: Path, expected: str) -> None:
        """Store a file under a key; a half-stored one never has the key."""


def push(
    collection: Collection,
    target: str,
    entries: Iterable[Entry],
    *,
    check: bool = False,
    tell: Callable[[Pushed], None] = lambda pushed: None,  # noqa: ARG005
) -> list[Pushed]:
    """Copy the verified files of some entries to a mirror; those that are there stay.

    Parameters
    ----------
    collection : Collection
    target : str
        A folder, or a URL of an object store (``s3://bucket/prefix``).
    entries : iterable of Entry
    check : bool
        Read back what is there, instead of going by its size.
    tell : callable
        Told of each file.

    Raises
    ------
    EvioDataError
        If the target is none.
    """
    place = target_of(target)
    outcomes = []
    for entry in entries:
        outcome = _pushed(collection, place, entry, check=check)
        tell(outcome)
        outcomes.append(outcome)
    return outcomes


def target_of(target: str) -> Target:
    """Return the place that a word on the command line means.

    Raises
    ------
    EvioDataError
        For a URL that nobody can write to.
    """
    if "://" not in target:
        return FolderTarget(Path(expanded(target)))
    if is_http(target) or not is_base(target):
        raise EvioDataError(
            "cannot write to that URL.",
            advice=f"Name a folder, or a URL of {', '.join(STORES)}.",
        )
    return StoreTarget(target.rstrip("/"))


def _pushed(collection: Collection, place: Target, entry: Entry, *, check: bool) -> Pushed:
    cached_file = collection.cached_file(entry)
    try:
        stamp = cached_file.stamp() if cached_file.is_warm(entry.hash) else None
        if stamp is None:
            return Pushed(entry.name, "not verified")
        there = place.size_of(entry.name) == stamp.size
        if there and (not check or place.hash_of(entry.name, kind_of(stamp.hash)) == stamp.hash):
            return Pushed(entry.name, "present", stamp.size)
        place.put(entry.name, cached_file.path, stamp.hash)
    except EvioDataError as error:
        return Pushed(entry.name, "failed", error=error.about(entry.name))
    except TransportError as error:
        failure = DownloadError(f"{error}.", name=entry.name, advice="Run again.")
        return Pushed(entry.name, "failed", error=failure)
    return Pushed(entry.name, "pushed", stamp.size)


class FolderTarget:
    """A folder, to be served by any web server.

    Parameters
    ----------
    root : Path
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def size_of(self, name: str) -> int | None:
        """Return the bytes that are there under a key; None for nothing."""
        try:
            return (self._root / name).stat().st_size
        except OSError:
            return None

    def hash_of(self, name: str, kind: str) -> str:
        """Read back what is there under a key, and hash it."""
        try:
            with (self._root / name).open("rb") as file:
                return _hash_read(file, kind)
        except OSError as error:
            raise as_cache_error(error, self._root / name) from error

    def put(self, name: str, path: Path, expected: str) -> None:
        """Store a file under a key, hashed on the way."""
        final = self._root / name
        part = final.with_name(f".{os.urandom(6).hex()}.part")
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with (
                open_nofollow(path, os.O_RDONLY) as source,
                open_nofollow(part, os.O_RDWR | os.O_CREAT | os.O_EXCL) as made,
            ):
                actual = _copied(source, made, part, kind_of(expected))
                os.fsync(made.fileno())
            _check(actual, expected)
            part.replace(final)
            flush_folder(final.parent)
        except OSError as error:
            if isinstance(error, EvioDataError):
                raise
            raise as_cache_error(error, final) from error
        finally:
            with suppress(OSError):
                part.unlink()


def _hash_read(file: BinaryIO, kind: str) -> str:
    digests = Digests((kind,))
    hash_stream(file, digests)
    return digests.hashes()[kind]


def _copied(source: BinaryIO, made: BinaryIO, part: Path, kind: str) -> str:
    if clone(source, made):
        made.seek(0)
        return _hash_read(made, kind)
    count = os.fstat(source.fileno()).st_size
    check_room(count, part.parent)
    digests = Digests((kind,))
    copy_file(source, made, count, digests)
    return digests.hashes()[kind]


class StoreTarget:
    """A place in an object store that fsspec speaks to.

    Parameters
    ----------
    url : str
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._store, self._path = opened_store(url)
        self._store.use_listings_cache = False

    def size_of(self, name: str) -> int | None:
        """Return the bytes that are there under a key; None for nothing."""
        try:
            self._store.invalidate_cache()
            return int(self._store.info(f"{self._path}/{name}")["size"])
        except FileNotFoundError:
            return None
        except Exception as error:
            raise store_error(error, clean(self._url)) from error

    def hash_of(self, name: str, kind: str) -> str:
        """Read back what is there under a key, and hash it."""
        try:
            with self._store.open(f"{self._path}/{name}", "rb", block_size=BLOCK) as file:
                return _hash_read(file, kind)
        except Exception as error:
            raise store_error(error, clean(self._url)) from error

    def put(self, name: str, path: Path, expected: str) -> None:
        """Store a file under a key, hashed on the way; a store shows it when it is complete."""
        try:
            with open_nofollow(path, os.O_RDONLY) as source:
                target = self._store.open(f"{self._path}/{name}", "wb", autocommit=False)
                try:
                    _fill(target, source, expected)
                except BaseException:
                    for let_go in (target.discard, target.close):
                        with suppress(Exception):  # else the parts stay there, and are paid for
                            let_go()
                    raise
        except EvioDataError:
            raise
        except Exception as error:
            raise store_error(error, clean(self._url)) from error


def _fill(target: Any, source: BinaryIO, expected: str) -> None:
    kind = kind_of(expected)
    digests = Digests((kind,))
    while block := source.read(BLOCK):
        digests.update(block)
        target.write(block)
    target.close()
    _check(digests.hashes()[kind], expected)
    target.commit()


def _check(actual: str, expected: str) -> None:
    if actual == expected:
        return
    error = ChecksumError(
        f"was damaged since it was verified ({worded(actual)}, not {expected}).",
        advice="Run `evio-data verify --repair`.",
    )
    error.expected, error.actual = expected, actual
    raise error
