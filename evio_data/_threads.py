"""Threads that may not start: a process can be at a limit of threads or of memory."""

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def started(work: Callable[[], object], *, name: str | None = None) -> threading.Thread | None:
    """Return a thread that does some work beside this one, or None if it cannot start.

    Raises
    ------
    KeyboardInterrupt
        As it came: one that meets the lock which ``start`` waits for comes out as RuntimeError.
    """
    thread = threading.Thread(target=work, name=name, daemon=True)
    try:
        thread.start()
    except (RuntimeError, MemoryError) as error:
        if isinstance(error.__context__, KeyboardInterrupt):
            raise error.__context__ from None
        return None
    return thread


def mapped(work: Callable[[Item], Result], items: Iterable[Item], *, threads: int) -> list[Result]:
    """Return what came of each item, done by this thread and by those that can start beside it.

    The first exception ends the work, and is raised once all threads have stopped.
    """
    waiting = deque(enumerate(items))
    results: dict[int, Result] = {}
    broken: list[BaseException] = []

    def serve() -> None:
        for number, item in _taken(waiting):
            try:
                results[number] = work(item)
            except BaseException as error:  # noqa: BLE001 - raised again below
                broken.append(error)
                waiting.clear()

    beside = [started(serve) for _ in range(min(threads, len(waiting)) - 1)]
    serve()
    for thread in filter(None, beside):
        thread.join()
    if broken:
        raise broken[0]
    return [results[number] for number in range(len(results))]


def _taken(waiting: deque[Item]) -> Iterator[Item]:
    with suppress(IndexError):
        while True:
            yield waiting.popleft()
