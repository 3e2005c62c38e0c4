"""Download one file, from its sources, over one or more connections."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from .._cache.partial import Partial, PartialLostError
from .._files import as_cache_error
from .._http.connection import (
    BusyError,
    HttpSession,
    Interrupted,
    TransportError,
)
from .._http.ranges import RangeError
from .._registry.hashes import kind_of
from .._sources.base import Body, Readable, Source
from .._sources.failover import Failover
from ..errors import ChecksumError, DownloadError, DriveRefusedError, EvioDataError
from .cancellation import Cancellation
from .first_answer import FirstAnswer
from .hosts import Hosts
from .reception import Reception
from .recovery import Case, Recovery, Wish
from .resume_check import overlap_of
from .segments import Segment
from .version import OVERLAP, DoubtError, RemoteChangedError, Version


class Surroundings(NamedTuple):
    """What a download shares with the others of a run.

    Attributes
    ----------
    cancellation : Cancellation
    hosts : Hosts
    retries : int
        Attempts in a row that may bring no byte.
    message : callable
        Takes words for the person who waits.
    waiting : callable
        Takes words about a wait of some length.
    reserved : callable
        Returns the bytes of disk that other running files will still take.
    admitting : threading.Lock
        Held while a file is promised its space: two must not be promised the same.
    """

    cancellation: Cancellation
    hosts: Hosts
    retries: int
    message: Callable[[str], None]
    waiting: Callable[[str], None]
    reserved: Callable[[], int]
    admitting: threading.Lock


class Download:
    """The reception of one file, through as many versions of it as it takes.

    Parameters
    ----------
    wish : Wish
    sources : sequence of Source
        Tried in this order.
    partial : Partial
        Open.
    surroundings : Surroundings
    first : FirstAnswer, optional
        To begin with.

    Attributes
    ----------
    version : Version
        What is received now; a new beginning makes a new one.
    failure : EvioDataError or None
        Why it is over, if it failed.
    is_lost : bool
        Whether another process has taken over what had arrived.
    """

    def __init__(
        self,
        wish: Wish,
        sources: Sequence[Source],
        partial: Partial,
        surroundings: Surroundings,
        first: FirstAnswer | None = None,
    ) -> None:
        self.wish = wish
        self._first = first
        self.failure: EvioDataError | None = None
        self.is_lost = False
        self.failover = Failover(sources, retries=surroundings.retries, say=surroundings.message)
        self.version = Version(partial, size=wish.size, kind=kind_of(wish.known_hash))
        self._cancellation = surroundings.cancellation
        self._hosts = surroundings.hosts
        self._message = surroundings.message
        self._reserved = surroundings.reserved
        self._admitting = surroundings.admitting
        self._fetched = 0
        self._has_mismatched = False
        self._recovery = Recovery(
            wish,
            self.failover,
            surroundings.hosts,
            message=surroundings.message,
            waiting=surroundings.waiting,
            is_current=self._is_current,
            begin_anew=self.begin_again,
        )

    # --- how far it is --------------------------------------------------------------------------

    @property
    def total(self) -> int | None:
        """Bytes of the whole file, as far as they are known."""
        return self.version.total

    @property
    def received(self) -> int:
        """Bytes of the file that are there."""
        return self.version.partial.received

    @property
    def fetched(self) -> int:
        """Bytes received by this process, repeated ones too."""
        # Without the lock: whoever draws this may be waited for by somebody who holds it.
        plan = self.version.plan
        return self._fetched + sum(segment.fetched for segment in list(plan.active))

    @property
    def is_over(self) -> bool:
        """Whether it has failed, or every byte is there."""
        return self.failure is not None or self.version.is_complete

    @property
    def is_active(self) -> bool:
        """Whether a connection works on it."""
        return bool(self.version.plan.active)

    def claim(self) -> tuple[Version, Segment] | None:
        """Return something to be received by the caller."""
        version = self.version
        segment = None if self.failure else version.claim()
        return None if segment is None else (version, segment)

    # --- receiving ------------------------------------------------------------------------------

    def receive(self, version: Version, segment: Segment, session: HttpSession) -> None:
        """Receive a segment until it is there, is put off, or is left to others.

        Raises
        ------
        BusyError
            The server wants fewer requests; the rest of the segment is free for others.
        Interrupted
            If somebody asked to stop.
        """
        try:
            while self._wants(version, segment):
                self._attempt(version, segment, session)
        except (BusyError, Interrupted):
            raise
        except EvioDataError as error:
            self._fail(version, error)
        except OSError as error:
            self._fail(version, as_cache_error(error, version.partial.path))
        finally:
            with version.lock:
                self._fetched += version.plan.leave(segment)
            if self.is_over:
                version.bodies.abort()  # nobody needs what the others are waiting for

    def _wants(self, version: Version, segment: Segment) -> bool:
        if self._cancellation.cancelled:
            raise Interrupted
        if segment.given_up or segment.retry_at is not None or not self._is_current(version):
            return False
        stop = version.total if segment.stop is None else segment.stop
        return not version.is_complete and (stop is None or segment.position < stop)

    def _is_current(self, version: Version) -> bool:
        return self.version is version and not version.is_over and self.failure is None

    def _attempt(self, version: Version, segment: Segment, session: HttpSession) -> None:
        before, began, source = segment.position, time.monotonic(), self.failover.current
        ranged = self.failover.ranged
        try:
            self._refuse_hopeless(source)
            self._receive_once(version, segment, session, source)
        except Interrupted:
            raise
        except PartialLostError as error:
            self.is_lost = self.is_lost or self._is_current(version)
            raise DownloadError(
                "another process has taken over this download.", advice="Run again."
            ) from error
        except (TransportError, RangeError, RemoteChangedError, DoubtError) as error:
            if self._cancellation.cancelled:
                raise Interrupted from error
            problem: Exception = error
        except (DownloadError, ChecksumError) as error:
            problem = error
        else:
            return
        finally:
            segment.is_receiving = False
        if self._is_current(version):
            progress = segment.position > before
            self._recovery.react(Case(version, segment, source, problem, progress, ranged, began))

    def _refuse_hopeless(self, source: Source) -> None:
        """Raise what is known of a host from which nothing can come in this run."""
        host = self._hosts[source.label]
        if (verdict := host.verdict) is not None and not host.arrived:
            raise verdict

    def _receive_once(
        self, version: Version, segment: Segment, session: HttpSession, source: Source
    ) -> None:
        hashed = self.wish.known_hash is not None
        start = segment.position - overlap_of(version, segment, hashed=hashed)
        before, stop = segment.fetched, self._last_wanted(version, segment)
        first, self._first = self._first, None
        if first is not None and first.source is source and start == 0:
            opened = first.take()
        else:
            opened = source.open(session, start, stop, ranged=self.failover.ranged)
        with opened as body:
            self._watch(version, body.stream)
            segment.begin_attempt()
            try:
                if self._accept(version, segment, body):
                    segment.is_receiving = True
                    self._reception(version, segment, body, source).run()
            finally:
                segment.last = segment.fetched - before or segment.last
                version.bodies.remove(body.stream)
                self._cancellation.unwatch(body.stream)

    def _reception(
        self, version: Version, segment: Segment, body: Body, source: Source
    ) -> Reception:
        host = self._hosts[source.label]

        def note_progress() -> None:
            segment.failures = self.failover.busy = 0
            host.arrived = True

        return Reception(
            version,
            segment,
            body,
            hashed=self.wish.known_hash is not None,
            is_wanted=lambda: self._is_current(version),
            on_progress=note_progress,
            cancellation=self._cancellation,
        )

    def _watch(self, version: Version, stream: Readable) -> None:
        version.bodies.add(stream)
        self._cancellation.watch(stream)

    def _last_wanted(self, version: Version, segment: Segment) -> int | None:
        """Return where a request ends: a little later where the joint is to be compared."""
        if segment.stop is None or version.total is None:
            return segment.stop
        stop = segment.stop + (OVERLAP if self.wish.known_hash is None else 0)
        return stop if stop < version.total else None

    # --- an answer ------------------------------------------------------------------------------

    def _accept(self, version: Version, segment: Segment, body: Body) -> bool:
        """Take note of what an answer says before its bytes are used; say whether to use them."""
        with version.lock:
            if not self._is_current(version):
                return False
            self._hosts[self.failover.current.label].answered = True
            self._check_coding(version, body)
            self._check_validators(version, body)
            with self._admitting:
                version.admit(self._reserved)
            version.ranges_honoured = body.placement.honoured
            if body.placement.start < segment.position and not body.placement.honoured:
                return self._accept_whole(version, segment)
            version.spliced = version.spliced or body.placement.start > 0
        return True

    def _check_coding(self, version: Version, body: Body) -> None:
        partial = version.partial
        if partial.received and body.coding != partial.coding:
            raise RemoteChangedError(f"its content coding is {body.coding or 'none'} now")
        if not body.coding:  # else the size is that of the coded bytes
            self.wish.check_size(body.validators.total)
        elif not partial.received:
            version.total = None  # the registry's is that of the decoded bytes
        partial.coding = body.coding

    def _check_validators(self, version: Version, body: Body) -> None:
        hashed = self.wish.known_hash is not None
        version.check_validators(body.validators, is_settled_by_hash=hashed)
        self._recovery.note_acceptance()

    def _accept_whole(self, version: Version, segment: Segment) -> bool:
        """Say whether to use the whole file, which came although the rest was asked for."""
        if version.ended_at is not None:
            version.take_end(version.ended_at, proven=self.wish.known_hash is not None)
            return False
        if segment.position != version.partial.front:
            segment.given_up = True  # whoever has the front goes on to the end
            return False
        segment.stop = None
        version.spliced = True
        version.kept = 0
        self._message("the server does not resume: receiving from the first byte again")
        return True

    def _fail(self, version: Version, error: EvioDataError) -> None:
        with version.lock:
            if self._is_current(version):
                if isinstance(error, DownloadError):
                    error.received = version.partial.received
                self.failure = error

    # --- another version ------------------------------------------------------------------------

    def begin_again(self) -> None:
        """Drop all bytes and start from zero: a new version, in a new file."""
        old = self.version
        with old.lock:
            self._fetched += sum(segment.fetched for segment in old.plan.active)
            for segment in old.plan.active:
                segment.fetched = 0
            old.supersede()
            partial = old.partial.another()
            partial.open(take_over=False)
            self.failover.ranged = self.failover.may_drop_range = True
            self.version = Version(partial, size=self.wish.size, kind=kind_of(self.wish.known_hash))

    def retry_after_mismatch(self) -> bool:
        """Begin again after a wrong hash, if that can help: resumed bytes, or another source."""
        with self.version.lock:
            if self.version.spliced and not self._has_mismatched:
                self._message("the resumed file has a wrong hash: once more from zero")
                self._has_mismatched = True
                self.begin_again()
                self.version.plan.single = True
            elif self._discard_source():
                self._has_mismatched = False
                self.begin_again()
            else:
                return False
            return True

    def _discard_source(self) -> bool:
        try:
            return self.failover.discard_current()
        except DriveRefusedError:
            self.version.partial.discard()
            raise

    def close(self) -> None:
        """Let go, keeping what arrived."""
        self.version.close()
