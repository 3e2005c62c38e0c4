"""Answer the requests of one connection with verified files."""

import errno
import io
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import Any, BinaryIO, NamedTuple

from .._collection import Collection
from .._text import clean, size
from ..errors import EvioDataError
from . import http_request
from .http_request import MAX_HEAD, METHODS, MalformedError, Request, Selection
from .recent_answers import RecentAnswers

RETRY_AFTER = 5  # seconds
SMALL = 64 * 1024  # bytes of a file that are sent together with the head

Log = Callable[[Callable[[], str]], None]


class Patience(NamedTuple):
    """How long a client may take, in seconds."""

    head: float = 10.0  # from the last answer to the end of the next request's head
    silence: float = 30.0  # in which it takes no byte
    farewell: float = 1.0  # to read why its connection is closed


class Shared(NamedTuple):
    """A verified file, open."""

    path: str
    file: BinaryIO
    size: int
    etag: str


class Handler(BaseHTTPRequestHandler):
    """One connection: requests in, answers out, one after the other.

    Heads are not read by the base class: it takes four times as long, waits anew for each line,
    and accepts what is no request.
    """

    disable_nagle_algorithm = True
    request: socket.socket
    client_address: Any

    def __init__(
        self,
        collection: Collection,
        recent: RecentAnswers,
        log: Log,
        patience: Patience,
        *connection: Any,
    ) -> None:
        self._collection = collection
        self._recent = recent
        self._log = log
        self._patience = patience
        super().__init__(*connection)

    def setup(self) -> None:
        """Read through a buffer that knows until when to wait."""
        super().setup()
        self._timed = _TimedReader(self.request)
        self.rfile = io.BufferedReader(self._timed, MAX_HEAD)

    def handle_one_request(self) -> None:
        """Answer the next request; what is none ends the connection."""
        self.close_connection = True
        self._timed.until = time.monotonic() + self._patience.head
        try:
            request = http_request.read(self.rfile.readline)
            if (recent := self._recent.find(request)) is not None:
                count, answer = recent
                self._say(200, lambda: f"{_wish(request)} {size(count)}")
                self.request.sendall(answer)
            else:
                self.request.settimeout(self._patience.silence)
                self._answer(request)
            self.close_connection = not request.keep_alive
        except EOFError:
            pass
        except MalformedError as error:
            self._refuse(str(error))

    def _refuse(self, why: str) -> None:
        """Say that it is no request, and wait: closing at once would lose the answer."""
        self._say(400, lambda: clean(why))
        self.request.sendall(head(400, keep_alive=False))
        self.request.shutdown(socket.SHUT_WR)
        self._timed.until = time.monotonic() + self._patience.farewell
        while self.rfile.read1():
            pass

    def _answer(self, request: Request) -> None:
        if request.method not in METHODS:
            self._answer_text(request, 405, "Only GET and HEAD.\n", "Allow: GET, HEAD")
        elif request.key == "":
            keys = "".join(f"{name}\n" for name in verified(self._collection))
            self._answer_unless_short(request, 200, keys)
        else:
            with _opened(self._collection, request.key) as shared:
                if shared is None:
                    self._answer_unless_short(request, 404, "Nothing verified has this name.\n")
                else:
                    self._answer_file(request, shared)

    def _answer_unless_short(self, request: Request, status: int, text: str) -> None:
        """Give an answer that may be wrong where no file can be opened: then say that."""
        try:
            os.close(os.open(os.devnull, os.O_RDONLY))
        except OSError as error:
            why = f"{os.strerror(error.errno or errno.EMFILE)}.\n"
            self._answer_text(request, 503, why, f"Retry-After: {RETRY_AFTER}")
        else:
            self._answer_text(request, status, text)

    def _answer_text(self, request: Request, status: int, text: str, *lines: str) -> None:
        self._say(status, lambda: _wish(request))
        body = text.encode()
        kind = ("Content-Type: text/plain; charset=utf-8", f"Content-Length: {len(body)}")
        start = head(status, *kind, *lines, keep_alive=request.keep_alive)
        self.request.sendall(start if request.method == "HEAD" else start + body)

    def _answer_file(self, request: Request, shared: Shared) -> None:
        part = http_request.select(request.headers, shared.size, shared.etag)
        count = part.stop - part.start if request.method == "GET" else 0
        start = head(part.status, *_lines(part, shared), keep_alive=request.keep_alive)
        began = time.monotonic()
        try:
            if count > SMALL:
                self.request.sendall(start)
                self.request.sendfile(shared.file, part.start, count)
            else:
                shared.file.seek(part.start)
                self._send_small(request, start, shared, count)
        finally:
            sent, seconds = max(0, shared.file.tell() - part.start), time.monotonic() - began
            self._say(part.status, lambda: _wish(request) + _deed(part, count, sent, seconds))
        if sent < count:
            raise OSError("the file became shorter")  # the length was promised: close

    def _send_small(self, request: Request, start: bytes, shared: Shared, count: int) -> None:
        answer = start + (shared.file.read(count) if count else b"")
        if len(answer) == len(start) + shared.size:
            status = os.fstat(shared.file.fileno())
            self._recent.keep(request, shared.path, status, answer)
        self.request.sendall(answer)

    def _say(self, status: int, words: Callable[[], str]) -> None:
        self._log(lambda: f"{self.client_address[0]} {status} {words()}")


class _TimedReader(io.RawIOBase):
    """A socket's bytes, until a time."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


def verified(collection: Collection) -> Iterator[str]:
    """Return the keys whose files can be read."""
    for entry in collection.registry.entries.values():
        with suppress(EvioDataError):
            if collection.cached_file(entry).is_warm(entry.hash):
                yield entry.name


@contextmanager
def _opened(collection: Collection, key: str | None) -> Iterator[Shared | None]:
    """Open the file of a registry key if it is verified; its stamp is held against what is open.

    Only a key of the registry names a file: a path is looked up, never joined to another.
    """
    entry = collection.registry.entries.get(key or "")
    if entry is None:
        yield None
        return
    cached_file = collection.cached_file(entry)
    try:
        opened = cached_file.opened(entry.hash)
    except OSError:
        opened = None
    if opened is None:
        yield None
        return
    file, stamp = opened
    with file:
        yield Shared(cached_file.final, file, stamp.size, f'"{stamp.hash}"')


def _lines(part: Selection, shared: Shared) -> list[str]:
    lines = [f"ETag: {shared.etag}", "Accept-Ranges: bytes", "Cache-Control: no-cache"]
    if part.status == 304:
        return lines
    lines += ["Content-Type: application/octet-stream", f"Content-Length: {part.stop - part.start}"]
    if part.status == 206:
        lines.append(f"Content-Range: bytes {part.start}-{part.stop - 1}/{shared.size}")
    elif part.status == 416:
        lines.append(f"Content-Range: bytes */{shared.size}")
    return lines


def head(status: int, *lines: str, keep_alive: bool) -> bytes:
    """Return the head of an answer; without a length among the lines, it has no body."""
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    always = ["Server: evio-data", "X-Content-Type-Options: nosniff"]
    last = "Connection: keep-alive" if keep_alive else "Connection: close"
    if status != 304 and not any(line.startswith("Content-Length") for line in lines):
        always.append("Content-Length: 0")
    return ("\r\n".join([first, *always, *lines, last]) + "\r\n\r\n").encode("latin-1")


def _wish(request: Request) -> str:
    return f"{request.method} {clean(request.target)}"


def _deed(part: Selection, count: int, sent: int, seconds: float) -> str:
    """Return what was sent, in words."""
    return (
        (f" {part.start}-{part.stop - 1}" if part.status == 206 else "")
        + (f" {size(sent)} in {seconds:.1f} s" if count else "")
        + (" (cut)" if sent < count else "")
    )
