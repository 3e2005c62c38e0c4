"""Our own files opened safely, and faults of the disk as typed errors."""

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from .errors import CacheError


def open_nofollow(path: Path, flags: int) -> BinaryIO:
    """Open one of our own files: unbuffered, modes as the umask says, never through a link."""
    # O_NONBLOCK: a pipe that somebody put there must not make us wait for its other end.
    for extra in ("O_NOFOLLOW", "O_BINARY", "O_CLOEXEC", "O_NONBLOCK"):
        flags |= getattr(os, extra, 0)
    descriptor = os.open(path, flags, 0o666)
    mode = "rb" if flags & (os.O_RDWR | os.O_WRONLY) == 0 else "r+b"
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path))
    return open(descriptor, mode, buffering=0)  # type: ignore[return-value]  # noqa: PTH123


FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_WHY = {
    errno.EACCES: "it is not writable for this user",
    errno.EPERM: "it is not writable for this user",
    errno.EROFS: "it is on a read-only file system",
    errno.ELOOP: "a symbolic link is in its place",
    errno.EISDIR: "a folder is in its place",
    errno.ENOTDIR: "a file is where a folder should be",
    errno.EEXIST: "something is in its place",
}


def as_cache_error(error: OSError, path: str | os.PathLike[str]) -> CacheError:
    """Return the typed error for a fault of the disk."""
    if isinstance(error, CacheError):
        return error
    if error.errno in FULL:
        full = CacheError(
            f"the disk is full: {os.fspath(path)}.",
            advice="Make room, or set EVIO_DATA_DIR to a larger disk; what arrived is kept.",
        )
        full.errno = error.errno
        return full
    why = _WHY.get(error.errno or 0, error.strerror or str(error))
    wrapped = CacheError(
        f"cannot use {os.fspath(path)}: {why}.",
        advice="Correct that, or set EVIO_DATA_DIR to a folder of yours.",
    )
    wrapped.errno = error.errno
    return wrapped


def free_bytes(path: Path) -> int | None:
    """Return the bytes that this user may still write where ``path`` is; None if unknown."""
    import shutil

    for folder in (path, *path.parents):
        try:
            return shutil.disk_usage(folder).free
        except FileNotFoundError:
            continue
        except OSError:
            return None
    return None
