"""One file's bytes: from a source into a partial, over one or more connections, and hashed."""

import mmap
import threading
import time
from collections.abc import Callable, Sequence
from typing import BinaryIO

from .._cache import spans
from .._cache.hashing import RunningHash
from .._cache.partial import STEP, Partial, PartialLostError
from .._files import as_cache_error, check_room
from .._http.connection import BusyError, HttpSession, Interrupted, TransportError, UnavailableError
from .._http.ranges import RangeError, RangeNotSatisfiableError
from .._http.validators import Validators
from .._registry.hashes import kind_of
from .._sources.base import Body, Readable, Source
from .._sources.failover import Failover
from .._text import duration, size
from ..errors import ChecksumError, DownloadError, DriveRefusedError, EvioDataError
from .cancellation import Cancellation, OpenBodies
from .segments import Segment
from .throttle import backoff

BLOCK = 256 * 1024  # bytes that are received at once; stays in the CPU's cache
OVERLAP = 64 * 1024  # bytes on disk that another answer must repeat before its own are taken
MAX_FRESH_STARTS = 2  # times that a file may begin again because its remote side changed
LOOK = 0.5  # seconds between two looks whether a wait still makes sense
GUARD = 64 * 1024 * 1024  # bytes of disk that a file of unknown size must leave free


_ADMITTING = threading.Lock()  # two files must not both be promised the same room


class _RemoteChangedError(Exception):
    """The remote file is another one than that whose bytes we hold."""


def _nothing() -> int:
    return 0


class Download:
    """The state of one file that is being received.

    Parameters
    ----------
    name : str
        The registry key, for messages.
    sources : sequence of Source
        Tried in this order.
    partial : Partial
        Open.
    known_hash : str or None
        The known hash: with one, a file of unknown length may be tried.
    size : int or None
        Bytes, where the registry says so.
    cancellation : Cancellation
    retries : int
        Attempts in a row that may bring no byte.
    say : callable
        Takes words for the person who waits.
    reserved : callable
        Returns the bytes of disk that other running files will still take.

    Attributes
    ----------
    lost : bool
        Whether another process has taken over what had arrived.
    admitted : bool
        Whether the disk has room for it, beside those that were admitted before.
    silent : bool
        Whether nothing has come, and the latest attempt met no answer.
    """

    def __init__(  # noqa: PLR0913
        self,
        name: str,
        sources: Sequence[Source],
        partial: Partial,
        *,
        known_hash: str | None,
        size: int | None,
        cancellation: Cancellation,
        retries: int,
        say: Callable[[str], None],
        reserved: Callable[[], int] = _nothing,
    ) -> None:
        self.name = name
        self.partial = partial
        self.known_hash = known_hash
        self.expected_size = size
        self.cancellation = cancellation
        self.say = say
        self.active: list[Segment] = []
        # A file that was resumable is taken for resumable until an answer says otherwise.
        self.ranges_honoured = partial.resumed > 0
        self.failure: EvioDataError | None = None
        self.lost = False
        self.silent = False
        self.spliced = partial.resumed > 0  # more than one answer has contributed
        self.resumed = partial.resumed  # bytes that were kept when it last had to go on
        self.started = time.monotonic()
        self._reserved = reserved
        self._fetched = 0
        self.admitted = False
        self.sources = Failover(sources, retries=retries, say=say)
        self._readers = OpenBodies()
        self._lock = threading.RLock()
        self._generation = 0
        self._fresh_starts = 0
        self._distrusted = False
        self._overlap = OVERLAP if partial.resumed else 0  # bytes that are doubted once
        self.total = size
        if partial.identity is not None and partial.identity.total is not None:
            self.total = partial.identity.total
        self.follower = self._follow()

    # --- what there is to do ------------------------------------------------------------------

    @property
    def complete(self) -> bool:
        """Whether every byte is there."""
        return self.total is not None and self.partial.front >= self.total

    @property
    def fetched(self) -> int:
        """Bytes received by this process, repeated ones too."""
        # Without the lock: whoever draws this may be waited for by somebody who holds it.
        return self._fetched + sum(segment.fetched for segment in list(self.active))

    def missing(self) -> int:
        """Return the number of bytes that are still to come, as far as that is known."""
        return max(0, (self.total or 0) - self.partial.received)

    def claim(self) -> Segment | None:
        """Return a stretch that nobody is receiving, to be received by the caller."""
        with self._lock:
            if self.failure or self.complete:
                return None
            gap = self._free_gap()
            return None if gap is None else self._begin(*gap)

    def _free_gap(self) -> tuple[int, int | None] | None:
        if self.total is None or not self.ranges_honoured:
            return None if self.active else (self.partial.front, None)
        taken = [(s.position, s.stop or self.total) for s in self.active]
        free = spans.gaps([*self.partial.held, *taken], self.total)
        return free[0] if free else None

    def split(self, share: float) -> Segment | None:
        """Take what the busiest connection would still have to receive beyond ``share`` bytes."""
        with self._lock:
            segment = self.longest()
            if segment is None or self.total is None or self.failure:
                return None
            stop = segment.stop or self.total
            cut = segment.position + max(int(share), BLOCK)
            if cut + BLOCK >= stop:
                return None
            segment.stop = cut
            return self._begin(cut, stop)

    def longest(self) -> Segment | None:
        """Return the segment with the most bytes to come, where it may be shared."""
        if not self.ranges_honoured or self.total is None:
            return None
        total = self.total
        return max(self.active, key=lambda s: (s.stop or total) - s.position, default=None)

    def _begin(self, start: int, stop: int | None) -> Segment:
        segment = Segment(self.partial.span_at(start), stop, self._generation)
        self.active.append(segment)
        return segment

    # --- receiving ----------------------------------------------------------------------------

    def receive(self, segment: Segment, connection: HttpSession) -> None:
        """Receive a segment, through as many attempts as it takes.

        Raises
        ------
        BusyError
            The server wants fewer requests; the rest of the segment is free for others.
        Interrupted
            If somebody asked to stop.
        """
        try:
            while self._wants(segment):
                self._attempt(segment, connection)
        except (BusyError, Interrupted):
            raise
        except EvioDataError as error:
            self._fail(error, segment)
        except OSError as error:
            self._fail(as_cache_error(error, self.partial.path), segment)
        finally:
            self._leave(segment)

    def _leave(self, segment: Segment) -> None:
        with self._lock:
            self._fetched += segment.fetched
            segment.fetched = 0
            if segment in self.active:
                self.active.remove(segment)
        if self.failure is not None or self.complete:
            self._readers.abort()  # nobody needs what the others are waiting for

    def _wants(self, segment: Segment) -> bool:
        if self.cancellation.cancelled:
            raise Interrupted
        if segment.given_up or not self._is_current(segment) or self.complete:
            return False
        stop = self.total if segment.stop is None else segment.stop
        return stop is None or segment.position < stop

    def _is_current(self, segment: Segment) -> bool:
        return segment.generation == self._generation and self.failure is None

    def _attempt(self, segment: Segment, connection: HttpSession) -> None:
        before, began, source = segment.position, time.monotonic(), self.sources.current
        self.silent = False
        try:
            self._receive_once(segment, connection, source)
        except BusyError:
            self.sources.count_busy(source, began)
            raise
        except _RemoteChangedError as error:
            self._handle_version_change(segment, str(error), source)
        except RangeNotSatisfiableError as error:
            self._handle_416(segment, error, source)
        except RangeError as error:
            self.sources.ranged = False
            self._wait(segment, TransportError(str(error)), source, progress=False)
        except TransportError as error:
            if self.cancellation.cancelled:
                raise Interrupted from error
            self.silent = not (self.fetched or isinstance(error, UnavailableError))
            self._wait(segment, error, source, progress=segment.position > before)
        except (DownloadError, ChecksumError) as error:
            self._switch_source(source, error)
        except PartialLostError as error:
            self._lose(segment)
            raise DownloadError(
                "another process has taken over this download.", advice="Run again."
            ) from error

    def _lose(self, segment: Segment) -> None:
        with self._lock:
            self.lost = self.lost or self._is_current(segment)

    def _receive_once(self, segment: Segment, connection: HttpSession, source: Source) -> None:
        start, before = segment.position - self._take_overlap(segment), segment.fetched
        stop = self._last_wanted(segment)
        with source.open(connection, start, stop, ranged=self.sources.ranged) as body:
            self._watch(body.stream)
            segment.begin_attempt()
            try:
                if not self._accept(body, segment):
                    return
                with self.partial.writer(segment.position) as file, _Buffer() as view:
                    self._compare(body, segment, file, view, segment.position)
                    self._pump(body, segment, file, view)
                    self._compare_joint(body, segment, file, view)
            finally:
                segment.last = segment.fetched - before or segment.last
                self._unwatch(body.stream)

    def _watch(self, stream: Readable) -> None:
        self._readers.add(stream)
        self.cancellation.watch(stream)

    def _unwatch(self, stream: Readable) -> None:
        self._readers.remove(stream)
        self.cancellation.unwatch(stream)

    def _take_overlap(self, segment: Segment) -> int:
        # The bytes of an earlier process, or of a mirror that was left, are doubted once: a line
        # that always cuts must not spend itself on repeating them.
        if segment.span[0] == 0 and self._overlap:
            overlap, self._overlap = self._overlap, 0
            return min(overlap, segment.position)
        # Without a hash nothing but a comparison shows that the file was replaced since: of what
        # the line brings, at most one half is spent on it.
        if self.known_hash is None and segment.ended_at is None:
            return min(OVERLAP, segment.last // 2, segment.position - segment.span[0])
        return 0

    def _last_wanted(self, segment: Segment) -> int | None:
        """Return where a request ends: a little later where the joint is to be compared."""
        if segment.stop is None or self.total is None:
            return segment.stop
        stop = segment.stop + (OVERLAP if self.known_hash is None else 0)
        return stop if stop < self.total else None

    def _accept(self, body: Body, segment: Segment) -> bool:
        """Take note of what an answer says before its bytes are used; say whether to use them."""
        placement, identity = body.placement, body.identity
        with self._lock:
            if not self._is_current(segment):
                return False
            self._check_size(identity.total)
            self._check_identity(identity)
            self.ranges_honoured = placement.honoured
            if placement.start < segment.position and not placement.honoured:
                return self._accept_whole(segment)
            self.spliced = self.spliced or placement.start > 0
        return True

    def _check_identity(self, identity: Validators) -> None:
        known = self.partial.identity
        contradiction = identity.contradicts(known) if known is not None else None
        if identity.total is not None and identity.total < self.partial.end:
            contradiction = _TOO_SHORT
        if contradiction:
            raise _RemoteChangedError(contradiction)
        if known is None or self.total is None:
            self.partial.identity = identity
            self.total = identity.total if identity.total is not None else self.total
        if not self.admitted:
            with _ADMITTING:
                self._check_room()
                self.admitted = True

    def _accept_whole(self, segment: Segment) -> bool:
        """Say whether to use the whole file, which came although the rest was asked for."""
        if segment.ended_at is not None:
            self._take_end(segment.ended_at, proven=False)
            return False
        if segment.position != self.partial.front:
            segment.given_up = True  # whoever has the front goes on to the end
            return False
        segment.stop = None
        self.spliced = True
        self.resumed = 0
        self.say("the server does not resume: receiving from the first byte again")
        return True

    def _check_size(self, total: int | None) -> None:
        if total is None or self.expected_size is None or total == self.expected_size:
            return
        error = ChecksumError(
            f"has {total:,} bytes at the source, {self.expected_size:,} in the registry.",
            advice="The published file changed: ask for a new registry.",
        )
        error.expected, error.actual = str(self.expected_size), str(total)
        raise error

    def _check_room(self) -> None:
        check_room(self.missing() + self._reserved(), self.partial.path.parent)

    def _compare(
        self, body: Body, segment: Segment, file: BinaryIO, view: memoryview, stop: int
    ) -> None:
        """Read what an answer repeats, up to ``stop``, and hold it against the bytes on disk."""
        at = body.placement.start if stop == segment.position else segment.position
        held = memoryview(bytearray(BLOCK)) if at < stop else view
        file.seek(at)
        while at < stop and self._is_current(segment):
            count = self._read(body, segment, view[: min(BLOCK, stop - at)])
            file.readinto(held[:count])  # type: ignore[attr-defined]
            if bytes(held[:count]) != bytes(view[:count]):
                raise _RemoteChangedError("its bytes differ from those on disk")
            at += count

    def _compare_joint(
        self, body: Body, segment: Segment, file: BinaryIO, view: memoryview
    ) -> None:
        """Hold what follows in this answer against what another one has brought of it."""
        joint = segment.stop
        if self.known_hash is not None or joint is None or segment.position != joint:
            return
        follower = next((stop for start, stop in list(self.partial.spans) if start == joint), 0)
        ends = (body.placement.stop, self.total, joint + OVERLAP, follower)
        stop = min(end for end in ends if end is not None)
        if stop > joint:
            self._compare(body, segment, file, view, stop)

    def _read(self, body: Body, segment: Segment, view: memoryview) -> int:
        if self.cancellation.cancelled:
            raise Interrupted
        count = body.stream.read_into(view)
        segment.fetched += count
        if not count:
            raise TransportError("the body was cut short")
        return count

    def _pump(self, body: Body, segment: Segment, file: BinaryIO, view: memoryview) -> None:
        noted = segment.position
        try:
            while (room := self._room(segment, body.placement.stop)) > 0:
                count = body.stream.read_into(view[: min(room, BLOCK)])
                if not count:
                    self._ended(body, segment)
                    return
                if not self.partial.is_ours():
                    raise PartialLostError(str(self.partial.path))
                _write(file, view[:count])
                segment.span[1] += count
                segment.fetched += count
                if segment.span[1] - noted >= STEP:
                    noted = segment.span[1]
                    self._checkpoint(segment)
        finally:
            self.follower.wake()
            if segment.span[1] > noted:
                segment.failures = self.sources.busy = 0

    def _room(self, segment: Segment, stop: int | None) -> int:
        if not self._is_current(segment) or self.cancellation.cancelled:
            return 0
        if segment.stop is None and len(self.partial.spans) > 1 and self.complete:
            return 0
        ends = [end for end in (segment.stop, stop, self.total) if end is not None]
        return (min(ends) if ends else segment.position + BLOCK) - segment.position

    def _checkpoint(self, segment: Segment) -> None:
        segment.failures = self.sources.busy = 0
        self.partial.checkpoint()
        self.follower.wake()
        if self.total is None and segment.position % GUARD < STEP:
            check_room(GUARD, self.partial.path.parent)

    # --- ends ---------------------------------------------------------------------------------

    def _ended(self, body: Body, segment: Segment) -> None:
        if body.placement.stop is not None or self.total is not None:
            raise TransportError("the body was cut short")
        if body.stream.ends_itself or segment.ended_at == segment.position:
            self._take_end(segment.position, proven=body.stream.ends_itself)
            return
        # A body without a length ends by a close, and so does a cut one: ask what follows.
        segment.ended_at = segment.position

    def _handle_416(
        self, segment: Segment, error: RangeNotSatisfiableError, source: Source
    ) -> None:
        try:
            if self._is_current(segment):
                self._check_size(error.total)
        except ChecksumError as wrong:
            self._switch_source(source, wrong)
            return
        at_end = self.total is None and error.total in (None, segment.position)
        if at_end and segment.position > 0:
            self._take_end(segment.position, proven=True)
        elif error.total == 0 and not segment.position:
            self._take_end(0, proven=True)
        elif self.sources.ranged and not segment.position:
            self.sources.ranged = False
        else:
            self._handle_version_change(segment, _TOO_SHORT, source)

    def _handle_version_change(self, segment: Segment, why: str, source: Source) -> None:
        if source.is_mirror and not self.sources.is_last:
            # What a mirror says is no reason to drop what came from elsewhere.
            self._switch_source(source, DownloadError(f"has another version: {why}."))
        else:
            self._restart(segment.generation, why)

    def _take_end(self, total: int, *, proven: bool) -> None:
        if not proven and self.known_hash is None:
            raise DownloadError(
                "the server gives no length and no ranges: a cut cannot be told from the end.",
                advice="Publish the file's SHA-256 in the registry, or use another source.",
            )
        with self._lock:
            self.total = total

    # --- trouble ------------------------------------------------------------------------------

    def _wait(
        self, segment: Segment, error: TransportError, source: Source, *, progress: bool
    ) -> None:
        if not self._wants(segment):
            return
        segment.failures = 0 if progress else segment.failures + 1
        if segment.failures > self.sources.patience:
            again = f", {segment.failures} times in a row" if segment.failures > 1 else ""
            segment.failures = 0
            self._switch_source(source, DownloadError(f"{error}{again}.", advice=_RUN_AGAIN))
            return
        seconds = max(backoff(segment.failures), error.wait or 0.0)
        self.spliced = self.spliced or self.partial.received > 0
        self.resumed = max(self.resumed, self.partial.received)
        kept = f"{size(self.partial.received)} are kept, " if self.partial.received else ""
        when = f" in {duration(seconds)}" if seconds > 1 else ""
        self.say(f"{error}; {kept}trying again{when}")
        self._sleep(segment, seconds)

    def _sleep(self, segment: Segment, seconds: float) -> None:
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0 and self._wants(segment):
            self.cancellation.wait(min(left, LOOK))

    def _switch_source(self, source: Source, error: EvioDataError) -> None:
        self.sources.leave(source, error)
        if source.is_mirror:  # at most one half of what it brought is spent on the comparison
            self._overlap = min(OVERLAP, self.partial.front // 2)

    def _fail(self, error: EvioDataError, segment: Segment) -> None:
        with self._lock:
            if self._is_current(segment):
                if isinstance(error, DownloadError):
                    error.received = self.partial.received
                self.failure = error

    def _restart(self, generation: int, why: str) -> None:
        with self._lock:
            if generation != self._generation:
                return
            self._fresh_starts += 1
            if self._fresh_starts > MAX_FRESH_STARTS:
                raise DownloadError(
                    f"the remote file keeps changing ({why}).", advice="Run again later."
                )
            self.say(f"the remote file changed ({why}): beginning again")
            self.begin_again()

    def begin_again(self) -> None:
        """Drop all bytes and start from zero, in a new file."""
        with self._lock:
            self._generation += 1
            self._readers.abort()
            self.active = []
            self.follower.abandon()
            self.partial.reset()
            self.follower = self._follow()
            self.total = self.expected_size
            self.ranges_honoured = False
            self.spliced = False
            self.resumed = 0
            self.admitted = False
            self._overlap = 0
            self.sources.ranged = True

    def retry_after_mismatch(self) -> bool:
        """Begin again after a wrong hash, if that can help: resumed bytes, or another source."""
        with self._lock:
            if self.spliced and not self._distrusted:
                self.say("the resumed file has a wrong hash: once more from zero")
                self._distrusted = True
            elif self._drop_source():
                self._distrusted = False
            else:
                return False
            self.begin_again()
            return True

    def _drop_source(self) -> bool:
        try:
            return self.sources.drop()
        except DriveRefusedError:
            self.partial.discard()
            raise

    def _follow(self) -> RunningHash:
        partial = self.partial
        try:
            follower = RunningHash(partial.path, lambda: partial.front, kind_of(self.known_hash))
        except OSError as error:
            raise as_cache_error(error, partial.path) from error
        follower.wake()  # on resume, what is there is hashed while the connection is made
        return follower

    def close(self) -> None:
        """Let go, keeping what arrived."""
        self.follower.abandon()
        self.partial.close()


class _Buffer:
    """A page-aligned buffer: receiving into a bytearray was markedly slower where measured."""

    def __enter__(self) -> memoryview:
        self._map = mmap.mmap(-1, BLOCK)
        self._view = memoryview(self._map)
        return self._view

    def __exit__(self, *_: object) -> None:
        self._view.release()


def _write(file: BinaryIO, view: memoryview) -> None:
    written = file.write(view)
    while written < len(view):
        written += file.write(view[written:])


_TOO_SHORT = "it ends before the bytes that are on disk"
_RUN_AGAIN = "Run again: what arrived is kept."
