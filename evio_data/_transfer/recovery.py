"""Carry out what the policy decides after a failed request."""

import time
from collections.abc import Callable
from typing import NamedTuple

from .._http.connection import (
    BusyError,
    NoAnswerError,
    TransportError,
    UnavailableError,
    UnreachableError,
    UnusableHostError,
)
from .._http.ranges import LAST_REFUSALS, RangeError, RangeNotSatisfiableError
from .._http.validators import Validators
from .._sources.base import Source
from .._sources.failover import Failover
from .._text import duration, size
from ..errors import ChecksumError, DownloadError, EvioDataError
from .hosts import Hosts
from .policy import Decision, Fault, Situation, decide
from .segments import Segment
from .throttle import backoff
from .version import OVERLAP, TOO_SHORT, DoubtError, RemoteChangedError, Version

MAX_FRESH_STARTS = 2  # times that a file may begin again because its remote side changed
MAX_NODE_TRIES = 8  # requests in a row that may meet another node than that whose bytes we hold
LONG = 10.0  # seconds of a wait that quiet runs are told of, too
MAX_PATIENCE = 600.0  # seconds; a server that asks for a longer wait is not waited for


class Wish(NamedTuple):
    """What is wanted of a file, whatever version of it comes.

    Attributes
    ----------
    name : str
        The registry key, for messages.
    known_hash : str or None
        The published hash, or that of the first use.
    size : int or None
        Bytes, where the registry says so.
    """

    name: str
    known_hash: str | None
    size: int | None

    def check_size(self, total: int | None) -> None:
        """Refuse a file of another size than the registered one.

        Raises
        ------
        ChecksumError
        """
        if total is None or self.size is None or total == self.size:
            return
        error = ChecksumError(
            f"has {total:,} bytes at the source, {self.size:,} in the registry.",
            advice="The published file changed: ask for a new registry.",
        )
        error.expected, error.actual = str(self.size), str(total)
        raise error


class Case(NamedTuple):
    """A request that went wrong."""

    version: Version
    segment: Segment
    source: Source
    problem: Exception
    progress: bool  # whether it had brought bytes
    ranged: bool  # whether it asked for a range
    began: float  # monotonic

    def count_failure(self) -> int:
        """Count it, unless it has brought bytes; return how many there were in a row."""
        self.segment.failures = 0 if self.progress else self.segment.failures + 1
        return self.segment.failures


class Recovery:
    """Carries out what the policy decides for one file.

    Parameters
    ----------
    wish : Wish
    failover : Failover
    hosts : Hosts
    message : callable
        Takes words for the person who waits.
    waiting : callable
        Takes words about a wait of some length.
    is_current : callable
        Says whether a version is still the one that is received.
    begin_anew : callable
        Drops the current version, and begins another one.
    """

    def __init__(
        self,
        wish: Wish,
        failover: Failover,
        hosts: Hosts,
        *,
        message: Callable[[str], None],
        waiting: Callable[[str], None],
        is_current: Callable[[Version], bool],
        begin_anew: Callable[[], None],
    ) -> None:
        self._wish = wish
        self._failover = failover
        self._hosts = hosts
        self._message = message
        self._waiting = waiting
        self._is_current = is_current
        self._begin_anew = begin_anew
        self._seen: list[Validators] = []  # that have led to a new beginning
        self._fresh_starts = 0
        self._node_tries = 0

    def note_acceptance(self) -> None:
        """Take note that an answer is of the version whose bytes we hold."""
        self._node_tries = 0

    def _is_last_failure(self, case: Case) -> bool:
        """Say whether one more failure would be the last that is borne."""
        return not case.progress and case.segment.failures >= self._failover.patience

    def react(self, case: Case) -> None:
        host = self._hosts[case.source.label]
        may_be_range = case.ranged and self._failover.may_drop_range and self._failover.is_last
        fault = _fault_of(case.problem, may_be_range=may_be_range)
        if fault in (Fault.UNAVAILABLE, Fault.BROKEN) and not case.ranged:
            self._failover.try_range_again()
        host.answered = host.answered or fault in _ANSWERS
        situation = Situation(
            shared=case.version.plan.others_receive(case.segment),
            arrived=host.arrived,
            hashed=self._wish.known_hash is not None,
            ranged=case.ranged,
            alternates=self._is_known_node(case.problem),
        )
        decision = decide(fault, situation)
        if decision is Decision.WAIT and situation.shared and self._is_last_failure(case):
            decision = Decision.LEAVE_SHARE
        _REACTIONS[decision](self, case)

    def _leave_share(self, case: Case) -> None:
        with case.version.lock:
            case.version.plan.give_back(case.segment)
        self._message(f"{_words(case.problem)}; going on over the connections that receive")

    def _pause_host(self, case: Case) -> None:
        busy = case.problem
        assert isinstance(busy, BusyError)
        if case.version.plan.others_receive(case.segment):
            with case.version.lock:
                case.version.plan.give_back(case.segment)
        elif not self._is_too_long(case):
            self._failover.count_busy(case.source, case.began)
        raise busy

    def _without_range(self, case: Case) -> None:
        """Ask without a range from now on; where that was tried already, it counts as a failure."""
        self._drop_range(case)
        if self._failover.ranged:
            self._wait(case)

    def _drop_range(self, case: Case, *, is_suspicion: bool = False) -> None:
        if case.ranged and self._failover.may_drop_range:
            self._failover.drop_range(is_suspicion=is_suspicion)

    def _find_end(self, case: Case) -> None:
        error, segment, version = case.problem, case.segment, case.version
        assert isinstance(error, RangeNotSatisfiableError)
        try:
            self._wish.check_size(error.total)
        except ChecksumError as wrong:
            self._switch_source(case, wrong)
            return
        at_end = version.total is None and error.total in (None, segment.position)
        if at_end and segment.position > 0:
            version.take_end(segment.position, proven=True)
        elif error.total == 0 and not segment.position:
            version.take_end(0, proven=True)
        elif self._failover.ranged and not segment.position:
            self._failover.drop_range()
        else:
            self._begin_again(case, TOO_SHORT)

    def _wait(self, case: Case) -> None:
        if self._is_whole_by_hash(case) or self._is_too_long(case):
            return
        host = self._hosts[case.source.label]
        patience = self._failover.patience
        if host.patience_spent and not host.answered:
            patience = 0
        if case.count_failure() > patience:
            host.patience_spent = not host.answered
            self._give_up(case)
        else:
            if case.segment.failures > 1 and self._may_be_for_the_range(case):
                self._drop_range(case, is_suspicion=True)
            self._put_off(case)

    def _may_be_for_the_range(self, case: Case) -> bool:
        """Say whether it may be a server's way to refuse a range, and as well something else."""
        if not isinstance(case.problem, NoAnswerError | UnavailableError):
            return False
        spares = case.version.partial.received and not self._failover.is_range_suspected
        return not spares or case.segment.failures >= self._failover.patience

    def _wait_briefly(self, case: Case) -> None:
        host = self._hosts[case.source.label]
        patience = min(self._hosts.brief, self._failover.patience)
        if case.count_failure() > patience:
            self._give_up_host(case)
            return
        self._put_off(case, quietly=host.is_doubtful)
        host.is_doubtful = not host.answered

    def _is_too_long(self, case: Case) -> bool:
        """Leave a server that asks for a longer wait than anybody has patience for."""
        wait = getattr(case.problem, "wait", None) or 0.0
        if wait <= MAX_PATIENCE:
            return False
        error = DownloadError(
            f"{_words(case.problem)}, and asks to wait for {duration(wait)}.",
            advice="Run again after that; what arrived is kept.",
        )
        self._switch_source(case, error)
        return True

    def _is_whole_by_hash(self, case: Case) -> bool:
        """Say whether all is there, although the server never told the end, or another one."""
        version = case.version
        if self._wish.known_hash is None:
            return False
        if version.total is not None and (case.progress or not self._may_be_whole(version)):
            return False
        if version.running_hash.digest_so_far() != self._wish.known_hash:
            return False
        version.take_end(version.partial.front, proven=True)
        return True

    def _may_be_whole(self, version: Version) -> bool:
        """Say whether a total may be wrong, which only the server has told."""
        partial = version.partial
        return self._wish.size is None and partial.end == partial.front

    def _put_off(self, case: Case, *, quietly: bool = False) -> None:
        version, segment, error = case.version, case.segment, case.problem
        seconds = max(backoff(segment.failures), getattr(error, "wait", None) or 0.0)
        received = version.partial.received
        version.spliced = version.spliced or received > 0
        version.kept = max(version.kept, received)
        kept = f"{size(received)} are kept, " if received else ""
        when = f" in {duration(seconds)}" if seconds > 1 else ""
        if not quietly:  # it was said of another file of this host
            tell = self._waiting if seconds >= LONG else self._message
            tell(f"{_words(error)}; {kept}trying again{when}")
        segment.retry_at = time.monotonic() + seconds

    def _give_up(self, case: Case) -> None:
        retries = case.segment.failures - 1
        again = f", after {retries} retries" if retries > 1 else ""
        advice = KEPT if case.version.partial.received else "Run again."
        self._switch_source(case, _error_of(case.problem, again, advice))
        case.segment.failures = 0

    def _give_up_host(self, case: Case) -> None:
        error = _as_verdict(case.problem)
        lasting = isinstance(case.problem, UnusableHostError)
        self._hosts[case.source.label].judge(error, lasting=lasting)
        self._switch_source(case, error)
        case.segment.failures = 0

    def _next_source(self, case: Case) -> None:
        assert isinstance(case.problem, EvioDataError)
        self._switch_source(case, case.problem)

    def _switch_source(self, case: Case, error: EvioDataError) -> None:
        self._failover.next_after(case.source, error)
        version = case.version
        if case.source.is_mirror:  # at most one half of what it brought is spent on the comparison
            version.overlap = min(OVERLAP, version.partial.front // 2)

    def _same_node(self, case: Case) -> None:
        self._node_tries += 1
        if self._node_tries > MAX_NODE_TRIES:
            self._begin_again(case, _words(case.problem))
        else:
            case.segment.retry_at = time.monotonic()

    def _is_known_node(self, problem: Exception) -> bool:
        """Say whether validators that differ now were those of an earlier beginning."""
        if not isinstance(problem, DoubtError):
            return False
        return any(problem.found.contradicts(one) is None for one in self._seen)

    def _begin_again(self, case: Case, why: str | None = None) -> None:
        why = why or _words(case.problem)
        if case.source.is_mirror and not self._failover.is_last:
            # What a mirror says is no reason to drop what came from elsewhere.
            self._switch_source(case, DownloadError(f"has another version: {why}."))
            return
        with case.version.lock:
            if not self._is_current(case.version):
                return
            self._fresh_starts += 1
            # Where ranges tell of another file each time, the whole file in one answer may not.
            drop_range = self._fresh_starts == MAX_FRESH_STARTS and case.ranged
            if self._fresh_starts > MAX_FRESH_STARTS:
                raise DownloadError(
                    f"the remote file keeps changing ({why}).", advice="Run again later."
                )
            self._message(f"the remote file changed ({why}): beginning again")
            known = case.version.partial.validators
            found = getattr(case.problem, "found", None)
            self._seen += [one for one in (known, found) if one is not None]
            self._begin_anew()
            if drop_range:
                self._failover.drop_range()


_REACTIONS: dict[Decision, Callable[["Recovery", Case], None]] = {
    Decision.LEAVE_SHARE: Recovery._leave_share,  # noqa: SLF001
    Decision.PAUSE_HOST: Recovery._pause_host,  # noqa: SLF001
    Decision.WITHOUT_RANGE: Recovery._without_range,  # noqa: SLF001
    Decision.FIND_END: Recovery._find_end,  # noqa: SLF001
    Decision.WAIT: Recovery._wait,  # noqa: SLF001
    Decision.WAIT_BRIEFLY: Recovery._wait_briefly,  # noqa: SLF001
    Decision.NEXT_SOURCE: Recovery._next_source,  # noqa: SLF001
    Decision.GIVE_UP_HOST: Recovery._give_up_host,  # noqa: SLF001
    Decision.BEGIN_AGAIN: Recovery._begin_again,  # noqa: SLF001
    Decision.SAME_NODE: Recovery._same_node,  # noqa: SLF001
}

_FAULTS: tuple[tuple[type[Exception], Fault], ...] = (  # the first that fits
    (BusyError, Fault.BUSY),
    (UnavailableError, Fault.UNAVAILABLE),
    (UnreachableError, Fault.UNREACHABLE),
    (UnusableHostError, Fault.UNUSABLE),
    (RangeNotSatisfiableError, Fault.NOT_SATISFIABLE),
    (RangeError, Fault.WRONG_RANGE),
    (RemoteChangedError, Fault.CHANGED),
    (DoubtError, Fault.DOUBTED),
    (TransportError, Fault.BROKEN),
)

_ANSWERS = {
    Fault.BUSY,
    Fault.UNAVAILABLE,
    Fault.RANGE_REFUSED,
    Fault.WRONG_RANGE,
    Fault.NOT_SATISFIABLE,
    Fault.REFUSED,
}


def _fault_of(problem: Exception, *, may_be_range: bool) -> Fault:
    if may_be_range and getattr(problem, "status", None) in LAST_REFUSALS:
        return Fault.RANGE_REFUSED
    return next((fault for kind, fault in _FAULTS if isinstance(problem, kind)), Fault.REFUSED)


def _words(problem: Exception) -> str:
    """Return what went wrong, without a full stop."""
    text = problem.message if isinstance(problem, EvioDataError) else str(problem)
    return text.rstrip(".")


def _as_verdict(problem: Exception) -> EvioDataError:
    if isinstance(problem, EvioDataError):
        return problem
    return _error_of(problem, "", "Check the network, and the host's name, and run again.")


def _error_of(problem: Exception, more: str, advice: str) -> DownloadError:
    error = DownloadError(f"{_words(problem)}{more}.", advice=advice)
    error.status = getattr(problem, "status", None) or None
    error.is_connection = error.status is None and isinstance(problem, TransportError)
    return error


KEPT = "Run again: what arrived is kept."
