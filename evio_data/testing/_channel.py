"""One accepted connection, plain or TLS, that reads requests and sends bytes."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
import time
from contextlib import suppress

from ._content import Content
from ._wire import Request, parse

_HEAD_LIMIT = 64 * 1024  # bytes; no client of ours sends a longer head
_FORM_LIMIT = 64 * 1024  # bytes; of a longer request body only the beginning is looked at
_RECEIVE = 64 * 1024  # bytes
_TLS_HANDSHAKE = b"\x16"  # the type of a TLS record that holds one
_DRAIN_STEP = 0.002  # seconds between two looks at the send queue
_DRAIN_STEPS = 1000  # two seconds in all
# `struct linger` (on, 0 seconds): two shorts on Windows, two ints elsewhere.
_RESET_ON_CLOSE = struct.pack("hh" if os.name == "nt" else "ii", 1, 0)


class Channel:
    """A socket that reads request heads and sends without copying where it can."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._pending = b""
        self._woken = threading.Event()

    def begins_with_tls(self) -> bool:
        """Whether the client speaks TLS from the first byte on; waits for that byte."""
        return self._socket.recv(1, socket.MSG_PEEK) == _TLS_HANDSHAKE

    def secure(self, context: ssl.SSLContext) -> None:
        """Speak TLS from here on, as the server."""
        # Known before the handshake, so that `wake` reaches a client that never begins it.
        secured = context.wrap_socket(self._socket, server_side=True, do_handshake_on_connect=False)
        self._socket = secured
        secured.do_handshake()

    @property
    def secured(self) -> bool:
        """Whether TLS is spoken."""
        return isinstance(self._socket, ssl.SSLSocket)

    def read_request(self) -> Request | None:
        """Return the next request, or None once the client has no more."""
        head = self._read_head()
        request = parse(head) if head else None
        if request is None or not request.body_length:
            return request
        return request.with_form(self._read_body(request.body_length))

    def _read_head(self) -> bytes:
        while (end := self._pending.find(b"\r\n\r\n")) < 0:
            more = self._socket.recv(_RECEIVE)
            if not more or len(self._pending) > _HEAD_LIMIT:
                return b""
            self._pending += more
        head, self._pending = self._pending[:end], self._pending[end + 4 :]
        return head

    def _read_body(self, length: int) -> bytes:
        """Take a request's body from the connection; return as much of it as a form may have."""
        body = b""
        while length and (self._pending or self._receive()):
            piece, self._pending = self._pending[:length], self._pending[length:]
            length -= len(piece)
            body += piece[: _FORM_LIMIT - len(body)]
        return body

    def _receive(self) -> bool:
        self._pending += self._socket.recv(_RECEIVE)
        return bool(self._pending)

    def pause(self, seconds: float) -> None:
        """Wait; end the connection at once if the server closes meanwhile."""
        if seconds > 0 and self._woken.wait(seconds):
            raise ConnectionAbortedError("the server closes")

    def send(self, data: bytes) -> None:
        """Send all of `data`."""
        self._socket.sendall(data)

    def send_span(self, content: Content, start: int, length: int) -> int:
        """Send up to `length` bytes of a file; return how many went out."""
        descriptor = content.descriptor
        if descriptor is None or self.secured or not hasattr(os, "sendfile"):
            data = content.read(start, length)
            self._socket.sendall(data)
            return len(data)
        return os.sendfile(self._socket.fileno(), descriptor, start, length)

    def hang(self) -> None:
        """Say nothing more until the client, or the server's closing, ends it."""
        while self._socket.recv(_RECEIVE):
            pass

    def drain(self) -> None:
        """Wait (bounded) until the client's side has taken what was sent."""
        for _ in range(_DRAIN_STEPS):
            if not _unsent(self._socket):
                return
            time.sleep(_DRAIN_STEP)

    def reset(self) -> None:
        """Cut the connection with a TCP reset, after what was sent has arrived."""
        self.drain()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self._socket.close()

    def wake(self) -> None:
        """Make every blocked call on this connection return; for other threads."""
        self._woken.set()
        with suppress(OSError):
            # Not SSLSocket.shutdown: it would pull the TLS state from under the other thread.
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def close(self) -> None:
        """End the connection in good order."""
        with suppress(OSError, ValueError):
            if isinstance(self._socket, ssl.SSLSocket):
                self._socket.settimeout(0)  # send close_notify, wait for nobody's
                self._socket.unwrap()
        self._socket.close()


def _unsent(sock: socket.socket) -> int:
    """Return the bytes in the send queue (0 where the system cannot tell)."""
    try:
        import fcntl
        import termios
    except ImportError:
        return 0
    queued = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, b"\0" * 4)
    return int.from_bytes(queued, "little")
