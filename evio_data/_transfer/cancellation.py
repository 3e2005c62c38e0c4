"""Cancel a run: wake every thread that waits or receives."""

import threading
from contextlib import suppress

from .._http.connection import Interrupted
from .._sources.base import Readable


class OpenBodies:
    """The open bodies that may have to be cut short from another thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._streams: set[Readable] = set()

    def add(self, stream: Readable) -> None:
        """Take one more."""
        with self._lock:
            self._streams.add(stream)

    def remove(self, stream: Readable) -> None:
        """Forget one."""
        with self._lock:
            self._streams.discard(stream)

    def abort(self) -> None:
        """Wake all threads that wait for their bytes."""
        with self._lock:
            for stream in self._streams:
                stream.abort()


class Cancellation:
    """A request to stop, seen by every waiting or receiving thread within a moment."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._bodies = OpenBodies()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask every thread to stop, and wake those that wait for bytes."""
        self._event.set()
        self._bodies.abort()

    def wait(self, seconds: float) -> None:
        """Sleep; raise `Interrupted` as soon as somebody asks to stop."""
        if self._event.wait(seconds):
            raise Interrupted

    def watch(self, stream: Readable) -> None:
        """Wake this reader, too, when somebody asks to stop."""
        self._bodies.add(stream)
        if self.cancelled:
            stream.abort()

    def unwatch(self, stream: Readable) -> None:
        """Forget a reader that is done."""
        self._bodies.remove(stream)


class OneShotEvent:
    """Opened once, for one thread that waits; whatever a signal raises there does no harm.

    In the waits of `threading.Event` and `threading.Condition`, an exception at the wrong moment
    leaves a lock as it should not be, and comes out as a RuntimeError.
    """

    def __init__(self) -> None:
        self._closed = threading.Lock()
        self._closed.acquire()

    def open(self) -> None:
        """Let the waiting thread go on; harmless if it is open."""
        with suppress(RuntimeError):
            self._closed.release()

    def wait(self, seconds: float) -> bool:
        """Wait for so long; say whether it was opened."""
        return self._closed.acquire(timeout=seconds)
