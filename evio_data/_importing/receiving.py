"""Copy one candidate into the cache's own folder."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Literal

from .._cache.copying import clone, copy_file, copy_stream
from .._cache.files import CachedFile
from .._cache.hashing import Digests, hash_file
from .._cache.locks import Lock
from .._files import as_cache_error, check_free_space, is_full, open_nofollow
from ..errors import CacheError
from .candidates import Candidate

How = Literal["cloned", "linked", "copied", "unpacked"]
SUFFIX = ".import"  # of a file that is being brought in; useless once its process has ended


@contextmanager
def held(cached_file: CachedFile) -> Iterator[None]:
    """Hold the file's lock, so that nobody fetches meanwhile what is being brought in."""
    cached_file.prepare()
    lock = Lock(cached_file.state / "lock")
    lock.acquire()  # who has it is fetching: it may go on, and finds the file when it is there
    try:
        yield
    finally:
        lock.release()


@contextmanager
def temporary_path(cached_file: CachedFile) -> Iterator[Path]:
    """Give a name for a file that is being written; unless it moves on, it is removed."""
    path = cached_file.state / f"{os.getpid():x}-{os.urandom(4).hex()}{SUFFIX}"
    try:
        yield path
    finally:
        with suppress(OSError):
            path.unlink()


def receive(candidate: Candidate, path: Path, digests: Digests, *, link: bool) -> How:
    """Bring a candidate's bytes into a new file, hashed on the way; return how.

    Raises
    ------
    ArchiveError, OSError, TooLongError
        If the candidate cannot be read, or is not what it was.
    CacheError
        If the new file cannot be written.
    """
    if candidate.file is None:
        with candidate.unpacked() as stream, _created(path) as target:
            check_free_space(candidate.size, path.parent)
            copy_stream(stream, target, candidate.size, digests)
            return "unpacked"
    with open_nofollow(candidate.file, os.O_RDONLY) as source:
        with _created(path) as target:
            if clone(source, target):
                hash_file(path, digests)
                return "cloned"
            if not (link and _hard_link(candidate.file, path)):
                check_free_space(candidate.size, path.parent)
                copy_file(source, target, candidate.size, digests)
                return "copied"
        _hash_steady(path, digests)
        return "linked"


@contextmanager
def _created(path: Path) -> Iterator[BinaryIO]:
    try:
        file = open_nofollow(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except OSError as error:
        raise as_cache_error(error, path) from error
    with file:
        try:
            yield file
        except CacheError:
            raise
        except OSError as error:
            if is_full(error):
                raise as_cache_error(error, path) from error
            raise


def _hard_link(source: Path, path: Path) -> bool:
    link = path.with_suffix(".link")
    try:
        os.link(source, link, follow_symlinks=False)
        link.replace(path)
    except OSError:
        with suppress(OSError):
            link.unlink()
        return False
    return True


def _hash_steady(path: Path, digests: Digests) -> None:
    """Hash a file that others can write to, if nobody has."""
    before = path.lstat()
    hash_file(path, digests)
    after = path.lstat()
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise OSError("was written to while it was read")
