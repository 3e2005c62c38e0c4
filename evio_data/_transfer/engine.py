"""Many files in, over a number of connections that all stay busy; an outcome for each out."""

import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from .._cache.check import cached, checksum_error
from .._cache.hashing import AbandonedError
from .._cache.locks import Lock
from .._cache.partial import Partial
from .._files import as_cache_error
from .._http.connection import BusyError, HttpSession, Interrupted
from .._report import Outcome
from .._text import duration, size
from ..errors import CacheError, ChecksumError, DownloadError, EvioDataError
from .cancellation import Cancellation, OneShotEvent
from .download import Download
from .jobs import Job, Run
from .listener import ProgressListener
from .segments import Segment
from .splitting import Splitter, is_worth
from .throttle import Pace

POLL = 0.05  # seconds between two looks for work
LOCK_POLL = 0.2  # seconds between two tries for a file that another process is fetching
HASH_INLINE = 8 * 1024 * 1024  # bytes that a connection may hash at the end before it goes on
STOP_WITHIN = 0.7  # seconds that threads get to end when asked to stop


class Engine:
    """Receives many files over a number of connections.

    Parameters
    ----------
    jobs : iterable of Job
        Largest first is best; those of unknown size are begun first, in their order.
    connections : int
        In all, over all files.
    timeout : float
        Seconds of silence on a line.
    retries : int
        Attempts in a row that may bring no byte.
    watcher : ProgressListener
    """

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        connections: int,
        timeout: float,
        retries: int,
        watcher: ProgressListener,
    ) -> None:
        self.jobs = list(jobs)
        self.connections = connections
        self.cancellation = Cancellation()
        self.pace = Pace(connections)
        self.runs: list[Run] = []
        self.outcomes: dict[str, Outcome] = {}
        self._timeout = timeout
        self._retries = retries
        self._watcher = watcher
        self._turn = threading.Condition()
        self._waiting = deque(sorted(self.jobs, key=_unknown_then_largest))
        self._retry_at: dict[str, float] = {}
        self._alone: set[str] = set()  # files whose partial another process has taken over
        self._working = 0
        self._splitter = Splitter()
        self._done_bytes = 0
        self._no_server_answered = (
            False  # whether a file has used up all attempts without an answer
        )
        self._all_done = OneShotEvent()
        self._broken: BaseException | None = None

    # --- the whole run ------------------------------------------------------------------------

    def run(self) -> list[Outcome]:
        """Receive everything; return the outcomes in the order of the jobs.

        Raises
        ------
        KeyboardInterrupt
            As soon as it arrives; what was received is kept.
        """
        if not self.jobs:
            return []
        threads = [
            threading.Thread(target=self._work, name=f"evio-data-{number}", daemon=True)
            for number in range(self.connections)
        ]
        try:
            for thread in threads:
                thread.start()
            while not self._all_done.wait(POLL):
                self._watcher.refresh(self)
            for thread in threads:
                thread.join()
        finally:
            self._stop(threads)
        if self._broken is not None:
            raise self._broken
        self._watcher.refresh(self)
        return [self.outcomes[job.entry.name] for job in self.jobs]

    def _stop(self, threads: list[threading.Thread]) -> None:
        started = [thread for thread in threads if thread.is_alive()]
        if not started and not self.runs:
            return
        self.cancellation.cancel()
        deadline = time.monotonic() + STOP_WITHIN
        for thread in started:
            thread.join(max(0.0, deadline - time.monotonic()))
        for run in list(self.runs):
            run.download.close()
            run.lock.release()

    @property
    def received(self) -> int:
        """Bytes that came over the network so far."""
        return self._done_bytes + sum(run.download.fetched for run in list(self.runs))

    @property
    def working(self) -> int:
        """Connections that are receiving."""
        return self._working

    # --- one connection -----------------------------------------------------------------------

    def _work(self) -> None:
        connection = HttpSession(timeout=self._timeout)
        try:
            while (task := self._next_task()) is not None:
                self._perform(task, connection)
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where run() waits
            self._break(error)
        finally:
            connection.close()

    def _perform(self, task: "Job | tuple[Run, Segment]", connection: HttpSession) -> None:
        try:
            if isinstance(task, Job):
                self._start(task, connection)
            else:
                self._receive(*task, connection)
        finally:
            with self._turn:
                self._working -= 1
                self._turn.notify_all()

    def _next_task(self) -> "Job | tuple[Run, Segment] | None":
        with self._turn:
            while len(self.outcomes) < len(self.jobs):
                if self.cancellation.cancelled:
                    raise Interrupted
                task = self._pick() if self.pace.allows(self._working) else None
                if task is not None:
                    self._working += 1
                    return task
                self._turn.wait(POLL)
        self._all_done.open()
        return None

    def _pick(self) -> "Job | tuple[Run, Segment] | None":
        for run in self.runs:
            segment = None if run.finishing else run.download.claim()
            if segment is not None:
                return run, segment
        job = self._next_job()
        return job if job is not None else self._split()

    def _next_job(self) -> Job | None:
        now = time.monotonic()
        for job in self._waiting:
            if self._retry_at.get(job.entry.name, 0.0) <= now:
                self._waiting.remove(job)
                return job
        return None

    def _split(self) -> tuple[Run, Segment] | None:
        rate = self._splitter.measure(self.received)
        working = self._working
        if not working or not self._splitter.ready(rate, working):
            return None
        # A part that was split off a moment ago has no pace of its own yet.
        pace = rate / working if self._splitter.in_step else None
        segment = self._share_out(working + self._splitter.to_come(working, self._idle()), pace)
        if segment is None:
            self._splitter.end_step()
        else:
            self._splitter.made(rate, working, self._idle())
        return segment

    def _share_out(self, parts: int, pace: float | None) -> tuple[Run, Segment] | None:
        """Split the longest rest, so that all that is to come would be in equal parts."""
        runs = [run for run in self.runs if not run.finishing]
        run = max(runs, key=_longest_rest, default=None)
        if run is None or not is_worth(_rest_seconds(run, pace), run.download.total or 0):
            return None
        rest = sum(each.download.missing() for each in runs)
        segment = run.download.split(rest / parts)
        return None if segment is None else (run, segment)

    def _idle(self) -> int:
        return max(1, self.pace.limit - self._working)

    # --- one file -----------------------------------------------------------------------------

    def _start(self, job: Job, connection: HttpSession) -> None:
        lock = Lock(job.cached_file.state / "lock")
        began = time.monotonic()
        try:
            run = self._begin(job, lock) if self._take(job, lock) else None
        except EvioDataError as error:
            lock.release()
            self._end(_failed(job, error, began))
            return
        except OSError as error:
            lock.release()
            self._end(_failed(job, as_cache_error(error, job.cached_file.final), began))
            return
        except BaseException:
            lock.release()
            raise
        if run is not None:
            self._enter(run, connection)

    def _enter(self, run: Run, connection: HttpSession) -> None:
        segment = run.download.claim()
        with self._turn:
            self.runs.append(run)
        self._watcher.started(run)
        if segment is None:
            self._finish_if_done(run)
        else:
            self._receive(run, segment, connection)

    def _take(self, job: Job, lock: Lock) -> bool:
        """Take the lock for a file, or put the file off while somebody else has it."""
        try:
            job.cached_file.prepare()
        except CacheError:
            if job.cached_file.status() is None:
                raise
            return True  # what is there may be served from a read-only disk, without a lock
        if lock.acquire():
            return True
        name = job.entry.name
        if name not in self._retry_at:
            self._watcher.message(name, "waiting for another process that fetches it")
        with self._turn:
            self._retry_at[name] = time.monotonic() + LOCK_POLL
            self._waiting.append(job)
        return False

    def _begin(self, job: Job, lock: Lock) -> Run | None:
        """Begin to receive a file, unless it is there."""
        present = self._present(job)
        if present is None:
            return self._open(job, lock)
        lock.release()
        self._end(present)
        return None

    def _present(self, job: Job) -> Outcome | None:
        """Return the outcome of a file that is there; a damaged one is set aside, and None."""
        with suppress(ChecksumError):
            return cached(job.entry, job.cached_file, verify=job.verify)
        job.cached_file.set_aside()
        self._watcher.message(
            job.entry.name,
            "the cached file is damaged: fetching it again; "
            f"until then {job.cached_file.damaged} has it",
        )
        return None

    def _open(self, job: Job, lock: Lock) -> Run:
        name = job.entry.name
        partial = Partial(job.cached_file.state)
        partial.open(take_over=name not in self._alone)
        if partial.resumed:
            self._watcher.message(name, f"resuming; {size(partial.resumed)} are here already")
        try:
            download = Download(
                name,
                job.sources(),
                partial,
                known_hash=job.cached_file.known_hash(job.entry.hash),
                size=job.entry.size,
                cancellation=self.cancellation,
                # Where nobody answers, one file's patience is enough for all.
                retries=0 if self._no_server_answered and not self.received else self._retries,
                say=lambda text: self._watcher.message(name, text),
                reserved=lambda: self._reserved(name),
            )
        except BaseException:
            partial.close()
            raise
        return Run(job, download, lock)

    def _reserved(self, name: str) -> int:
        others = [run.download for run in list(self.runs) if run.name != name]
        return sum(download.missing() for download in others if download.admitted)

    def _receive(self, run: Run, segment: Segment, connection: HttpSession) -> None:
        try:
            run.download.receive(segment, connection)
        except BusyError as error:
            with self._turn:
                pause = self.pace.slow(error.wait, self._working - 1)
                limit = self.pace.limit
            self._watcher.message(
                None, f"{error}: pausing for {duration(pause)}, then {limit} at a time"
            )
        self._finish_if_done(run)

    def _finish_if_done(self, run: Run) -> None:
        download = run.download
        with self._turn:
            over = download.failure is not None or download.complete
            if not over or run.finishing or download.active:
                return
            run.finishing = True
        if download.lost:
            self._requeue(run)
        elif download.failure is not None:
            self._finish_failed(run, download.failure)
        elif (download.total or 0) - download.follower.hashed > HASH_INLINE:
            threading.Thread(target=self._finish, args=(run,), daemon=True).start()
        else:
            self._finish(run)

    def _finish(self, run: Run) -> None:
        """Compare the hash, and publish; or fetch a resumed file once more from zero."""
        try:
            self._publish(run)
        except AbandonedError:
            return  # run() was interrupted, and has let go of the file
        except EvioDataError as error:
            self._finish_failed(run, error)
        except OSError as error:
            self._finish_failed(run, as_cache_error(error, run.job.cached_file.final))
        except BaseException as error:  # noqa: BLE001 - raised again where run() waits
            self._break(error)

    def _break(self, error: BaseException) -> None:
        self._broken = error
        self.cancellation.cancel()
        self._all_done.open()

    def _publish(self, run: Run) -> None:
        download = run.download
        sync = download.partial.sync()
        actual = download.follower.finish()
        known = run.job.cached_file.known_hash(run.job.entry.hash)  # perhaps pinned in the meantime
        if not download.partial.is_ours():
            self._requeue(run)
            return
        if download.partial.size() != download.total:
            download.partial.discard()
            raise DownloadError("somebody else has written to what arrived.", advice="Run again.")
        if known not in (None, actual):
            self._distrust(run, known or "", actual)
            return
        try:
            sync.wait()
            run.job.cached_file.publish(download.partial.path, actual)
        except OSError:
            if download.partial.is_ours():
                raise
            self._requeue(run)  # taken over after the look above
            return
        download.partial.discard()
        self._leave(run)
        self._end(
            Outcome(
                run.name,
                "fetched",
                run.job.cached_file.path,
                download.total,
                received=download.fetched,
                resumed=download.resumed,
                seconds=time.monotonic() - run.began,
                hash=actual,
                first_use=known is None and run.job.cached_file.pins,
            )
        )

    def _distrust(self, run: Run, known: str, actual: str) -> None:
        if run.download.retry_after_mismatch():
            with self._turn:
                run.finishing = False
                self._turn.notify_all()
            return
        run.download.partial.discard()
        raise checksum_error(run.job.entry, known, actual, advice=_AGAIN)

    def _requeue(self, run: Run) -> None:
        """Let another process have what arrived, and look again for the file, or fetch it alone."""
        run.download.close()
        self._leave(run)
        self._watcher.message(run.name, "another process has taken over what had arrived")
        with self._turn:
            self._alone.add(run.name)
            self._retry_at[run.name] = time.monotonic() + LOCK_POLL
            self._waiting.append(run.job)

    def _finish_failed(self, run: Run, error: EvioDataError) -> None:
        self._no_server_answered = run.download.silent
        run.download.close()
        self._leave(run)
        self._end(_failed(run.job, error, run.began, received=run.download.fetched))

    def _leave(self, run: Run) -> None:
        run.lock.release()
        with self._turn:
            if run in self.runs:
                self.runs.remove(run)
                self._done_bytes += run.download.fetched

    def _end(self, outcome: Outcome) -> None:
        self._watcher.finished(outcome)
        with self._turn:
            self.outcomes[outcome.name] = outcome
            self._turn.notify_all()
            if len(self.outcomes) == len(self.jobs):
                self._all_done.open()


def _failed(job: Job, error: EvioDataError, began: float, *, received: int = 0) -> Outcome:
    error.about(job.entry.name)
    return Outcome(
        job.entry.name,
        "failed",
        size=job.size,
        received=received,
        seconds=time.monotonic() - began,
        error=error,
    )


_AGAIN = "Nothing was kept. Run again; if it stays, ask the publisher which one is right."


def _unknown_then_largest(job: Job) -> tuple[bool, int]:
    size = job.size if job.size is not None else job.entry.size
    return size is not None, -(size or 0)


def _rest_seconds(run: Run, pace: float | None) -> float:
    """Return how long the longest segment will still take; 0 where that would be a guess."""
    segment = run.download.longest()
    pace = (segment.pace() if segment else None) or pace
    return _longest_rest(run) / pace if pace else 0.0


def _longest_rest(run: Run) -> float:
    segment = run.download.longest()
    if segment is None:
        return 0.0
    return (segment.stop or run.download.total or 0) - segment.position
