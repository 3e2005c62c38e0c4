"""Our own files opened safely, and faults of the disk as typed errors."""

import errno
import io
import os
import stat
from pathlib import Path
from typing import BinaryIO, Self

from ._text import size
from .errors import CacheError


def open_nofollow(
    path: str | os.PathLike[str], flags: int, *, dir_fd: int | None = None
) -> BinaryIO:
    """Open one of our own files: unbuffered, modes as the umask says, never through a link."""
    # O_NONBLOCK: a pipe that somebody put there must not make us wait for its other end.
    for extra in ("O_NOFOLLOW", "O_BINARY", "O_CLOEXEC", "O_NONBLOCK"):
        flags |= getattr(os, extra, 0)
    descriptor = os.open(path, flags, 0o666, dir_fd=dir_fd)
    mode = "rb" if flags & (os.O_RDWR | os.O_WRONLY) == 0 else "r+b"
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), os.fspath(path))
    return io.FileIO(descriptor, mode)


class Folder:
    """A folder below a root, reached through no link; whoever swaps names, it stays this one.

    Others may write to a shared cache: between a look at a path and its use, any folder on the
    way can become a link that leads elsewhere. Where the system cannot work in an open folder
    (Windows), the look is all there is.

    Parameters
    ----------
    root : str
    *parts : str

    Raises
    ------
    OSError
        If there is no such folder, or a link is on the way.
    """

    def __init__(self, root: str, *parts: str) -> None:
        self._path = Path(root, *parts)
        self._descriptor: int | None = None
        if not _IN_FOLDERS:
            for count in range(1, len(parts) + 1):
                if not stat.S_ISDIR(Path(root, *parts[:count]).lstat().st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), root)
            return
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
        self._descriptor = os.open(root, flags)
        try:
            for part in parts:
                inner = os.open(part, flags | os.O_NOFOLLOW, dir_fd=self._descriptor)
                os.close(self._descriptor)
                self._descriptor = inner
        except OSError:
            os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def at(self, name: str) -> str:
        """Return how a file in it is called, beside the descriptor."""
        return name if self._descriptor is not None else os.fspath(self._path / name)

    def names(self) -> list[str]:
        """Return the names of what is in it."""
        return os.listdir(self.at("") if self._descriptor is None else self._descriptor)  # noqa: PTH208

    def create(self, name: str) -> BinaryIO:
        """Make a file that was not there, and open it."""
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
        return open_nofollow(self.at(name), flags, dir_fd=self._descriptor)

    def lstat(self, name: str) -> os.stat_result:
        """Return the status of a file in it."""
        return os.stat(self.at(name), dir_fd=self._descriptor, follow_symlinks=False)

    def unlink(self, name: str) -> None:
        """Remove a file from it."""
        os.unlink(self.at(name), dir_fd=self._descriptor)

    def move(self, name: str, to: "Folder", new: str) -> None:
        """Give a file in it a name in another folder, in one step."""
        there = to._descriptor  # noqa: SLF001 - one of us
        os.replace(self.at(name), to.at(new), src_dir_fd=self._descriptor, dst_dir_fd=there)


_IN_FOLDERS = {os.open, os.unlink, os.stat, os.rename} <= os.supports_dir_fd
FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_WHY = {
    errno.EACCES: "this user has no permission",
    errno.EPERM: "this user has no permission",
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

    while True:
        try:
            return shutil.disk_usage(path).free
        except FileNotFoundError:
            if path == path.parent:
                return None
            path = path.parent
        except OSError:
            return None


def no_room(missing: int, free: int, folder: str) -> CacheError:
    """Return the error for a disk that cannot take what is missing."""
    import errno

    error = CacheError(
        f"needs {size(missing)} and the disk has {size(free)} free ({folder}).",
        advice="Make room, or set EVIO_DATA_DIR to a larger disk.",
    )
    error.errno = errno.ENOSPC
    return error
