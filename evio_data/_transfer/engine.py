"""Download many files over a limited number of connections."""

import os
import threading
import time
from collections.abc import Iterable
from contextlib import nullcontext, suppress
from functools import partial as bound

from .._cache.hashing import AbandonedError
from .._cache.locks import Lock
from .._cache.partial import Partial
from .._cache.source_key import source_key
from .._files import as_cache_error
from .._http.connection import BusyError, HttpSession, Interrupted
from .._report import Outcome
from .._settings import BRIEF, waiting
from .._text import duration, size
from .._threads import started
from ..errors import CacheError, ChecksumError, EvioDataError
from .cancellation import Cancellation, OneShotEvent
from .download import Download, Surroundings
from .first_answer import FirstAnswer
from .hosts import Hosts
from .jobs import Job, Run
from .listener import ProgressListener
from .publication import Ending, publish
from .recovery import Wish
from .scheduler import Part, Scheduler, Task
from .small import receive_small
from .turns import Turn, Turns

POLL = 0.05  # seconds between two looks for work
LOCK_POLL = 0.2  # seconds between two tries for a file that another process is fetching
HASH_INLINE = 8 * 1024 * 1024  # bytes that a connection may hash at the end before it goes on
STOP_WITHIN = 0.7  # seconds that threads get to end when asked to stop


class Engine:
    """Receives many files over a number of connections.

    Parameters
    ----------
    jobs : iterable of Job
    connections : int
        In all, over all files.
    timeout : float
        Seconds without a byte after which a connection is given up.
    retries : int
        Attempts in a row that may bring no byte.
    brief : int
        The same at a host that nobody can reach.
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
        brief: int = BRIEF,
    ) -> None:
        self.jobs = list(jobs)
        self.connections = connections
        self.cancellation = Cancellation()
        self.outcomes: dict[str, Outcome] = {}
        self._hosts = Hosts(connections, brief=brief)
        self._scheduler = Scheduler(self.jobs, self._hosts)
        self._timeout = timeout
        self._retries = retries
        self._watcher = watcher
        self._progressed = threading.Condition()
        self._turns = Turns()
        self._alone: set[str] = set()  # files whose partial another process has taken over
        self._working = 0
        self._done_bytes = 0
        self._admitting = threading.Lock()
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
        threads: list[threading.Thread] = []
        try:
            self._start_threads(threads, min(len(self.jobs), self.connections))
            if not threads:
                self._work()  # no thread can start here: in this one, then
            while not self._all_done.wait(POLL):
                self._watcher.refresh(self)
                if self._working >= len(threads):  # nobody is idle: one more may take over a part
                    self._start_threads(threads, min(len(threads) + 1, self.connections))
            for thread in threads:
                thread.join()
        finally:
            self._stop(threads)
        if self._broken is not None:
            raise self._broken
        self._watcher.refresh(self)
        return [self.outcomes[job.name] for job in self.jobs]

    def _start_threads(self, threads: list[threading.Thread], count: int) -> None:
        """Start threads until there are so many, as far as the machine allows."""
        for number in range(len(threads), count):
            thread = started(self._work, name=f"evio-data-{number}")
            if thread is None:
                break
            threads.append(thread)

    def _stop(self, threads: list[threading.Thread]) -> None:
        alive = [thread for thread in threads if thread.is_alive()]
        if not alive and not self.runs:
            return
        self.cancellation.cancel()
        deadline = time.monotonic() + STOP_WITHIN
        for thread in alive:
            thread.join(max(0.0, deadline - time.monotonic()))
        for run in list(self.runs):
            with suppress(EvioDataError, OSError):
                run.download.close()
            run.lock.release()

    @property
    def runs(self) -> list[Run]:
        """The files that are being received."""
        return self._scheduler.runs

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
        turn = Turn(self._turns)
        session = HttpSession(timeout=self._timeout, aside=turn.network)
        try:
            while (task := self._next_task(turn)) is not None:
                self._perform(task, session, turn)
        except Interrupted:
            pass
        except BaseException as error:  # noqa: BLE001 - raised again where run() waits
            self._break(error)
        finally:
            turn.leave()
            session.close()

    def _next_task(self, turn: Turn) -> Task | None:
        with self._progressed:
            while len(self.outcomes) < len(self.jobs):
                if self.cancellation.cancelled:
                    raise Interrupted
                task = self._scheduler.pick(self.received, self._working, self.connections)
                if task is not None:
                    self._working += 1
                    self._hosts[_label(task)].working += 1
                    return task
                turn.leave()
                self._progressed.wait(POLL)
        self._all_done.open()
        return None

    def _perform(self, task: Task, session: HttpSession, turn: Turn) -> None:
        label = _label(task)
        try:
            if isinstance(task, Job):
                self._start(task, session, turn)
            else:
                turn.leave()
                self._receive(task, session)
        finally:
            with self._progressed:
                self._working -= 1
                self._hosts[label].working -= 1
                self._progressed.notify_all()

    # --- one file -----------------------------------------------------------------------------

    def _start(self, job: Job, session: HttpSession, turn: Turn) -> None:
        lock = Lock(job.lock or job.destination.state / "lock")
        began = time.monotonic()
        try:
            with turn:
                has_lock = self._acquire_lock(job, lock)
                run = self._begin(job, lock, session, turn) if has_lock else None
        except EvioDataError as error:
            lock.release()
            self._end(job.failed(error, began))
            return
        except OSError as error:
            lock.release()
            self._end(job.failed(as_cache_error(error, job.destination.final), began))
            return
        except BaseException:
            lock.release()
            raise
        if run is not None:
            turn.leave()
            self._enter(run, session)

    def _enter(self, run: Run, session: HttpSession) -> None:
        with self._progressed:
            self.runs.append(run)
            claimed = run.download.claim()
        self._watcher.started(run)
        if claimed is None:
            self._finish_if_done(run)
        else:
            self._receive(Part(run, *claimed), session)

    def _acquire_lock(self, job: Job, lock: Lock) -> bool:
        """Take the lock for a file, or put the file off while somebody else has it."""
        try:
            job.destination.prepare()
        except CacheError:
            if not job.destination.path.exists():
                raise
            return True  # what is there may be served from a read-only disk, without a lock
        if lock.acquire():
            return True
        with self._progressed:
            is_first = self._scheduler.put_off(job, waiting(LOCK_POLL))
        if is_first:
            self._watcher.waiting(job.name, "waiting for another process that fetches it")
        return False

    def _begin(self, job: Job, lock: Lock, session: HttpSession, turn: Turn) -> Run | None:
        """Begin to receive a file, unless it is there, or small enough to come at once."""
        first = None
        with turn.aside if os.path.lexists(job.destination.final) else nullcontext():
            ended = self._present(job)
        if ended is None:
            self._refuse_hopeless(job)
            if len(self.jobs) > 1 and job.name not in self._alone:
                found = receive_small(job, session, self.cancellation)
                if isinstance(found, FirstAnswer):
                    first = found
                else:
                    ended = found
        if ended is None:
            with turn.aside:
                return self._open(job, lock, first)
        with self._progressed:
            self._done_bytes += ended.received
            self._hosts[job.label].arrived |= ended.received > 0
        lock.release()
        self._end(ended)
        return None

    def _present(self, job: Job) -> Outcome | None:
        """Return the outcome of a file that is there; a damaged one is set aside, and None."""
        try:
            return job.present()
        except ChecksumError as error:
            if not error.replaceable:
                raise
            aside = job.destination.set_aside()
            words = f"the cached file is damaged ({error.message.rstrip('.')}): fetching it again"
            self._watcher.message(job.name, f"{words}; until then {aside} has it")
        return None

    def _open(self, job: Job, lock: Lock, first: FirstAnswer | None) -> Run:
        name = job.name
        partial = Partial(
            job.destination.state,
            source=source_key(job.entry.url),
            careful=job.entry.hash is None and job.destination.pins,
        )
        try:
            partial.open(take_over=name not in self._alone)
        except BaseException:
            if first is not None:
                first.close()
            raise
        if partial.resumed:
            self._watcher.message(name, f"resuming; {size(partial.resumed)} are here already")
        known_hash = job.destination.known_hash(job.entry.hash)
        surroundings = Surroundings(
            self.cancellation,
            self._hosts,
            self._retries,
            bound(self._watcher.message, name),
            bound(self._watcher.waiting, name),
            bound(self._reserved, name),
            self._admitting,
        )
        try:
            wish = Wish(name, known_hash, job.entry.size)
            return Run(job, Download(wish, job.sources(), partial, surroundings, first), lock)
        except BaseException:
            if first is not None:
                first.close()
            partial.close()
            raise

    def _refuse_hopeless(self, job: Job) -> None:
        """Raise what is known of a host from which nothing can come in this run."""
        verdict = self._hosts[job.label].verdict
        if verdict is not None and len(job.sources()) == 1:
            raise verdict

    def _reserved(self, name: str) -> int:
        others = [run.download.version for run in list(self.runs) if run.name != name]
        return sum(version.missing() for version in others if version.is_admitted)

    def _receive(self, part: Part, session: HttpSession) -> None:
        run, version, segment = part
        label = run.download.failover.current.label
        try:
            run.download.receive(version, segment, session)
        except BusyError as error:
            with self._progressed:
                host = self._hosts[label]
                pause = host.limit.on_busy(error.wait, host.working - 1)
                limit = host.limit.limit
            self._watcher.waiting(
                None,
                f"{error}: no new request to {label} for {duration(pause)}, then {limit} at a time",
            )
        self._finish_if_done(run)

    # --- the end of a file --------------------------------------------------------------------

    def _finish_if_done(self, run: Run) -> None:
        download = run.download
        with self._progressed:
            if not download.is_over or run.finishing or download.is_active:
                return
            run.finishing = True
        if download.is_lost:
            self._requeue(run)
        elif download.failure is not None:
            self._finish_failed(run, download.failure)
        else:
            left = (download.total or 0) - download.version.running_hash.hashed
            finish = bound(self._finish, run)
            if left <= HASH_INLINE or started(finish) is None:
                finish()

    def _finish(self, run: Run) -> None:
        """Compare the hash, and publish; whatever goes wrong, the file gets an outcome."""
        try:
            ending = publish(run, bound(self._end_published, run))
        except AbandonedError:
            return  # run() was interrupted, and has let go of the file
        except EvioDataError as error:
            self._finish_failed(run, error)
        except OSError as error:
            self._finish_failed(run, as_cache_error(error, run.job.destination.final))
        except BaseException as error:  # noqa: BLE001 - raised again where run() waits
            self._break(error)
        else:
            self._after(run, ending)

    def _after(self, run: Run, ending: Ending) -> None:
        if ending is Ending.TAKEN_OVER:
            self._requeue(run)
        elif ending is Ending.BEGUN_AGAIN:
            with self._progressed:
                run.finishing = False
                self._progressed.notify_all()

    def _end_published(self, run: Run, outcome: Outcome) -> None:
        self._leave(run)
        self._end(outcome)

    def _finish_failed(self, run: Run, error: EvioDataError) -> None:
        try:
            run.download.close()
        except (EvioDataError, OSError) as fault:  # as when the file system died
            error.__context__ = error.__context__ or fault
        finally:
            self._leave(run)
            self._end(run.job.failed(error, run.began, received=run.download.fetched))

    def _requeue(self, run: Run) -> None:
        """Let another process have what arrived, and look again for the file, or fetch it alone."""
        with suppress(EvioDataError, OSError):
            run.download.close()
        self._leave(run)
        self._watcher.message(run.name, "another process has taken over what had arrived")
        with self._progressed:
            self._alone.add(run.name)
            self._scheduler.put_off(run.job, waiting(LOCK_POLL))

    def _leave(self, run: Run) -> None:
        with suppress(OSError):  # as when the file system died
            run.lock.release()
        with self._progressed:
            if run in self.runs:
                self.runs.remove(run)
                self._done_bytes += run.download.fetched

    def _break(self, error: BaseException) -> None:
        self._broken = error
        self.cancellation.cancel()
        self._all_done.open()

    def _end(self, outcome: Outcome) -> None:
        try:
            self._watcher.finished(outcome)
        finally:
            with self._progressed:
                self.outcomes[outcome.name] = outcome
                self._progressed.notify_all()
                if len(self.outcomes) == len(self.jobs):
                    self._all_done.open()


def _label(task: Task) -> str:
    if isinstance(task, Job):
        return task.label
    return task.run.download.failover.current.label
