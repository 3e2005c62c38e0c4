"""Copy an open file into one of ours and hash it; share disk blocks where possible."""

import errno
import mmap
import os
import sys
from typing import BinaryIO, Protocol

from .._files import write_all
from .hashing import BLOCK, Digests

STEP = 8 * 1024 * 1024  # bytes that the kernel copies before they are hashed, still in its cache
_FICLONE = 0x40049409  # linux/fs.h
_UNABLE = (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM, errno.EBADF)


class Readable(Protocol):
    """Whatever hands out bytes in their order."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end."""


class TooLongError(Exception):
    """More bytes came than were declared."""


def clone(source: BinaryIO, target: BinaryIO) -> bool:
    """Let an empty file share the blocks of another, where the file system can; say whether."""
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target.fileno(), _FICLONE, source.fileno())
    except OSError:
        return False
    return True


def copy_file(source: BinaryIO, target: BinaryIO, size: int, digests: Digests) -> None:
    """Copy a file into an empty one, in the kernel where that works, hashing it.

    What is hashed is what was stored: it is read back out of the page cache.

    Raises
    ------
    TooLongError
        If the file is longer than ``size``.
    """
    done = _copy_in_kernel(source, target, size, digests)
    source.seek(done)
    target.seek(done)
    _copy(source, target, size - done, digests)


def copy_stream(source: Readable, target: BinaryIO, size: int, digests: Digests) -> None:
    """Write a stream into an empty file, hashing it on the way.

    Raises
    ------
    TooLongError
        If the stream is longer than ``size``.
    """
    _copy(source, target, size, digests)


def hash_stream(source: Readable, digests: Digests) -> None:
    """Read a stream to its end into some running hashes."""
    while block := source.read(BLOCK):
        digests.update(block)


def _copy(source: Readable, target: BinaryIO, size: int, digests: Digests) -> None:
    while block := source.read(BLOCK):
        size -= len(block)
        if size < 0:
            raise TooLongError
        digests.update(block)
        write_all(target, block)


def _copy_in_kernel(source: BinaryIO, target: BinaryIO, size: int, digests: Digests) -> int:
    """Return how many bytes were copied and hashed; the rest, if any, is left to the caller."""
    done = 0
    if not hasattr(os, "copy_file_range"):
        return done
    with mmap.mmap(-1, BLOCK) as buffer, memoryview(buffer) as view:
        while done < size:
            try:
                count = os.copy_file_range(
                    source.fileno(), target.fileno(), min(STEP, size - done), done, done
                )
            except OSError as error:
                if error.errno in _UNABLE:
                    break
                raise
            if not count:
                break
            _hash(target, done, done + count, digests, view)
            done += count
    return done


def _hash(file: BinaryIO, start: int, stop: int, digests: Digests, view: memoryview) -> None:
    while start < stop:
        count = os.preadv(file.fileno(), [view[: stop - start]], start)
        if not count:
            raise OSError(errno.EIO, "the file became shorter while it was copied")
        digests.update(view[:count])
        start += count
