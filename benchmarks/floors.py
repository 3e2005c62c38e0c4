"""The practical floor: scripts that do only the work (receive, hash, write) as fast as we know.

Run by `programs.py`; nothing of evio-data is used. What a downloader must do besides (look for
what is there, resume, retry, judge the answer) is left out, so no downloader should be faster.
"""

from __future__ import annotations

import hashlib
import mmap
import threading
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

import requests

BLOCK = 256 * 1024  # bytes; stays in the CPU's cache
BLOCKS = 16  # buffers in flight between receiving, hashing and writing
TIMEOUT = 30  # seconds

Piece = tuple[memoryview, int, list[None]]  # a buffer, its bytes, and who is done with them


def one_thread(url: str, path: Path) -> str:
    """Receive, hash and write in turn; return the SHA-256."""
    digest = hashlib.sha256()
    view = memoryview(mmap.mmap(-1, BLOCK))
    with _answer(url) as answer, path.open("wb", buffering=0) as file:
        while count := answer.raw.readinto(view):
            digest.update(view[:count])
            file.write(view[:count])
    return digest.hexdigest()


def threads(url: str, path: Path) -> str:
    """Receive in one thread, hash in a second one, write in a third; return the SHA-256."""
    digest = hashlib.sha256()
    with _answer(url) as answer, path.open("wb", buffering=0) as file:
        _spread(answer.raw.readinto, (digest.update, file.write))
    return digest.hexdigest()


def _answer(url: str) -> requests.Response:
    headers = {"Accept-Encoding": "identity"}
    answer = requests.get(url, stream=True, headers=headers, timeout=TIMEOUT)
    answer.raise_for_status()
    return answer


def _spread(
    receive: Callable[[memoryview], int], sinks: tuple[Callable[[memoryview], object], ...]
) -> None:
    free: SimpleQueue[memoryview] = SimpleQueue()
    for _ in range(BLOCKS):
        free.put(memoryview(mmap.mmap(-1, BLOCK)))
    queues: list[SimpleQueue[Piece | None]] = [SimpleQueue() for _ in sinks]
    pairs = zip(queues, sinks, strict=True)
    workers = [threading.Thread(target=_sink, args=(*p, len(sinks), free)) for p in pairs]
    for worker in workers:
        worker.start()
    while count := receive(view := free.get()):
        piece: Piece = (view, count, [])
        for queue in queues:
            queue.put(piece)
    for queue, worker in zip(queues, workers, strict=True):
        queue.put(None)
        worker.join()


def _sink(
    queue: SimpleQueue[Piece | None],
    use: Callable[[memoryview], object],
    sinks: int,
    free: SimpleQueue[memoryview],
) -> None:
    while (piece := queue.get()) is not None:
        view, count, done = piece
        use(view[:count])
        done.append(None)
        if len(done) == sinks:
            free.put(view)
