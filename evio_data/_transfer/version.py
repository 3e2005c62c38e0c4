"""One version of a remote file: its bytes so far, their hash, segments and validators."""

import threading
from collections.abc import Callable

from .._cache.hashing import RunningHash
from .._cache.partial import Partial
from .._files import as_cache_error, check_free_space
from .._http.validators import Validators
from ..errors import DownloadError
from .cancellation import OpenBodies
from .segments import Segment, SegmentPlan

OVERLAP = 64 * 1024  # bytes on disk that another answer must repeat before its own are taken


class RemoteChangedError(Exception):
    """The remote file is another one than that whose bytes we hold."""


class DoubtError(Exception):
    """The validators differ, and nothing else tells of another version.

    Attributes
    ----------
    found : Validators
        Those of the answer.
    """

    def __init__(self, message: str, found: Validators) -> None:
        super().__init__(message)
        self.found = found


class Version:
    """What is true of one version of the remote file; a new beginning makes a new one.

    Parameters
    ----------
    partial : Partial
        Open.
    size : int or None
        Bytes, where the registry says so.
    kind : str
        Of hash.

    Attributes
    ----------
    total : int or None
        Bytes of the whole file, as far as the server or the registry says.
    ranges_honoured : bool
        Whether the server has answered a range request with a range.
    spliced : bool
        Whether more than one answer has contributed.
    kept : int
        Bytes that were there when the transfer last had to go on, and did not come again.
    ended_at : int or None
        Where a body without a length ended.
    is_doubted : bool
        Whether answers with other validators have contributed: what they repeat is compared.
    is_admitted : bool
        Whether the disk has space for it, beside those that were admitted before.
    """

    def __init__(self, partial: Partial, *, size: int | None, kind: str) -> None:
        self.partial = partial
        self.plan = SegmentPlan(partial)
        self.bodies = OpenBodies()
        self.lock = threading.RLock()
        self.is_over = False
        known = partial.validators
        self.total = known.total if known is not None else None
        if self.total is None and not partial.coding:  # else it is that of the decoded bytes
            self.total = size
        # A file that was resumable is taken for resumable until an answer says otherwise.
        self.ranges_honoured = self.spliced = partial.resumed > 0
        self.kept = partial.resumed
        self.ended_at: int | None = None
        self.is_admitted = False
        self.overlap = OVERLAP if partial.resumed else 0  # bytes that are doubted once
        self.is_doubted = False
        self.running_hash = self._follow(kind)

    def _follow(self, kind: str) -> RunningHash:
        partial = self.partial
        try:
            running_hash = RunningHash(partial.path, lambda: partial.front, kind)
        except OSError as error:
            raise as_cache_error(error, partial.path) from error
        running_hash.wake()  # on resume, what is there is hashed while the connection is made
        return running_hash

    @property
    def is_complete(self) -> bool:
        """Whether every byte is there."""
        return self.total is not None and self.partial.front >= self.total

    def missing(self) -> int:
        """Return the number of bytes that are still to come, as far as that is known."""
        return max(0, (self.total or 0) - self.partial.received)

    # --- segments -------------------------------------------------------------------------------

    def claim(self) -> Segment | None:
        """Return a segment that nobody is receiving, to be received by the caller."""
        with self.lock:
            if self.is_over or self.is_complete:
                return None
            return self.plan.claim(self.total, ranged=self.ranges_honoured)

    def split(self, share: float) -> Segment | None:
        """Take what the longest segment would still have to receive beyond ``share`` bytes."""
        with self.lock:
            if self.is_over or self.total is None or not self.ranges_honoured:
                return None
            return self.plan.split(self.total, share)

    def longest(self) -> Segment | None:
        """Return the segment with the most bytes to come, where it may be split."""
        if self.total is None or not self.ranges_honoured:
            return None
        return self.plan.longest(self.total)

    # --- what answers say of it -----------------------------------------------------------------

    def check_validators(self, found: Validators, *, is_settled_by_hash: bool) -> None:
        """Hold what an answer says against what is known of this version, and remember it.

        Raises
        ------
        RemoteChangedError
            If it is of another version.
        DoubtError
            If only its validators differ, and no hash will settle that.
        """
        known = self.partial.validators
        if found.total is not None and found.total < self.partial.end:
            raise RemoteChangedError(TOO_SHORT)
        if known is not None and (words := found.contradicts_content(known)):
            raise RemoteChangedError(words)
        if known is not None and (words := found.contradicts(known)):
            if not is_settled_by_hash:
                raise DoubtError(words, found)
            self.is_doubted = True
        if known is None or self.total is None:
            self.partial.validators = found
            self.total = found.total if found.total is not None else self.total

    def admit(self, reserved: Callable[[], int]) -> None:
        """Promise the file its space on the disk, once; the caller holds the lock of that.

        Raises
        ------
        CacheError
            If there is too little beside what was promised to others.
        """
        if self.is_admitted:
            return
        check_free_space(self.missing() + reserved(), self.partial.path.parent)
        self.is_admitted = True

    # --- ends -----------------------------------------------------------------------------------

    def take_end(self, total: int, *, proven: bool) -> None:
        """Take note of where the file ends.

        Raises
        ------
        DownloadError
            If nothing shows that this is the end, and not a cut.
        """
        if not proven:
            raise DownloadError(
                "the server gives no length and no ranges: a cut cannot be told from the end.",
                advice="Publish the file's hash in the registry, or use another source.",
            )
        with self.lock:
            self.total = total

    def supersede(self) -> None:
        """Drop this version and its bytes: another one takes its place."""
        with self.lock:
            self.is_over = True
            self.plan.active, self.plan.waiting = [], []
        self.bodies.abort()
        self.running_hash.abandon()
        self.partial.remove()

    def close(self) -> None:
        """Let go, keeping what arrived."""
        self.is_over = True
        self.running_hash.abandon()
        self.partial.close()


TOO_SHORT = "it ends before the bytes that are on disk"
