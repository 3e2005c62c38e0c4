"""Open our own files safely, write them atomically, and turn disk faults into typed errors."""

import errno
import io
import os
import stat
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self

from ._text import size
from .errors import CacheError

COPY_STEP = 1024 * 1024  # bytes
FRESH = ".fresh"  # ends the name of a file that is about to get another one


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
        self._parts = (root, *parts)
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
                outer = self._descriptor
                self._descriptor = os.open(part, flags | os.O_NOFOLLOW, dir_fd=outer)
                os.close(outer)
        except OSError:
            with suppress(OSError):  # what went wrong first is what counts
                os.close(self._descriptor)
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            with suppress(OSError):  # nothing was written through it
                os.close(self._descriptor)

    def at(self, name: str) -> str:
        """Return how a file in it is called, beside the descriptor."""
        return name if self._descriptor is not None else os.path.join(*self._parts, name)  # noqa: PTH118

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

    def write(self, name: str, data: bytes, *, flush: bool = True, exclusive: bool = False) -> None:
        """Give a file in it new bytes in one step; flushed, before and after its name.

        Raises
        ------
        FileExistsError
            If something has the name, and it is exclusive.
        """
        fresh = f"{name}.{os.getpid():x}-{os.urandom(4).hex()}{FRESH}"
        try:
            with self.create(fresh) as file:
                write_all(file, data)
                if flush:
                    os.fsync(file.fileno())
            if exclusive:
                self._link(fresh, name)
            else:
                self.move(fresh, self, name)
                fresh = ""
        finally:
            if fresh:
                with suppress(OSError):
                    self.unlink(fresh)
        if flush:
            self.flush()

    def _link(self, fresh: str, name: str) -> None:
        """Give a file a second name, unless something has it."""
        here = self._descriptor
        try:
            os.link(self.at(fresh), self.at(name), src_dir_fd=here, dst_dir_fd=here)
        except FileExistsError:
            raise
        except (OSError, NotImplementedError):  # os.link's own, where there are no hard links
            if self.has(name):
                raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from None
            self.move(fresh, self, name)

    def has(self, name: str) -> bool:
        """Say whether something in it has a name."""
        try:
            self.lstat(name)
        except FileNotFoundError:
            return False
        return True

    def flush_file(self, name: str) -> None:
        """Put the bytes of a file in it on the disk."""
        with open_nofollow(self.at(name), os.O_RDWR, dir_fd=self._descriptor) as file:
            os.fsync(file.fileno())

    def flush(self) -> None:
        """Put the names in it on the disk, where the system can."""
        with suppress(OSError):
            if self._descriptor is not None:
                os.fsync(self._descriptor)

    def move(self, name: str, to: "Folder", new: str) -> None:
        """Give a file in it a name in another folder, in one step."""
        there = to._descriptor  # noqa: SLF001 - one of us
        os.replace(self.at(name), to.at(new), src_dir_fd=self._descriptor, dst_dir_fd=there)


_IN_FOLDERS = {os.open, os.unlink, os.stat, os.rename} <= os.supports_dir_fd
_FULL = (errno.ENOSPC, errno.EDQUOT) if hasattr(errno, "EDQUOT") else (errno.ENOSPC,)
_MANY = (errno.EMFILE, errno.ENFILE)
_WHY = {
    errno.EACCES: "this user has no permission",
    errno.EPERM: "this user has no permission",
    errno.EROFS: "it is on a read-only file system",
    errno.ELOOP: "a symbolic link is in its place",
    errno.EISDIR: "a folder is in its place",
    errno.ENOTDIR: "a file is where a folder should be",
    errno.EEXIST: "something is in its place",
}
_ANOTHER_DISK = "set EVIO_DATA_DIR to a larger disk; what arrived is kept."


def as_cache_error(error: OSError, path: str | os.PathLike[str]) -> CacheError:
    """Return the typed error for a fault of the disk."""
    if isinstance(error, CacheError):
        return error
    message, advice = _told(error, os.fspath(path))
    wrapped = CacheError(message, advice=advice)
    wrapped.errno = error.errno
    return wrapped


def _told(error: OSError, path: str) -> tuple[str, str]:
    code = error.errno or 0
    if code in _FULL:
        return f"{_what_is_full(code, path)}: {path}.", f"Free some space, or {_ANOTHER_DISK}"
    if code == errno.EFBIG:
        return (
            f"{path} would be larger than a file may be here.",
            f"Raise the limit (`ulimit -f`), or {_ANOTHER_DISK}",
        )
    if code in _MANY:
        who = "this process" if code == errno.EMFILE else "this machine"
        return (
            f"{who} has too many files open to open {path}.",
            "Close some, raise the limit (`ulimit -n`), or use fewer connections.",
        )
    why = _WHY.get(code, error.strerror or str(error))
    return (
        f"cannot use {path}: {why}.",
        "Correct that, or set EVIO_DATA_DIR to a folder of yours.",
    )


def _what_is_full(code: int, path: str) -> str:
    if code != errno.ENOSPC:
        return "this user's quota on the disk is used up"
    if _inodes_are_used_up(Path(path)):
        return "the disk has space, but cannot take another file (its inodes are used up)"
    return "the disk is full"


def _inodes_are_used_up(path: Path) -> bool:
    with suppress(OSError, AttributeError):  # AttributeError: Windows
        found = os.statvfs(nearest_folder(path))
        return bool(found.f_files) and not found.f_favail and found.f_bavail > 0
    return False


def is_about_descriptors(error: BaseException) -> bool:
    """Say whether an error is about files that are open, rather than about a disk."""
    return isinstance(error, OSError) and error.errno in _MANY


def is_full(error: OSError) -> bool:
    """Say whether an error is about a disk, or a quota, that is used up."""
    return error.errno in _FULL


# --- free space -------------------------------------------------------------------------------


def nearest_folder(path: Path) -> Path:
    """Return a path, or what is there of the way to it."""
    while not os.path.exists(path) and path != path.parent:  # noqa: PTH110 - which never raises
        path = path.parent
    return path


def free_bytes(path: Path) -> int | None:
    """Return the bytes that this user may still write where ``path`` is; None if unknown."""
    import shutil

    try:
        return shutil.disk_usage(nearest_folder(path)).free
    except OSError:
        return None


def check_free_space(missing: int, folder: Path) -> None:
    """Refuse what a disk cannot take.

    Raises
    ------
    CacheError
        If fewer than ``missing`` bytes are free where ``folder`` is, or will be.
    """
    free = free_bytes(folder)
    if free is None or missing <= free:
        return
    error = CacheError(
        f"needs {size(missing)} and the disk has {size(free)} free ({folder}).",
        advice="Free some space, or set EVIO_DATA_DIR to a larger disk.",
    )
    error.errno = errno.ENOSPC
    raise error


# --- what a power cut cannot undo ----------------------------------------------------------------


def flush_folder(path: str | os.PathLike[str]) -> None:
    """Put the names in a folder on the disk, where the system can."""
    with suppress(OSError):  # Windows has no such thing, and some network file systems neither
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def write_atomically(path: str | os.PathLike[str], data: bytes) -> None:
    """Give a file new bytes in one step that no kill, and no power cut, leaves half done.

    Raises
    ------
    OSError
        If it cannot be written; then what was there is as it was.
    """
    folder, name = os.path.split(os.fspath(path))
    with Folder(folder or ".") as home:
        home.write(name, data)


def write_all(file: BinaryIO, data: bytes | bytearray | memoryview) -> None:
    """Write bytes into a file, unbuffered or not, in as many steps as the system makes of it.

    An unbuffered file takes what a nearly full disk still has space for, and raises nothing
    before it is asked to take more.
    """
    view = memoryview(data)
    while view:
        count: int | None = file.write(view)
        view = view[len(view) if count is None else count :]  # None: of a file of somebody else's


def copy_all(source: BinaryIO, target: BinaryIO) -> None:
    """Write what is left of a file into another one, to the last byte."""
    while block := source.read(COPY_STEP):
        write_all(target, block)
