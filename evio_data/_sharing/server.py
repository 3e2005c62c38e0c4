"""Serve the verified files of a cache over HTTP, read-only."""

import errno
import os
import socket
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from contextlib import suppress
from ipaddress import ip_address
from queue import SimpleQueue
from socketserver import BaseRequestHandler, TCPServer
from typing import Any, NamedTuple

from .._collection import Collection
from .._text import clean
from ..errors import EvioDataError
from .handler import RETRY_AFTER, Handler, Patience, head
from .http_request import MAX_HEAD
from .recent_answers import RecentAnswers
from .request_log import RequestLog

DESCRIPTORS = 4  # of one connection: its socket, its file, a stamp, and one that was refused
RESERVE = 16  # descriptors for everything else
_SHORT = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class Limits(NamedTuple):
    """How many clients are served."""

    connections: int = 128
    each_peer: int = 32  # connections of one address; of one /64 in IPv6
    refused: int = 256  # connections that may wait for a 503; then the oldest is closed


class Share(TCPServer):
    """Serves the verified files of a collection until it is closed.

    Parameters
    ----------
    collection : Collection
    host : str
    port : int
        0 takes a free one.
    log : callable
        Takes a line for each request; it may block.
    limits : Limits
    patience : Patience

    Raises
    ------
    EvioDataError
        If nobody can listen there.
    """

    allow_reuse_address = os.name == "posix"  # elsewhere two could listen at one port
    request_queue_size = 512

    def __init__(
        self,
        collection: Collection,
        *,
        host: str,
        port: int,
        log: Callable[[str], None],
        limits: Limits = Limits(),  # noqa: B008 - a tuple
        patience: Patience = Patience(),  # noqa: B008
    ) -> None:
        address = self._resolve(host, port)
        try:
            super().__init__(address, BaseRequestHandler, bind_and_activate=False)
            self._listen()
            self._log = RequestLog(log)
        except (OSError, OverflowError, RuntimeError) as error:
            raise _cannot_listen(host, port, error) from error
        self._collection = collection
        self._recent = RecentAnswers()
        self._patience = patience
        self._limits = _affordable(limits, self.fileno())
        self._waiting: SimpleQueue[tuple[socket.socket, Any] | None] = SimpleQueue()
        self._lock = threading.Lock()
        self._peers: Counter[str] = Counter()
        self._open: set[socket.socket] = set()
        self._workers = 0
        self._refused: deque[tuple[float, socket.socket]] = deque()

    def _resolve(self, host: str, port: int) -> Any:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        except (OSError, OverflowError, UnicodeError) as error:
            raise _cannot_listen(host, port, error) from error
        self.address_family = found[0][0]
        return found[0][-1]

    def _listen(self) -> None:
        try:
            if self.address_family == socket.AF_INET6:  # what is printed is all that is heard
                self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            self.server_bind()
            self.server_activate()
        except BaseException:
            self.socket.close()
            raise

    @property
    def port(self) -> int:
        """The port that it listens to."""
        return int(self.server_address[1])

    def base_urls(self) -> list[str]:
        """Return the URLs under which the files can be reached."""
        host = str(self.server_address[0])
        everywhere = host in ("0.0.0.0", "::")  # noqa: S104
        hosts = addresses(self.address_family) if everywhere else [host]
        return [f"http://{f'[{host}]' if ':' in host else host}:{self.port}" for host in hosts]

    def server_close(self) -> None:
        """Stop listening, and cut all connections."""
        super().server_close()
        self._let_go(float("inf"))
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            for _ in range(self._workers):
                self._waiting.put(None)
        self._log.close()

    # --- connections: who comes in ------------------------------------------------------------

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection; where none can be had, do not try again at once."""
        try:
            return super().get_request()
        except OSError as error:
            if error.errno in _SHORT:
                why = error.strerror
                self._log.add(lambda: f"cannot accept a connection: {why}")
                self._let_go(float("inf"))
                time.sleep(0.1)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Have a thread answer it, or refuse it."""
        peer = _peer(str(client_address[0]))
        if (why := self._admit(request, peer)) is None:
            self._waiting.put((request, client_address))
        else:
            self._log.add(lambda: f"{client_address[0]} refused: {why}")
            self._refuse(request)

    def _admit(self, connection: socket.socket, peer: str) -> str | None:
        """Return why a connection cannot be served now, or count it in."""
        with self._lock:
            if self._peers[peer] >= self._limits.each_peer:
                return f"{self._limits.each_peer} connections of this address are open"
            if len(self._open) >= self._limits.connections:
                return f"{self._limits.connections} connections are open"
            if len(self._open) == self._workers:
                try:
                    threading.Thread(target=self._work, daemon=True).start()
                except RuntimeError:
                    return "this machine starts no more threads"
                self._workers += 1
            self._open.add(connection)
            self._peers[peer] += 1
            return None

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer the requests of a connection."""
        ours = self._collection, self._recent, self._log.add, self._patience
        Handler(*ours, request, client_address, self)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            connection, address = waiting
            try:
                self.finish_request(connection, address)
            except Exception:  # noqa: BLE001 - the next client is to be served
                self.handle_error(connection, address)
            finally:
                self._leave(connection, _peer(str(address[0])))
                self.shutdown_request(connection)

    def _leave(self, connection: socket.socket, peer: str) -> None:
        with self._lock:
            self._open.discard(connection)
            self._peers[peer] -= 1
            if not self._peers[peer]:
                del self._peers[peer]

    # --- connections: who does not ------------------------------------------------------------

    def _refuse(self, connection: socket.socket) -> None:
        """Answer at once, and close later: closing at once would lose the answer."""
        with suppress(OSError):
            connection.setblocking(False)
            connection.send(_BUSY)
            connection.shutdown(socket.SHUT_WR)
        self._refused.append((time.monotonic() + self._patience.farewell, connection))
        if len(self._refused) > self._limits.refused:
            _close(self._refused.popleft()[1])

    def service_actions(self) -> None:
        """Close what was refused some time ago."""
        if self._refused:
            self._let_go(time.monotonic())

    def _let_go(self, now: float) -> None:
        while self._refused and self._refused[0][0] <= now:
            _close(self._refused.popleft()[1])

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Go on, whatever became of one connection."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # else the client is gone, or too slow
            self._log.add(lambda: f"{client_address[0]} error: {error!r}")


def _close(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.recv(MAX_HEAD)  # with bytes unread, closing takes the answer back
    connection.close()


def _peer(address: str) -> str:
    """Return whom an address belongs to, as far as can be told.

    >>> _peer("10.0.0.1"), _peer("2001:db8::1") == _peer("2001:db8::2")
    ('10.0.0.1', True)
    """
    if ":" not in address:
        return address
    return ip_address(address.partition("%")[0]).exploded[:19]


def _affordable(limits: Limits, used: int) -> Limits:
    """Return limits for which there are descriptors, of which the first ``used`` are in use."""
    try:
        import resource
    except ImportError:  # Windows
        return limits
    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most == resource.RLIM_INFINITY:
        return limits
    enough = max(1, (most - used - RESERVE) // DESCRIPTORS)
    connections = min(limits.connections, enough)
    each_peer = min(limits.each_peer, (connections + 1) // 2)
    return Limits(connections, each_peer, min(limits.refused, enough))


def _cannot_listen(host: str, port: int, error: Exception) -> EvioDataError:
    why = getattr(error, "strerror", None) or str(error)
    return EvioDataError(
        f"cannot listen at {clean(host)}, port {port}: {why}.",
        advice="Try another --port (0 takes a free one), or another --host.",
    )


def addresses(family: int) -> list[str]:
    """Return this machine's addresses of a family on its networks, first the one that leads out."""
    found: dict[str, None] = {}
    elsewhere, loopback = _PLACES[family]
    # Nothing is sent: connecting a datagram socket only chooses the way, hence the address.
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((elsewhere, 9))
        found[str(probe.getsockname()[0])] = None
    with suppress(OSError):
        for *_, address in socket.getaddrinfo(socket.gethostname(), None, family):
            found[str(address[0])] = None
    usable = [each for each in found if not each.startswith(("127.", "fe80:")) and each != "::1"]
    return usable or [loopback]


_PLACES = {
    int(socket.AF_INET): ("192.0.2.1", "127.0.0.1"),
    int(socket.AF_INET6): ("2001:db8::1", "::1"),
}
_BUSY = head(503, f"Retry-After: {RETRY_AFTER}", keep_alive=False)
