"""Choose the next work for a connection: a free part, a new file, or a share of a running one."""

import time
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from .hosts import Hosts
from .jobs import Job, Run
from .segments import Segment
from .splitting import Splitter, is_worth
from .version import Version


class Part(NamedTuple):
    """A segment of a running file."""

    run: Run
    version: Version
    segment: Segment


Task = Job | Part


class Scheduler:
    """Chooses work, so that all connections stay busy; the caller holds a lock.

    Parameters
    ----------
    jobs : sequence of Job
        Those of unknown size are begun first, in their order; then the largest first.
    hosts : Hosts

    Attributes
    ----------
    runs : list of Run
        The files that are being received.
    """

    def __init__(self, jobs: Sequence[Job], hosts: Hosts) -> None:
        self.runs: list[Run] = []
        self._hosts = hosts
        self._waiting = deque(sorted(jobs, key=_unknown_then_largest))
        self._retry_at: dict[str, float] = {}
        self._splitter = Splitter()

    def put_off(self, job: Job, seconds: float) -> bool:
        """Try a file again later; say whether that is the first time."""
        is_first = job.name not in self._retry_at
        self._retry_at[job.name] = time.monotonic() + seconds
        self._waiting.append(job)
        return is_first

    def pick(self, received: int, working: int, most: int) -> Task | None:
        """Return the next piece of work, if there is any.

        Parameters
        ----------
        received : int
            Bytes that came over the network so far.
        working : int
            Connections that are busy.
        most : int
            Connections in all.
        """
        return self._free_part() or self._next_job() or self._split(received, working, most)

    def _free_part(self) -> Part | None:
        for run in self.runs:
            if run.finishing or not self._allows(run.download.failover.current.label):
                continue
            claimed = run.download.claim()
            if claimed is not None:
                return Part(run, *claimed)
        return None

    def _next_job(self) -> Job | None:
        now = time.monotonic()
        for job in self._waiting:
            if self._retry_at.get(job.name, 0.0) <= now and self._may_begin(job.label):
                self._waiting.remove(job)
                return job
        return None

    def _may_begin(self, label: str) -> bool:
        if not self._allows(label):
            return False
        # Where nobody answers, the waits of one file are enough for all.
        is_asked = any(run.download.failover.current.label == label for run in self.runs)
        return not is_asked or self._hosts[label].takes_new_files()

    def _allows(self, label: str) -> bool:
        return self._hosts[label].allows_one_more()

    def _split(self, received: int, working: int, most: int) -> Part | None:
        rate = self._splitter.measure(received)
        idle = max(1, most - working)
        if not working or not self._splitter.ready(rate, working):
            return None
        # A part that was split off a moment ago has no rate of its own yet.
        mean = rate / working if self._splitter.in_step else None
        part = self._share_out(working + self._splitter.to_come(working, idle), mean)
        if part is None:
            self._splitter.end_step()
        else:
            self._splitter.made(rate, working, idle)
        return part

    def _share_out(self, parts: int, mean_rate: float | None) -> Part | None:
        """Split the longest rest, so that all that is to come would be in equal parts."""
        runs = [run for run in self.runs if self._may_be_split(run)]
        run = max(runs, key=_longest_rest, default=None)
        if run is None:
            return None
        version = run.download.version
        if not is_worth(_rest_seconds(run, mean_rate), version.total or 0):
            return None
        rest = sum(each.download.version.missing() for each in runs)
        longest = version.longest()
        if longest is not None and longest.is_processor_bound:
            return None  # a further connection would only share the same processors
        segment = version.split(rest / parts)
        return None if segment is None else Part(run, version, segment)

    def _may_be_split(self, run: Run) -> bool:
        return not run.finishing and self._allows(run.download.failover.current.label)


def _unknown_then_largest(job: Job) -> tuple[bool, int]:
    known = (job.size, job.entry.size, job.entry.about)
    size = next((each for each in known if each is not None), None)
    return size is not None, -(size or 0)


def _rest_seconds(run: Run, mean_rate: float | None) -> float:
    """Return how long the longest segment will still take; 0 where that would be a guess."""
    segment = run.download.version.longest()
    rate = (segment.rate() if segment else None) or mean_rate
    return _longest_rest(run) / rate if rate else 0.0


def _longest_rest(run: Run) -> float:
    version = run.download.version
    segment = version.longest()
    if segment is None:
        return 0.0
    return (segment.stop or version.total or 0) - segment.position
