"""SHA-256 of a file that is still growing: what is there without a gap is hashed at once."""

import hashlib
import mmap
import os
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from .._files import open_nofollow

BLOCK = 256 * 1024  # bytes; stays in the CPU's cache, releases the GIL while hashed
BEHIND = 1024 * 1024  # bytes that are left to one pass rather than to a thread


class AbandonedError(Exception):
    """There will be no digest: somebody else has abandoned the file."""


class RunningHash:
    """Hashes a growing file in a thread of its own, close behind its front.

    It reads back what was written, out of the page cache, so the digest is of what is stored,
    and parts that arrive out of order need no second way.

    Parameters
    ----------
    path : Path
        The growing file.
    front : callable
        Returns how many bytes from the first on are there.
    """

    def __init__(self, path: Path, front: Callable[[], int]) -> None:
        self._front = front
        self._digest = hashlib.sha256()
        self._buffer: mmap.mmap | None = None
        self._file = open_nofollow(path, os.O_RDONLY)
        self._woken = threading.Event()
        self._starting = threading.Lock()  # whoever receives may start the thread, once
        self._reading = threading.Lock()  # one reader at a time, and none when the file closes
        self._thread: threading.Thread | None = None
        self._ended = False
        self._given_up = False
        self.hashed = 0  # bytes

    def wake(self) -> None:
        """Tell that the front has moved."""
        if self._thread is None and self._front() - self.hashed >= BEHIND:
            self._start()
        self._woken.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._ended:
                thread = threading.Thread(target=self._follow, name="evio-data-hash", daemon=True)
                thread.start()
                self._thread = thread

    def finish(self) -> str:
        """Hash what is left up to the front, and return the digest in hexadecimal.

        Raises
        ------
        AbandonedError
            If another thread has abandoned the file.
        """
        self._stop()
        self._catch_up()
        if self._given_up:
            raise AbandonedError
        self._close()
        return self._digest.hexdigest()

    def abandon(self) -> None:
        """End the thread and let go of the file; there will be no digest."""
        self._given_up = True
        self._stop()
        self._close()

    def _stop(self) -> None:
        with self._starting:
            self._ended = True
        self._woken.set()
        if self._thread is not None:
            self._thread.join()

    def _close(self) -> None:
        with self._reading:
            self._file.close()
            if self._buffer is not None:
                with suppress(BufferError):
                    self._buffer.close()

    def _follow(self) -> None:
        while not self._ended:
            self._woken.wait()
            self._woken.clear()
            try:
                self._catch_up()
            except OSError:
                return  # finish() meets it again, where somebody listens

    def _catch_up(self) -> None:
        with self._reading:
            if self._given_up:
                return
            if self._buffer is None:
                # Page-aligned: reading into a bytearray was markedly slower where measured.
                self._buffer = mmap.mmap(-1, BLOCK)
            with memoryview(self._buffer) as view:
                self._hash_to_front(view)

    def _hash_to_front(self, view: memoryview) -> None:
        while not self._given_up and (missing := self._front() - self.hashed) > 0:
            count = self._file.readinto(view[: min(missing, BLOCK)])  # type: ignore[attr-defined]
            if not count:
                break
            self._digest.update(view[:count])
            self.hashed += count


def sha256_of(
    path: str | os.PathLike[str], on_progress: Callable[[int], None] | None = None
) -> str:
    """Return the SHA-256 of a file in hexadecimal; ``on_progress`` gets each count."""
    digest = hashlib.sha256()
    view = memoryview(bytearray(BLOCK))
    with open_nofollow(Path(path), os.O_RDONLY) as file:
        while count := file.readinto(view):  # type: ignore[attr-defined]
            digest.update(view[:count])
            if on_progress is not None:
                on_progress(count)
    return digest.hexdigest()
