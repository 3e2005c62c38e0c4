"""A registry and a cache in, their verified files for the neighbours out: HTTP, read-only."""

import os
import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import BinaryIO, NamedTuple, Self

from .._collection import Collection
from .._files import open_nofollow
from .._text import clean, size
from ..errors import EvioDataError
from .http_request import MAX_HEAD, METHODS, MalformedError, Request, Selection, parse, select

MAX_CONNECTIONS = 64
MAX_REFUSED = 256  # connections that may wait for a 503; more are closed without a word
REFUSED_FOR = 1.0  # seconds in which a refused client can say what it has to say
RETRY_AFTER = 5  # seconds
IDLE = 10.0  # seconds without a request after which a connection is closed
HEAD_TIME = 10.0  # seconds in which the head of a request must be there
STALLED = 30.0  # seconds for which a client may take no byte
LOOK = 0.25  # seconds between two looks whether to stop
_BACKLOG = 512

Log = Callable[[str], None]


class Share:
    """Serves the verified files of a collection until it is closed.

    Only the keys of the registry can be named, and only files whose stamp is right are sent: a
    path that was asked for is looked up, never joined to another.

    Parameters
    ----------
    collection : Collection
    host : str
    port : int
        0 takes a free one.
    log : callable
        Takes a line for each request.

    Raises
    ------
    EvioDataError
        If nobody can listen there.
    """

    def __init__(self, collection: Collection, *, host: str, port: int, log: Log) -> None:
        self._collection = collection
        self._log = log
        self._listener = _listen(host, port)
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._crowd = _RejectedClients()
        self.port: int = self._listener.getsockname()[1]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening, and cut all connections."""
        self._listener.close()
        self._crowd.close()
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def run(self) -> None:
        """Accept connections until somebody interrupts."""
        self._listener.settimeout(LOOK)
        while True:
            try:
                connection, address = self._listener.accept()
            except TimeoutError:
                continue
            except OSError as error:
                self._log(f"cannot accept a connection: {error.strerror}")  # too many open files
                time.sleep(LOOK)
                continue
            self._welcome(connection, str(address[0]))

    def _welcome(self, connection: socket.socket, peer: str) -> None:
        with self._lock:
            full = len(self._open) >= MAX_CONNECTIONS
            if not full:
                self._open.add(connection)
        if full:
            self._log(f"{peer} refused: {MAX_CONNECTIONS} connections are open")
            self._crowd.refuse(connection)
            return
        threading.Thread(target=self._serve, args=(connection, peer), daemon=True).start()

    def _serve(self, connection: socket.socket, peer: str) -> None:
        try:
            _ClientConnection(self._collection, connection, peer, self._log).serve()
        except OSError:
            pass  # the client is gone, or too slow: its own affair
        finally:
            with self._lock:
                self._open.discard(connection)
            connection.close()

    def base_urls(self) -> list[str]:
        """Return the URLs under which the files can be reached."""
        host = self._listener.getsockname()[0]
        hosts = [host] if host not in ("0.0.0.0", "::") else addresses()  # noqa: S104
        return [f"http://{f'[{host}]' if ':' in host else host}:{self.port}" for host in hosts]


def verified(collection: Collection) -> Iterator[str]:
    """Return the keys whose files can be read."""
    for entry in collection.registry.entries.values():
        with suppress(EvioDataError):
            if collection.cached_file(entry).is_warm(entry.hash):
                yield entry.name


class _Shared(NamedTuple):
    """A verified file, open."""

    file: BinaryIO
    size: int
    etag: str


class _ClientConnection:
    """One connection: requests in, answers out, one after the other."""

    def __init__(
        self, collection: Collection, connection: socket.socket, peer: str, log: Log
    ) -> None:
        self._collection = collection
        self._socket = connection
        self._peer = peer
        self._log = log
        self._ahead = b""

    def serve(self) -> None:
        """Answer until the client has enough, or says nothing any more."""
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while (head := self._head()) is not None:
            self._socket.settimeout(STALLED)
            try:
                asked = parse(head)
            except MalformedError as error:
                self._say("400", clean(str(error)))
                self._send(_head(400, keep_alive=False))
                return
            self._answer(asked)
            if not asked.keep_alive:
                return

    def _head(self) -> bytes | None:
        """Return the head of the next request; None if there is none in time, or ever."""
        until, begun = time.monotonic() + (HEAD_TIME if self._ahead else IDLE), bool(self._ahead)
        while b"\r\n\r\n" not in self._ahead:
            left = until - time.monotonic()
            if left <= 0 or len(self._ahead) > MAX_HEAD:
                return None
            self._socket.settimeout(left)
            received = self._socket.recv(MAX_HEAD)
            if not received:
                return None
            if not begun:  # once: empty lines before a request must not buy time
                until, begun = time.monotonic() + HEAD_TIME, True
            self._ahead = (self._ahead + received).lstrip(b"\r\n")
        head, _, rest = self._ahead.partition(b"\r\n\r\n")
        self._ahead = rest.lstrip(b"\r\n")
        return head

    def _answer(self, asked: Request) -> None:
        if asked.method not in METHODS:
            self._answer_text(asked, 405, "Only GET and HEAD.\n", "Allow: GET, HEAD")
        elif asked.key == "":
            keys = "".join(f"{name}\n" for name in verified(self._collection))
            self._answer_text(asked, 200, keys)
        else:
            with _opened(self._collection, asked.key) as shared:
                if shared is None:
                    self._answer_text(asked, 404, "Nothing verified has this name.\n")
                else:
                    self._answer_file(asked, shared)

    def _answer_text(self, asked: Request, status: int, text: str, *headers: str) -> None:
        self._say(str(status), f"{asked.method} {clean(asked.target)}")
        body = text.encode()
        kind = "Content-Type: text/plain; charset=utf-8"
        lines = (kind, f"Content-Length: {len(body)}", *headers)
        head = _head(status, *lines, keep_alive=asked.keep_alive)
        self._send(head if asked.method == "HEAD" else head + body)

    def _answer_file(self, asked: Request, shared: _Shared) -> None:
        part = select(asked.headers, shared.size, shared.etag)
        count = part.stop - part.start if asked.method == "GET" else 0
        self._send(_head(part.status, *_file_lines(part, shared), keep_alive=asked.keep_alive))
        began = time.monotonic()
        try:
            if count:
                self._socket.sendfile(shared.file, part.start, count)
        finally:
            seconds, sent = time.monotonic() - began, max(0, shared.file.tell() - part.start)
            self._say(
                f"{part.status}",
                f"{asked.method} {clean(asked.target)}"
                + (f" {part.start}-{part.stop - 1}" if part.status == 206 else "")
                + (f" {size(sent)} in {seconds:.1f} s" if count else "")
                + (" (cut)" if sent < count else ""),
            )
        if sent < count:
            raise OSError("the file became shorter")  # the length was promised: cut the line

    def _send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def _say(self, status: str, text: str) -> None:
        self._log(f"{self._peer} {status} {text}")


class _RejectedClients:
    """Clients that are too many: each gets a 503, and a moment to read it, from one thread."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()
        self._until: dict[socket.socket, float] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._thread: threading.Thread | None = None

    def refuse(self, connection: socket.socket) -> None:
        """Take over a connection."""
        connection.setblocking(False)
        with self._lock:
            if len(self._until) >= MAX_REFUSED or self._closed:
                connection.close()
                return
            self._until[connection] = time.monotonic() + REFUSED_FOR
            self._selector.register(connection, selectors.EVENT_READ)
            if self._thread is None:
                self._thread = threading.Thread(target=self._attend, daemon=True)
                self._thread.start()

    def close(self) -> None:
        """Let all of them go."""
        self._closed = True

    def _attend(self) -> None:
        while not self._closed:
            for key, _ in self._selector.select(LOOK / 5):
                assert isinstance(key.fileobj, socket.socket)
                self._hear(key.fileobj)
            self._dismiss(time.monotonic())

    def _hear(self, connection: socket.socket) -> None:
        """Answer the first bytes, ignore the next ones; closing at once would lose the answer."""
        try:
            said = connection.recv(MAX_HEAD)
            if said:
                connection.sendall(_BUSY)
                connection.shutdown(socket.SHUT_WR)
                return
        except OSError:
            pass
        with self._lock:
            self._until[connection] = 0.0

    def _dismiss(self, now: float) -> None:
        with self._lock:
            over = [each for each, until in self._until.items() if until < now]
            for connection in over:
                del self._until[connection]
                self._selector.unregister(connection)
                connection.close()


@contextmanager
def _opened(collection: Collection, key: str | None) -> Iterator[_Shared | None]:
    """Open the file of a registry key if it is verified; its stamp is held against what is open."""
    entry = collection.registry.entries.get(key or "")
    if entry is None:
        yield None
        return
    cached_file = collection.cached_file(entry)
    try:
        file = open_nofollow(cached_file.final, os.O_RDONLY)
    except OSError:
        yield None
        return
    with file:
        status, stamp = os.fstat(file.fileno()), cached_file.stamp()
        known = stamp is not None and entry.hash in (None, stamp.hash)
        if stamp is None or not known or not stamp.matches(status):
            yield None
        else:
            yield _Shared(file, stamp.size, f'"{stamp.hash}"')


def _file_lines(part: Selection, shared: _Shared) -> list[str]:
    lines = [f"ETag: {shared.etag}", "Accept-Ranges: bytes", "Cache-Control: no-cache"]
    if part.status == 304:
        return lines
    lines += ["Content-Type: application/octet-stream", f"Content-Length: {part.stop - part.start}"]
    if part.status == 206:
        lines.append(f"Content-Range: bytes {part.start}-{part.stop - 1}/{shared.size}")
    elif part.status == 416:
        lines.append(f"Content-Range: bytes */{shared.size}")
    return lines


def _head(status: int, *lines: str, keep_alive: bool) -> bytes:
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    always = ["Server: evio-data", "X-Content-Type-Options: nosniff"]
    last = "Connection: keep-alive" if keep_alive else "Connection: close"
    if not any(line.startswith("Content-Length") for line in lines) and status != 304:
        always.append("Content-Length: 0")
    return ("\r\n".join([first, *always, *lines, last]) + "\r\n\r\n").encode("latin-1")


def _listen(host: str, port: int) -> socket.socket:
    try:
        ((family, *_, address), *_rest) = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        return socket.create_server(address, family=family, backlog=_BACKLOG)
    except (OSError, OverflowError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise EvioDataError(
            f"cannot listen at {clean(host)}, port {port}: {why}.",
            advice="Try another --port (0 takes a free one), or another --host.",
        ) from error


def addresses() -> list[str]:
    """Return this machine's addresses on its networks, the one towards the internet first."""
    found: dict[str, None] = {}
    for family, elsewhere in ((socket.AF_INET, "192.0.2.1"), (socket.AF_INET6, "2001:db8::1")):
        # Nothing is sent: connecting a datagram socket only chooses the way, hence the address.
        with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((elsewhere, 9))
            found[probe.getsockname()[0]] = None
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET):
            found[str(address[0])] = None
    usable = [each for each in found if not each.startswith(("127.", "fe80:")) and each != "::1"]
    return usable or ["127.0.0.1"]


_BUSY = _head(503, f"Retry-After: {RETRY_AFTER}", keep_alive=False)
