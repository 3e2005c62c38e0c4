"""Hash files, also while they are still growing."""

import mmap
import os
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from .._files import open_nofollow
from .._registry.hashes import SHA256, new_digest, spelled
from .processors import PROCESSORS

BLOCK = 256 * 1024  # bytes; stays in the CPU's cache, releases the GIL while hashed
SHORT = 8 * 1024 * 1024  # bytes from the first on that are hashed as they arrive
BEHIND = 1024 * 1024  # bytes that are left to one pass rather than to a thread


class AbandonedError(Exception):
    """There will be no digest: somebody else has abandoned the file."""


class RunningHash:
    """Hashes a growing file close behind its front.

    A short file is hashed as its bytes arrive. A longer one is read back, out of the page cache,
    so that parts may arrive out of order: by a thread of its own, or where no processor is free
    for one, by whoever receives.

    Parameters
    ----------
    path : Path
        The growing file.
    front : callable
        Returns how many bytes from the first on are there.
    kind : str
        Of hash.
    """

    def __init__(self, path: Path, front: Callable[[], int], kind: str = SHA256) -> None:
        self._front = front
        self._kind = kind
        self._digest = new_digest(kind)
        self._buffer: mmap.mmap | None = None
        self._file = open_nofollow(path, os.O_RDONLY)
        self._woken = threading.Event()
        self._starting = threading.Lock()  # whoever receives may start the thread, once
        self._reading = threading.Lock()  # one reader at a time, and none when the file closes
        self._thread: threading.Thread | None = None
        self._ended = False
        self._given_up = False
        self.hashed = 0  # bytes

    def feed(self, data: memoryview, at: int) -> None:
        """Hash bytes of a short file as they arrive, if they are the next ones."""
        if at == self.hashed < SHORT and self._reading.acquire(blocking=False):
            try:
                if self._thread is None and not self._ended:
                    self._digest.update(data)
                    self.hashed += len(data)
            finally:
                self._reading.release()

    def wake(self) -> None:
        """Tell that the front has moved."""
        if self._front() - self.hashed >= BEHIND:
            if PROCESSORS.are_full() and self._reading.acquire(blocking=False):
                try:
                    with suppress(OSError):  # finish() meets it again, where somebody listens
                        self._catch_up_alone()
                finally:
                    self._reading.release()
                return
            if self._thread is None:
                self._start()
        self._woken.set()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None and not self._ended:
                thread = threading.Thread(target=self._follow, name="evio-data-hash", daemon=True)
                with suppress(RuntimeError):  # no more threads: `finish` hashes in place
                    thread.start()
                    self._thread = thread

    def finish(self) -> str:
        """Hash what is left up to the front, and return the hash.

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
        return spelled(self._kind, self._digest.hexdigest())

    def digest_so_far(self) -> str:
        """Return the digest of what is there up to the front."""
        self._catch_up()
        return spelled(self._kind, self._digest.copy().hexdigest())

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
            self._catch_up_alone()

    def _catch_up_alone(self) -> None:
        """Hash up to the front; the caller has the lock of the one who reads."""
        if self._given_up or self._front() <= self.hashed:
            return
        if self._buffer is None:
            # Page-aligned: reading into a bytearray was markedly slower where measured.
            self._buffer = mmap.mmap(-1, BLOCK)
        with memoryview(self._buffer) as view:
            self._hash_to_front(view)

    def _hash_to_front(self, view: memoryview) -> None:
        self._file.seek(self.hashed)  # behind what was hashed as it arrived
        while not self._given_up and (missing := self._front() - self.hashed) > 0:
            count = self._file.readinto(view[: min(missing, BLOCK)])  # type: ignore[attr-defined]
            if not count:
                break
            self._digest.update(view[:count])
            self.hashed += count


class Digests:
    """Running hashes of some kinds, all over the same bytes.

    Parameters
    ----------
    kinds : iterable of str
    """

    def __init__(self, kinds: Iterable[str] = (SHA256,)) -> None:
        self._digests = {kind: new_digest(kind) for kind in kinds}

    def update(self, data: bytes | memoryview) -> None:
        """Take more bytes."""
        for digest in self._digests.values():
            digest.update(data)

    def hashes(self) -> dict[str, str]:
        """Return the hashes by their kinds."""
        return {k: spelled(k, digest.hexdigest()) for k, digest in self._digests.items()}


def hash_of(
    path: str | os.PathLike[str],
    kind: str = SHA256,
    on_progress: Callable[[int], None] | None = None,
) -> str:
    """Return the hash of a file; ``on_progress`` gets each count."""
    digests = Digests((kind,))
    hash_file(path, digests, on_progress)
    return digests.hashes()[kind]


def hash_file(
    path: str | os.PathLike[str],
    digests: Digests,
    on_progress: Callable[[int], None] | None = None,
) -> None:
    """Read a file into some running hashes; ``on_progress`` gets each count."""
    view = memoryview(bytearray(BLOCK))
    with open_nofollow(Path(path), os.O_RDONLY) as file:
        while count := file.readinto(view):  # type: ignore[attr-defined]
            digests.update(view[:count])
            if on_progress is not None:
                on_progress(count)
