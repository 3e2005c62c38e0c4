"""A server for each test, and one hop of a client that sends Google's URLs to it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest
import requests
import trustme

from evio_data.testing import DriveFile, DriveFolder, DriveServer
from tests.testing.asking import DATA, TIMEOUT, Ask, RawGet

HOSTS = (
    "*.google.com",
    "*.googleusercontent.com",
    "drive.usercontent.google.com",
    "www.googleapis.com",
)


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """A running server."""
    with DriveServer() as running:
        yield running


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority for this test run."""
    return trustme.CA()


def certified(authority: trustme.CA, *names: str) -> DriveServer:
    """Return a server that speaks TLS under these names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return DriveServer(context)


@pytest.fixture
def proxy(authority: trustme.CA) -> Iterator[DriveServer]:
    """A server that speaks TLS under Google's names."""
    with certified(authority, *HOSTS) as running:
        yield running


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan, with a blank in its name."""
    return server.add("fan raw", DATA)


@pytest.fixture
def small(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan.raw", DATA)


@pytest.fixture
def big(server: DriveServer) -> DriveFile:
    """A file that Drive asks about first."""
    return server.add("drone.raw", DATA, large=True)


@pytest.fixture
def folder(server: DriveServer) -> DriveFolder:
    """An empty folder."""
    return server.folder("Event Camera Challenge")


@pytest.fixture
def ask(server: DriveServer) -> Iterator[Ask]:
    """One request for a Google (or own) URL, sent to the server; no redirect is followed."""
    with requests.Session() as session:
        session.trust_env = False

        def send(url: str, *, method: str = "GET", **headers: str) -> requests.Response:
            parts = urlsplit(url)
            target = f"{server.endpoint}{parts.path}" + (f"?{parts.query}" if parts.query else "")
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            return session.request(
                method, target, headers=named, allow_redirects=False, timeout=TIMEOUT
            )

        yield send


@pytest.fixture
def raw_get(server: DriveServer) -> RawGet:
    """Get a path over a bare socket: head, body as far as it came, whether it was reset."""

    def get(path: str, *lines: str) -> tuple[bytes, bytes, bool]:
        with closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT)) as client:
            head = "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *lines, "", ""])
            client.sendall(head.encode())
            received, reset = _received(client)
        answer, _, body = received.partition(b"\r\n\r\n")
        return answer, body, reset

    return get


def _received(client: socket.socket) -> tuple[bytes, bool]:
    received = b""
    try:
        while piece := client.recv(65536):
            received += piece
    except ConnectionResetError:
        return received, True
    return received, False
