"""A Drive, a connection to it, and small servers of other people."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from evio_data._http.connection import (
    HttpSession,
)
from evio_data._sources.base import Source
from evio_data.testing import DriveFile, DriveServer

DATA = bytes(range(256)) * 400
SIZE = len(DATA)


ENOUGH = 30.0  # seconds that a busy machine may take for an answer


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """A Drive that wants every hidden input of the form back."""
    with DriveServer(lenient=False) as running:
        yield running


@pytest.fixture
def large(server: DriveServer) -> DriveFile:
    """A file that Drive asks about first."""
    return server.add("fan.raw", DATA, large=True)


@pytest.fixture
def connection() -> Iterator[HttpSession]:
    """A connection."""
    with closing(HttpSession(timeout=ENOUGH)) as made:
        yield made


def read(source: Source, connection: HttpSession, start: int = 0, stop: int | None = None) -> bytes:
    """Return a stretch of the file, from where the answer says it begins."""
    with source.open(connection, start, stop) as body:
        assert body.placement.start == start
        view = memoryview(bytearray(SIZE + 1))
        return b"".join(iter(lambda: bytes(view[: body.stream.read_into(view)]), b""))


Respond = Callable[[BaseHTTPRequestHandler], None]


class Seen(list[tuple[str, dict[str, str]]]):
    """The requests that a small server has got: paths and headers."""

    url = ""


@contextmanager
def small_server(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[Seen]:
    """Answer every request by a function, and list them."""
    seen = Seen()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append((self.path, headers))
            respond(self)

        def log_message(self, format: str, *args: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    seen.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def say(handler: BaseHTTPRequestHandler, body: bytes, status: int = 200, **headers: str) -> None:
    """Answer a request."""
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    with suppress(OSError):
        handler.wfile.write(body)
