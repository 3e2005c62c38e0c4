"""Files of unknown size in, what the servers say of their sizes out: by one-byte ranges."""

import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress

from .._http.connection import HttpSession, TransportError
from ..errors import EvioDataError
from .jobs import Job


def ask_sizes(
    jobs: Iterable[Job], *, connections: int, timeout: float
) -> dict[str, int | EvioDataError]:
    """Ask the servers for the sizes that the registry does not say, by one-byte ranges.

    Returns
    -------
    dict
        Bytes by name; the error where a file cannot be had at all. Names are absent where the
        server does not say.
    """
    waiting = deque(jobs)
    sizes: dict[str, int | EvioDataError] = {}

    def work() -> None:
        connection = HttpSession(timeout=timeout)
        # IndexError: all are asked. TransportError: nobody answers, so the next would not either.
        with suppress(IndexError, TransportError):
            while True:
                job = waiting.popleft()
                answer = _ask_size(job, connection)
                if answer is not None:
                    sizes[job.entry.name] = answer
        connection.close()

    threads = [threading.Thread(target=work, daemon=True) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sizes


def _ask_size(job: Job, connection: HttpSession) -> int | EvioDataError | None:
    try:
        with job.sources()[0].open(connection, 0, 1) as body:
            if body.placement.honoured:
                body.stream.read_into(memoryview(bytearray(1)))  # the line can be used again
            return body.placement.total
    except EvioDataError as error:
        return error.about(job.entry.name)
    except TransportError:
        raise
    except Exception:  # noqa: BLE001 - a size is a convenience; the download will say what is wrong
        return None
