"""A request to stop in, every thread that waits or receives awake: within a moment."""

import threading
from contextlib import suppress

from ._http import Interrupted
from ._source import Readable


class Readers:
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

    def shut(self) -> None:
        """Wake all threads that wait for their bytes."""
        with self._lock:
            for stream in self._streams:
                stream.shut()


class Halt:
    """A request to stop, seen by every waiting or receiving thread within a moment."""

    def __init__(self) -> None:
        self._event = threading.Event()
        self._readers = Readers()

    @property
    def asked(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def ask(self) -> None:
        """Ask every thread to stop, and wake those that wait for bytes."""
        self._event.set()
        self._readers.shut()

    def wait(self, seconds: float) -> None:
        """Sleep; raise `Interrupted` as soon as somebody asks to stop."""
        if self._event.wait(seconds):
            raise Interrupted

    def watch(self, stream: Readable) -> None:
        """Wake this reader, too, when somebody asks to stop."""
        self._readers.add(stream)
        if self.asked:
            stream.shut()

    def unwatch(self, stream: Readable) -> None:
        """Forget a reader that is done."""
        self._readers.remove(stream)


class Latch:
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
