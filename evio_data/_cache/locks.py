"""Locks on files between threads and processes; they save work, and nothing depends on them."""

import errno
import os
import sys
import threading
from contextlib import suppress
from pathlib import Path
from weakref import WeakSet

from .layout import make_again

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

# Whatever else a system says (no locks here, a stale handle, a read-only descriptor on NFS) does
# not mean that somebody has the lock: we go on without, and two may do the same work.
_HELD = {errno.EAGAIN, errno.EWOULDBLOCK}
if sys.platform == "win32":
    _HELD |= {errno.EACCES, errno.EDEADLK}

# Never through a link, and never waiting for the other end of somebody's pipe.
_FLAGS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
MAX_RACES = 100  # times that a holder may release just while we take the lock


class Lock:
    """An advisory lock on a small file, freed by the system when its holder dies.

    Parameters
    ----------
    path : path
        The lock's file: made when taken, removed when released.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fspath(path)
        self._descriptor: int | None = None
        self._releasing = threading.Lock()

    def acquire(self) -> bool:
        """Take the lock if nobody has it, and say whether that went well.

        A lock file that cannot be opened (another user's, a read-only disk) stops nobody.
        """
        for _ in range(MAX_RACES):
            try:
                descriptor = self._open()
            except OSError:
                return True
            if not _lock(descriptor, self._path):
                os.close(descriptor)
                return False
            if self._is_current(descriptor):
                self._descriptor = descriptor
                _held.add(self)
                return True
            os.close(descriptor)  # its holder removed it on release: take the new one
        return False

    def release(self) -> None:
        """Free the lock; harmless if it is not held."""
        with self._releasing:
            descriptor, self._descriptor = self._descriptor, None
        if descriptor is None:
            return
        with suppress(OSError):  # on Windows an open file stays until it is closed
            if self._is_current(descriptor):
                os.unlink(self._path)  # noqa: PTH108
        os.close(descriptor)

    def forget(self) -> None:
        """Close a forked child's copy of the lock: it would hold it after its parent's death."""
        self._releasing = threading.Lock()  # another thread may have had it at the fork
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        try:
            return os.open(self._path, _FLAGS | os.O_CREAT | os.O_RDWR, 0o666)
        except PermissionError:
            return os.open(self._path, _FLAGS | os.O_RDONLY)
        except FileNotFoundError:
            make_again(os.path.dirname(self._path))  # noqa: PTH120
            return os.open(self._path, _FLAGS | os.O_CREAT | os.O_RDWR, 0o666)

    def _is_current(self, descriptor: int) -> bool:
        try:
            there = os.lstat(self._path)
        except OSError:
            return False
        return there.st_ino == os.fstat(descriptor).st_ino


def is_held(path: Path) -> bool:
    """Say whether somebody has a lock, without making or removing anything."""
    try:
        descriptor = os.open(path, _FLAGS | os.O_RDONLY)
    except (OSError, UnicodeEncodeError):
        return False
    try:
        return not _lock(descriptor, path)
    finally:
        os.close(descriptor)


def _lock(descriptor: int, path: str | os.PathLike[str]) -> bool:
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _HELD:
            return False
        _tell_once(error.strerror or str(error), os.fspath(path))
    return True


def _tell_once(why: str, path: str) -> None:
    if why in _told:
        return
    _told.add(why)
    from logging import getLogger

    words = "cannot lock %s (%s): going on without; another process may do the same work."
    getLogger("evio_data").warning(words, path, why)


_told: set[str] = set()


def _forget_all() -> None:
    for lock in list(_held):
        lock.forget()


_held: "WeakSet[Lock]" = WeakSet()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
