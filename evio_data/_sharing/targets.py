"""Write to the places that can become a mirror: a folder, or an object store."""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Protocol

from .._cache.copying import clone, copy_file, hash_stream
from .._cache.hashing import Digests, hash_file
from .._cache.locks import Lock
from .._files import as_cache_error, check_free_space, flush_folder, open_nofollow
from .._registry.hashes import kind_of, worded
from .._sources.object_store import opened_store, store_error
from .._text import clean
from ..errors import CacheError, ChecksumError, EvioDataError
from . import s3_upload

BLOCK = 4 * 1024 * 1024  # bytes of a mirrored file that are read back at once


class Target(Protocol):
    """A place that becomes a mirror."""

    def size_of(self, name: str) -> int | None:
        """Return the bytes that are there under a key; None for nothing."""

    def hash_of(self, name: str, kind: str) -> str:
        """Read back what is there under a key, and hash it."""

    def put(self, name: str, path: Path, expected: str) -> None:
        """Store a file under a key; a half-stored one never has the key."""

    def tidy(self, name: str) -> None:
        """Remove what a push that was killed left of a file that is there."""


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
        try:
            final.parent.mkdir(parents=True, exist_ok=True)
            with _own_part(final) as part:
                with (
                    open_nofollow(path, os.O_RDONLY) as source,
                    open_nofollow(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC) as made,
                ):
                    actual = _copied(source, made, part, kind_of(expected))
                    os.fsync(made.fileno())
                _refuse_damaged(actual, expected)
                part.replace(final)
                flush_folder(final.parent)
        except OSError as error:
            if isinstance(error, EvioDataError):
                raise
            raise as_cache_error(error, final) from error

    def tidy(self, name: str) -> None:
        """Remove what a push that was killed left of a file that is there."""
        final = self._root / name
        if any(os.path.lexists(path) for path in (_part(final), _lock(final))):
            with suppress(OSError), _own_part(final):
                pass


def _part(final: Path) -> Path:
    return final.with_name(f".{final.name}.part")


def _lock(final: Path) -> Path:
    return final.with_name(f".{final.name}.lock")


@contextmanager
def _own_part(final: Path) -> Iterator[Path]:
    """Give the name of a part that nobody else writes; what is left of it goes in the end.

    The name is the same for each try: a part that was left by one that was killed is written
    over by the next one.
    """
    part, lock = _part(final), Lock(_lock(final))
    if not lock.acquire():
        raise CacheError("is being pushed there by another process.", advice="Run again later.")
    try:
        yield part
    finally:
        with suppress(OSError):
            part.unlink()
        lock.release()


def _hash_read(file: BinaryIO, kind: str) -> str:
    digests = Digests((kind,))
    hash_stream(file, digests)
    return digests.hashes()[kind]


def _copied(source: BinaryIO, made: BinaryIO, part: Path, kind: str) -> str:
    if clone(source, made):
        made.seek(0)
        return _hash_read(made, kind)
    count = os.fstat(source.fileno()).st_size
    check_free_space(count, part.parent)
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
        self._is_s3 = hasattr(self._store, "call_s3")
        self._unfinished: dict[str, list[str]] | None = None if self._is_s3 else {}

    def size_of(self, name: str) -> int | None:
        """Return the bytes that are there under a key; None for nothing."""
        with self._faults(), suppress(FileNotFoundError):
            self._store.invalidate_cache()
            return int(self._store.info(f"{self._path}/{name}")["size"])
        return None

    def hash_of(self, name: str, kind: str) -> str:
        """Read back what is there under a key, and hash it."""
        with (
            self._faults(),
            self._store.open(f"{self._path}/{name}", "rb", block_size=BLOCK) as file,
        ):
            return _hash_read(file, kind)

    def put(self, name: str, path: Path, expected: str) -> None:
        """Store a file under a key, hashed before or on the way; a store shows whole ones only."""
        place, size = f"{self._path}/{name}", path.stat().st_size
        with self._faults():
            if self._is_s3 and size > s3_upload.PART:
                with open_nofollow(path, os.O_RDONLY) as source:
                    parts = _checked(s3_upload.parts_of(source, size), expected)
                    s3_upload.upload(self._store, place, parts, self._take_over(place))
            else:
                digests = Digests((kind_of(expected),))
                hash_file(path, digests)
                _refuse_damaged(digests.hashes()[kind_of(expected)], expected)
                self._store.put_file(os.fspath(path), place)

    def tidy(self, name: str) -> None:
        """Have the store forget what a push that was killed left of a file that is there."""
        for upload in self._begun(f"{self._path}/{name}"):
            s3_upload.abort(self._store, f"{self._path}/{name}", upload)

    def _take_over(self, place: str) -> str | None:
        """Return the upload that is gone on with; earlier ones are given up."""
        begun = self._begun(place)
        latest = begun.pop() if begun else None
        for upload in begun:
            s3_upload.abort(self._store, place, upload)
        return latest

    def _begun(self, place: str) -> list[str]:
        if self._unfinished is None:
            self._unfinished = s3_upload.unfinished_uploads(self._store, self._path)
        return self._unfinished.pop(place, [])

    @contextmanager
    def _faults(self) -> Iterator[None]:
        """Have a store's faults as errors of ours."""
        try:
            yield
        except EvioDataError:
            raise
        except Exception as error:
            raise store_error(error, clean(self._url)) from error


def _checked(parts: Iterable[bytes], expected: str) -> Iterator[bytes]:
    """Hand parts on, hashed; raise in place of the end if they are not what they should be."""
    kind = kind_of(expected)
    digests = Digests((kind,))
    for part in parts:
        digests.update(part)
        yield part
    _refuse_damaged(digests.hashes()[kind], expected)


def _refuse_damaged(actual: str, expected: str) -> None:
    if actual == expected:
        return
    error = ChecksumError(
        f"was damaged since it was verified ({worded(actual)}, not {expected}).",
        advice="Run `evio-data verify --repair`.",
    )
    error.expected, error.actual = expected, actual
    raise error
