"""Lock a folder, to know whether another process works in it."""

import os
import sys
import time
from contextlib import suppress

TRIES = 100  # looks for the moment in which nobody is tidying up
PAUSE = 0.01  # seconds between two of them


class SharedFolderLock:
    """Says that we work in a folder, across threads and processes, until we leave or die.

    Nothing is written for that. Where the system cannot lock a folder (Windows, some network
    file systems) nobody ever knows to be alone, and an empty folder may be left behind.

    Parameters
    ----------
    folder : str
        It must exist, and nobody may remove it.
    """

    def __init__(self, folder: str) -> None:
        self._descriptor: int | None = None
        with suppress(OSError):
            self._descriptor = os.open(folder, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0))
        for _ in range(TRIES):
            if self._descriptor is None or self._lock(exclusive=False):
                return
            time.sleep(PAUSE)

    def is_exclusive(self) -> bool:
        """Say whether nobody else is there; nobody can come before we leave."""
        return self._lock(exclusive=True)

    def release(self) -> None:
        """Be there no longer."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def _lock(self, *, exclusive: bool) -> bool:
        return self._descriptor is not None and _flock(self._descriptor, exclusive=exclusive)


if sys.platform == "win32":

    def _flock(descriptor: int, *, exclusive: bool) -> bool:
        return False

else:
    import fcntl

    def _flock(descriptor: int, *, exclusive: bool) -> bool:
        kind = fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except OSError:
            return False
        return True
