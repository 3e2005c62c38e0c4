"""Choose the next source of a file, and in the end the error to report."""

import threading
import time
from collections.abc import Callable, Sequence

from .._http.ranges import RANGE_REFUSALS
from .._text import clean
from ..errors import CacheError, DownloadError, DriveRefusedError, EvioDataError
from .base import Source, TooSlowError

IMPATIENT = 1  # retries at a source that brings nothing while there is another one


class Failover:
    """The places that have a file, in the order in which they are still to be tried.

    Parameters
    ----------
    sources : sequence of Source
    retries : int
        Attempts in a row that may bring no byte, at the last of them.
    say : callable
        Takes words for the person who waits.

    Attributes
    ----------
    ranged : bool
        Whether the current one is asked for ranges.
    may_drop_range : bool
        Whether it has not been asked without a range yet.
    is_range_suspected : bool
        Whether it is asked without one on a suspicion only.
    busy : int
        Its refusals for business in a row.
    """

    def __init__(
        self, sources: Sequence[Source], *, retries: int, say: Callable[[str], None]
    ) -> None:
        self._begin_with_next()
        self._left = list(sources)
        self._retries = retries
        self._say = say
        self._lock = threading.Lock()
        self._refused_at = 0.0
        self._second: list[Source] = []  # that are tried a second time, without a range
        self._refusal: DriveRefusedError | None = None

    @property
    def current(self) -> Source:
        """The one to ask now."""
        return self._left[0]

    @property
    def is_last(self) -> bool:
        """Whether there is no other one."""
        return len(self._left) == 1

    @property
    def patience(self) -> int:
        """The attempts in a row that may bring no byte."""
        return self._retries if self.is_last else IMPATIENT

    def next_after(self, source: Source, error: EvioDataError) -> None:
        """Go on with the one after ``source``, or give up.

        Raises
        ------
        EvioDataError
            ``error``, or what Drive said before, if there is no other one.
        """
        with self._lock:
            if self.current is not source:
                return  # another connection has gone on already
            if isinstance(error, DriveRefusedError):
                self._refusal = error  # it says more than what a mirror says after it
            if isinstance(error, CacheError):
                raise error
            if self.is_last:
                raise self._refusal or error
            left = self._left.pop(0)
            if isinstance(error, TooSlowError) or self._may_do_without_range(left, error):
                self._left.append(left)  # better than nothing
            self._begin_with_next()
            self._say(f"{left.label}: {clean(str(error))} Going on with {self.current.label}")

    def _may_do_without_range(self, source: Source, error: EvioDataError) -> bool:
        """Say whether a range was perhaps what a source refused; once for each source."""
        status = getattr(error, "status", None)
        if not self.ranged or status not in RANGE_REFUSALS or source in self._second:
            return False
        self._second.append(source)
        return True

    def drop_range(self, *, is_suspicion: bool = False) -> None:
        """Ask the current one without a range from now on."""
        self.ranged = self.may_drop_range = False
        self.is_range_suspected = is_suspicion

    def try_range_again(self) -> None:
        """Ask with a range again, if that there was one was only a suspicion."""
        if self.is_range_suspected:
            self.ranged = self.may_drop_range = True

    def _begin_with_next(self) -> None:
        self.ranged = self.may_drop_range = True
        self.is_range_suspected = False
        self.busy = 0

    def count_busy(self, source: Source, began: float) -> None:
        """Take note that a request, begun at a monotonic time, was refused for business.

        Raises
        ------
        DownloadError
            After too many of them, if there is no other source.
        """
        with self._lock:
            if began < self._refused_at:
                return  # refused together with one that is counted already
            self._refused_at = time.monotonic()
            self.busy += 1
        if self.busy > self._retries:
            error = DownloadError(
                f"the server asked {self.busy} times for fewer requests.",
                advice="Wait some minutes and run again with fewer connections (`-j 1`).",
            )
            self.next_after(source, error)

    def discard_current(self) -> bool:
        """Go on with the next one, as this one has wrong bytes; say whether there is one.

        Raises
        ------
        DriveRefusedError
            What Drive said before, if there is no other one: that is what can be helped.
        """
        with self._lock:
            wrong = self.current.label
            if not self.is_last:
                del self._left[0]
                self._begin_with_next()
                self._say(f"{wrong} has other bytes: from zero with {self.current.label}")
                return True
            if self._refusal is not None:
                self._say(f"{wrong} has other bytes")
                raise self._refusal
            return False
