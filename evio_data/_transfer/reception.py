"""Receive the body of one response, and compare it with the bytes on disk."""

import mmap
import threading
from collections.abc import Callable
from typing import BinaryIO

from .._cache.partial import STEP, PartialLostError
from .._cache.processors import ThreadLoad
from .._files import check_free_space, write_all
from .._http.connection import Interrupted, TransportError
from .._sources.base import Body
from .cancellation import Cancellation
from .resume_check import compare, joint_of
from .segments import Segment
from .version import Version

BLOCK = 256 * 1024  # bytes that are received at once; stays in the CPU's cache
RESERVE = 64 * 1024 * 1024  # bytes of disk that a file of unknown size must leave free
LOOK_AFTER = 16 * 1024 * 1024  # bytes of such a file between two looks at the free space


class Reception:
    """The bytes of one answer, on their way to the disk.

    Parameters
    ----------
    version : Version
    segment : Segment
    body : Body
    hashed : bool
        Whether a hash is known that the whole file will be compared with.
    is_wanted : callable
        Says whether the version is still the one that is received.
    on_progress : callable
        Called after a block that counts as progress.
    cancellation : Cancellation
    """

    def __init__(
        self,
        version: Version,
        segment: Segment,
        body: Body,
        *,
        hashed: bool,
        is_wanted: Callable[[], bool],
        on_progress: Callable[[], None],
        cancellation: Cancellation,
    ) -> None:
        self._version = version
        self._segment = segment
        self._body = body
        self._hashed = hashed
        self._is_wanted = is_wanted
        self._on_progress = on_progress
        self._cancellation = cancellation

    def run(self) -> None:
        """Receive what is wanted of the body.

        Raises
        ------
        TransportError
            If it breaks off; what came of it is kept.
        RemoteChangedError
            If it repeats other bytes than those on disk.
        PartialLostError
            If another process has taken the partial over.
        DownloadError
            If its end cannot be told from a cut.
        """
        version, segment, body = self._version, self._segment, self._body
        view = _buffer()
        with version.partial.writer(segment.position) as file:
            if body.placement.start < segment.position:
                compare(self._read, file, view, body.placement.start, segment.position)
                file.seek(segment.position)
            self._pump(file, view)
            if not self._hashed or version.is_doubted:
                until = joint_of(version, segment, body.placement.stop)
                if until is not None:
                    compare(self._read, file, view, segment.position, until)

    def _read(self, view: memoryview) -> int:
        if self._cancellation.cancelled:
            raise Interrupted
        count = self._body.stream.read_into(view)
        self._segment.fetched += count
        if not count:
            raise TransportError("the body was cut short")
        return count

    def _pump(self, file: BinaryIO, view: memoryview) -> None:
        version, segment, body = self._version, self._segment, self._body
        noted = segment.position
        load = ThreadLoad()
        try:
            while (wanted := self._bytes_wanted()) > 0:
                count = body.stream.read_into(view[: min(wanted, BLOCK)])
                if not count:
                    self._end()
                    return
                if not version.partial.is_ours():
                    raise PartialLostError(str(version.partial.path))
                write_all(file, view[:count])
                version.running_hash.feed(view[:count], segment.position)
                segment.span[1] += count
                segment.fetched += count
                if segment.span[1] - noted >= STEP:
                    noted = segment.span[1]
                    segment.is_processor_bound = load.is_full()
                    self._checkpoint()
        finally:
            version.running_hash.wake()
            if segment.span[1] > noted:
                self._on_progress()

    def _bytes_wanted(self) -> int:
        version, segment = self._version, self._segment
        if not self._is_wanted() or self._cancellation.cancelled:
            return 0
        if segment.stop is None and len(version.partial.spans) > 1 and version.is_complete:
            return 0
        ends = [
            end
            for end in (segment.stop, self._body.placement.stop, version.total)
            if end is not None
        ]
        return (min(ends) if ends else segment.position + BLOCK) - segment.position

    def _checkpoint(self) -> None:
        version = self._version
        self._on_progress()
        version.partial.checkpoint()
        version.running_hash.wake()
        if version.total is None and self._segment.position % LOOK_AFTER < STEP:
            check_free_space(RESERVE, version.partial.path.parent)

    def _end(self) -> None:
        version, body, position = self._version, self._body, self._segment.position
        if body.placement.stop is not None or version.total is not None:
            raise TransportError("the body was cut short")
        proven = body.stream.ends_itself
        if proven or version.ended_at == position:
            version.take_end(position, proven=proven or self._hashed)
        # A body without a length ends by a close, and so does a cut one: ask what follows.
        version.ended_at = position


_OURS = threading.local()


def _buffer() -> memoryview:
    """Return this thread's buffer; receiving into a bytearray was markedly slower where measured.

    It is page-aligned, and made once for each thread.
    """
    if not hasattr(_OURS, "view"):
        _OURS.view = memoryview(mmap.mmap(-1, BLOCK))
    view: memoryview = _OURS.view
    return view
