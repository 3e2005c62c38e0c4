"""A server that says just what it is told, and the client's side of talking to it."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

from evio_data._http.connection import (
    Answer,
    HttpSession,
)

TIMEOUT = 0.3  # seconds of silence, where there will be silence
ENOUGH = 30.0  # seconds in which everything here must be over
Speak = Callable[[socket.socket], None]


class Wire:
    """A server that says just what it is told: for each path a text, or a function of the socket.

    Attributes
    ----------
    heads : list of str
        The heads of all requests, in their order.
    lines : int
        How many connections there have been.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.answers: dict[str, bytes | Speak] = {}
        self.heads: list[str] = []
        self.lines = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._listener.getsockname()[1]}"
        self._sockets: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.lines += 1
                self._sockets.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError):
            if self._tls is not None:
                client = self._tls.wrap_socket(client, server_side=True)
            self._speak(client)

    def _speak(self, client: socket.socket) -> None:
        with client, client.makefile("rb") as lines:
            while head := _head(lines):
                self.heads.append(head)
                answer = self.answers[head.split(" ")[1].partition("?")[0]]
                if not isinstance(answer, bytes):
                    answer(client)
                    return
                client.sendall(answer)

    def close(self) -> None:
        """Stop, and cut every line."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._sockets:
            with suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)


def _head(lines: BinaryIO) -> str:
    """Return the head of the next request; empty when the client has gone."""
    head = b""
    while (line := lines.readline()) not in (b"\r\n", b""):
        head += line
    return head.decode("latin-1") if line else ""


def anywhere(url: str) -> str:
    """Allow every address."""
    return url


def ask(connection: HttpSession, url: str, **headers: str) -> Answer:
    """Ask for a URL, wherever it leads."""
    return connection.get(url, headers=headers, route=anywhere)


def answer(body: bytes = b"", *lines: str, status: str = "200 OK", length: bool = True) -> bytes:
    """Return the bytes of an answer."""
    head = [f"HTTP/1.1 {status}", *lines, *([f"Content-Length: {len(body)}"] if length else [])]
    return "\r\n".join([*head, "", ""]).encode("latin-1") + body


def redirect(location: str, body: bytes = b"") -> bytes:
    """Return the bytes of a redirect."""
    return answer(body, f"Location: {location}", status="303 See Other")


def read_all(answer: Answer) -> bytes:
    """Return a body, read as a download reads it."""
    view = memoryview(bytearray(64 * 1024))
    return b"".join(iter(lambda: bytes(view[: answer.read_into(view)]), b""))


def endless(head: bytes) -> Speak:
    """Return a speaker that goes on until the client leaves."""

    def speak(client: socket.socket) -> None:
        client.sendall(head)
        with suppress(OSError):
            while True:
                client.sendall(b"x" * 65_536)

    return speak


def head_then_silence(client: socket.socket) -> None:
    """Promise a body, send its first bytes, and no more."""
    client.sendall(answer(b"", "Content-Length: 100", length=False) + b"abc")
    client.recv(1)


def cut(parts: Iterator[bytes]) -> Speak:
    """Return a speaker that resets the line after the last part."""

    def speak(client: socket.socket) -> None:
        for part in parts:
            client.sendall(part)
        time.sleep(0.1)  # a reset overtakes bytes that nobody has read yet
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    return speak
