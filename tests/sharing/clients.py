"""Clients of ``serve``, and servers for them."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from evio_data._collection import open_collection
from evio_data._importing.importer import import_paths
from evio_data._sharing.handler import Patience
from evio_data._sharing.server import Limits, Share
from tests.conftest import noise

FAN = noise(200_000)


ASK = b"GET /fan/fan.raw HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n"


LAST = ASK.replace(b"Range", b"Connection: close\r\nRange")


class Client:
    """Whoever asks the server at a port."""

    def __init__(self, port: int) -> None:
        self.port = port

    def message(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes until the end."""
        with closing(self.connect()) as line:
            line.sendall(request)
            return received(line)

    def get(self, target: str, *headers: str, method: str = "GET") -> tuple[bytes, bytes]:
        """Ask for something, and return head and body."""
        lines = [f"{method} {target} HTTP/1.1", "Host: x", *headers, "Connection: close", "", ""]
        head, _, body = self.message("\r\n".join(lines).encode("latin-1")).partition(b"\r\n\r\n")
        return head, body

    def status(self, target: str, *headers: str, method: str = "GET") -> int:
        """Return the status of an answer."""
        return int(self.get(target, *headers, method=method)[0].split()[1])

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """Return a connection to it, from an address of this machine."""
        return socket.create_connection(("127.0.0.1", self.port), 20, (source, 0))


class Server(Client):
    """A server in this process, and the lines of its log."""

    def __init__(self, share: Share, lines: list[str]) -> None:
        super().__init__(share.port)
        self.share = share
        self.lines = lines

    def said(self) -> str:
        """End it, and return its log."""
        self.share.shutdown()
        self.share.server_close()
        return "\n".join(self.lines)


def received(line: socket.socket) -> bytes:
    """Return all that comes until the end."""
    data = b""
    while piece := line.recv(65536):
        data += piece
    return data


@contextmanager
def serving(
    folder: Path, *, limits: Limits | None = None, patience: Patience | None = None
) -> Iterator[Server]:
    """Serve a cache on a free port, from this process."""
    lines: list[str] = []
    share = Share(
        open_collection(folder / "registry.txt", folder / "cache"),
        host="127.0.0.1",
        port=0,
        log=lines.append,
        limits=limits or Limits(),
        patience=patience or Patience(),
    )
    thread = threading.Thread(target=share.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Server(share, lines)
    finally:
        share.shutdown()
        share.server_close()
        thread.join()


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Register files, and have them in the cache."""
    registry = folder / "registry.txt"
    lines = []
    for number, (name, content) in enumerate(files.items()):
        known = hashlib.sha256(content).hexdigest()
        lines.append(f"'{name}' {known} https://example.org/{number}#size={len(content)}\n")
        have = folder / "have" / str(number)
        have.parent.mkdir(exist_ok=True)
        have.write_bytes(content)
    registry.write_text("".join(lines), encoding="utf-8")
    import_paths(open_collection(registry, folder / "cache"), [folder / "have"])


def prepare(folder: Path) -> None:
    """Have one verified file, one that is missing, and secrets around them."""
    fill(folder, {"fan/fan.raw": FAN})
    with (folder / "registry.txt").open("a", encoding="utf-8") as file:
        file.write(f"hover.raw {'0' * 64} https://example.org/x\n")
    (folder / "secret").write_text("secret")
    (folder / "cache" / "secret").write_text("secret")
