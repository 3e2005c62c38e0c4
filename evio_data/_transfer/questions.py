"""Send small requests to servers in parallel, with a download's retries."""

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from .._http.connection import BusyError, HttpSession, Interrupted, TransportError
from .._text import duration
from .._threads import started
from ..errors import DownloadError, EvioDataError
from .cancellation import Cancellation
from .hosts import Host
from .throttle import backoff

MAX_IN_VAIN = 5  # questions in a row that a host does not answer, each asked with all patience
SILENCE = 10.0  # seconds that may be waited without a word
POLL = 0.05  # seconds

Task = TypeVar("Task")
Result = TypeVar("Result")


class GaveUpError(Exception):
    """A host did not answer properly, however often it was asked."""


class Questions:
    """Asks one host, over some connections, and waits as it wishes.

    Parameters
    ----------
    connections : int
    timeout : float
        Seconds without a byte after which a connection is given up.
    retries : int
        How often one question is asked again.
    message : callable
        Takes words for the person who waits.
    """

    def __init__(
        self,
        *,
        connections: int,
        timeout: float,
        retries: int,
        message: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.cancellation = Cancellation()
        self._connections = connections
        self._timeout = timeout
        self._retries = retries
        self._message = message
        self._host = Host(connections)
        self._lock = threading.Lock()
        self._unanswered = 0  # questions since the host last answered one

    def in_parallel(
        self,
        tasks: Sequence[Task],
        work: Callable[[HttpSession, Task], Result],
        *,
        within: float | None = None,
    ) -> list[Result | EvioDataError | None]:
        """Return what became of each task; a fault of ours is raised.

        Parameters
        ----------
        tasks : sequence
        work : callable
            Takes a session and a task.
        within : float, optional
            Seconds after which what has not been answered is left out, as None.
        """
        results: dict[int, Result | EvioDataError] = {}
        waiting = deque(enumerate(tasks))
        broken: list[BaseException] = []

        def serve() -> None:
            session = HttpSession(timeout=self._timeout)
            try:
                for number, task in _drained(waiting):
                    results[number] = _outcome(work, session, task)
            except Interrupted:
                pass
            except BaseException as error:  # noqa: BLE001 - raised again below
                broken.append(error)
                self.cancellation.cancel()
            finally:
                session.close()

        self._run(serve, min(self._connections, len(tasks)), within)
        if broken:
            raise broken[0]
        return [results.get(number) for number in range(len(tasks))]

    def _run(self, serve: Callable[[], None], count: int, within: float | None) -> None:
        beside = [started(serve) for _ in range(count)]
        threads = [thread for thread in beside if thread is not None]
        if not threads and count:
            serve()
        deadline = None if within is None else time.monotonic() + within
        for thread in threads:
            thread.join(None if deadline is None else max(0.0, deadline - time.monotonic()))
        if any(thread.is_alive() for thread in threads):
            self.cancellation.cancel()

    def patiently(self, ask: Callable[[], Result]) -> Result:
        """Return ``ask()``, asked again while the fault may pass.

        Raises
        ------
        GaveUpError
            If it did not pass.
        EvioDataError
            What ``ask`` raises.
        """
        reason = "it has not answered for some time"
        patience = self._retries + 1 if self._unanswered < MAX_IN_VAIN else 0
        for failures in range(1, patience + 1):
            self._wait_for_the_host()
            try:
                result = ask()
            except TransportError as error:
                reason = str(error)
                self._pause(error, failures)
            except EvioDataError:
                self._note(answered=True)  # a refusal is an answer, too
                raise
            else:
                self._note(answered=True)
                return result
        self._note(answered=False)
        raise GaveUpError(f"it could not be asked ({reason}).")

    def _note(self, *, answered: bool) -> None:
        with self._lock:
            self._unanswered = 0 if answered else self._unanswered + 1

    def _wait_for_the_host(self) -> None:
        self.cancellation.wait(max(0.0, self._host.limit.paused_until - time.monotonic()))

    def _pause(self, error: TransportError, failures: int) -> None:
        if failures > self._retries:
            return
        if isinstance(error, BusyError):
            with self._lock:
                was_paused = self._host.limit.paused_until > time.monotonic()
                pause = self._host.limit.on_busy(error.wait, self._connections)
            if not was_paused:
                self._message(f"{error}: pausing for {duration(pause)}")
            return
        wait = max(backoff(failures), error.wait or 0.0)
        if wait > SILENCE:
            self._message(f"{error}: trying again in {duration(wait)}")
        self.cancellation.wait(wait)


def _drained(waiting: deque[Task]) -> Iterator[Task]:
    """Yield what nobody has taken yet; several threads may share it."""
    while True:
        try:
            task = waiting.popleft()
        except IndexError:
            return
        yield task


def _outcome(
    work: Callable[[HttpSession, Task], Result], session: HttpSession, task: Task
) -> Result | EvioDataError:
    try:
        return work(session, task)
    except EvioDataError as error:
        return error
    except GaveUpError as error:
        return DownloadError(f"the server did not answer: {error}", advice="Run again.")
