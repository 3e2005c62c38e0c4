"""The practical floor: scripts that do only the work (receive, hash, write) as fast as we know.

Nothing of evio-data is used. What a downloader must do besides (look for what is there, resume,
retry, judge the answer) is left out, so no downloader should be faster.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from io import FileIO
from pathlib import Path
from queue import SimpleQueue
from urllib.parse import urlsplit

import requests

from ._process import MIB, File, clock

BLOCK = 256 * 1024  # bytes; stays in the CPU's cache
BLOCKS = 16  # buffers in flight between receiving, hashing and writing
CHUNK = MIB  # bytes, of those who receive into new memory each time
PIECE = 8 * MIB  # bytes that one request of `ranges` asks for
TIMEOUT = 30  # seconds

Sink = Callable[[memoryview], object]
Piece = tuple[memoryview, int, list[None]]  # a buffer, its bytes, and who is done with them


# --- one file ---------------------------------------------------------------------------------


def threads(files: list[File]) -> None:
    """Receive in one thread, hash in a second one, write in a third."""
    digest = hashlib.sha256()
    with clock():
        with answer(files[0].url) as got, _created(files[0].path) as file:
            _spread(got.raw.readinto, (digest.update, file.write))
        files[0].verify(digest.hexdigest())


def beside(files: list[File]) -> None:
    """Receive in one thread, hash and write in another."""
    digest = hashlib.sha256()
    with clock():
        with answer(files[0].url) as got, _created(files[0].path) as file:

            def use(view: memoryview) -> None:
                digest.update(view)
                file.write(view)

            _spread(got.raw.readinto, (use,))
        files[0].verify(digest.hexdigest())


def one_thread(files: list[File]) -> None:
    """Receive, hash and write in turn."""
    with clock():
        _fetch(files[0])


def read(files: list[File]) -> None:
    """Receive into new memory by ``read``, hash and write in turn."""
    _in_turn(files[0], lambda got: iter(partial(got.raw.read, CHUNK), b""))


def iter_content(files: list[File]) -> None:
    """Receive by requests' ``iter_content``, hash and write in turn."""
    _in_turn(files[0], lambda got: got.iter_content(CHUNK))


def _in_turn(file: File, chunks: Callable[[requests.Response], Iterable[bytes]]) -> None:
    digest = hashlib.sha256()
    with clock():
        with answer(file.url) as got, _created(file.path) as target:
            for chunk in chunks(got):
                digest.update(chunk)
                target.write(chunk)
        file.verify(digest.hexdigest())


def bare_socket(files: list[File]) -> None:
    """Receive from a bare socket, hash in one thread and write in another."""
    digest = hashlib.sha256()
    with clock():
        with connection(files[0].url) as line, _created(files[0].path) as file:
            _spread(line.recv_into, (digest.update, file.write))
        files[0].verify(digest.hexdigest())


def splice(files: list[File]) -> None:
    """Let the kernel move a socket's bytes into the file; hash in a thread that reads behind."""
    import fcntl

    with (
        clock(),
        connection(files[0].url) as line,
        _created(files[0].path) as file,
        _hashing_behind(files[0]) as written,
    ):
        source, sink = os.pipe()
        fcntl.fcntl(sink, fcntl.F_SETPIPE_SZ, MIB)
        while left := os.splice(line.fileno(), sink, MIB):
            while left:
                count = os.splice(source, file.fileno(), left)
                written(count)
                left -= count


@contextmanager
def _hashing_behind(file: File) -> Iterator[Callable[[int], object]]:
    """Give what is to be told how many more bytes are there; hash them, and verify at the end."""
    more: SimpleQueue[int] = SimpleQueue()
    digest = hashlib.sha256()

    def follow() -> None:
        view = memoryview(mmap.mmap(-1, BLOCK))
        with file.path.open("rb", buffering=0) as there:
            while left := more.get():
                while left:
                    count = there.readinto(view[:left])
                    digest.update(view[:count])
                    left -= count

    thread = threading.Thread(target=follow)
    thread.start()
    try:
        yield more.put
    finally:
        more.put(0)
        thread.join()
    file.verify(digest.hexdigest())


# --- many connections -------------------------------------------------------------------------


def ranges(files: list[File], connections: str) -> None:
    """Receive one file in pieces over so many connections; hash behind them."""
    file = files[0]
    starts = range(0, file.size, PIECE)
    with (
        clock(),
        _created(file.path) as target,
        _hashing_behind(file) as written,
        ThreadPoolExecutor(int(connections)) as pool,
    ):
        for count in pool.map(partial(_piece, file.url, target.fileno()), starts):
            written(count)


_OWN = threading.local()


def _piece(url: str, descriptor: int, start: int) -> int:
    if not hasattr(_OWN, "session"):
        _OWN.session = requests.Session()
        _OWN.view = memoryview(mmap.mmap(-1, BLOCK))
    wanted = {"Accept-Encoding": "identity", "Range": f"bytes={start}-{start + PIECE - 1}"}
    end = start
    with _OWN.session.get(url, headers=wanted, timeout=TIMEOUT, stream=True) as got:
        assert got.status_code == 206
        while count := got.raw.readinto(_OWN.view):
            os.pwrite(descriptor, _OWN.view[:count], end)
            end += count
    return end - start


def many(files: list[File], workers: str) -> None:
    """Receive many files, each in one thread."""
    with clock(), ThreadPoolExecutor(int(workers)) as pool:
        list(pool.map(_fetch, files))


# --- what they share --------------------------------------------------------------------------


def _fetch(file: File) -> None:
    digest = hashlib.sha256()
    view = memoryview(mmap.mmap(-1, BLOCK))
    with answer(file.url) as got, _created(file.path) as target:
        while count := got.raw.readinto(view):
            digest.update(view[:count])
            target.write(view[:count])
    file.verify(digest.hexdigest())


def answer(url: str) -> requests.Response:
    """Return an answer whose body has not been read."""
    headers = {"Accept-Encoding": "identity"}
    got = requests.get(url, stream=True, headers=headers, timeout=TIMEOUT)
    got.raise_for_status()
    return got


def connection(url: str) -> socket.socket:
    """Return a connection on which only the body is still to be received."""
    place = urlsplit(url)
    assert place.scheme == "http"
    line = socket.create_connection((place.hostname, place.port))
    host = f"{place.hostname}:{place.port}"
    line.sendall(f"GET {place.path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head = line.recv(BLOCK, socket.MSG_PEEK)
    line.recv(head.index(b"\r\n\r\n") + 4)
    assert head.startswith(b"HTTP/1.1 200 ")
    return line


def _created(path: Path) -> FileIO:
    return path.open("wb", buffering=0)


def _spread(receive: Callable[[memoryview], int], sinks: tuple[Sink, ...]) -> None:
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
    queue: SimpleQueue[Piece | None], use: Sink, sinks: int, free: SimpleQueue[memoryview]
) -> None:
    while (piece := queue.get()) is not None:
        view, count, done = piece
        use(view[:count])
        done.append(None)
        if len(done) == sinks:
            free.put(view)
