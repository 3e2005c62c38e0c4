"""Refusals that are not Drive's alone: limits, methods, portals, proxies, redirects."""

from __future__ import annotations

import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager

import pytest
import requests
import trustme

from evio_data.testing import DriveFile, DriveServer
from tests.testing.conftest import certified

Ask = Callable[..., requests.Response]

DATA = bytes(range(256)) * 16
_TIMEOUT = 20  # seconds; only ever reached by a bug


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan.raw", DATA)


def bytes_url(file: DriveFile) -> str:
    """Return the address at the host of the bytes."""
    return f"https://drive.usercontent.google.com/download?id={file.id}"


# --- connections -----------------------------------------------------------------------------


@contextmanager
def receiving(server: DriveServer, file: DriveFile, count: int = 1) -> Iterator[None]:
    """Be in the middle of so many bodies of the file."""
    file.stall_after = 1
    with ExitStack() as stack:
        for _ in range(count):
            client = stack.enter_context(
                closing(socket.create_connection(("127.0.0.1", server.port), _TIMEOUT))
            )
            client.sendall(b"GET /plain/fan.raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while b"\r\n\r\n" not in client.recv(65536):
                pass
        file.stall_after = None
        yield


@pytest.mark.parametrize("status", [403, 429, 503])
@pytest.mark.parametrize("limit", [1, 2])
def test_connection_over_the_limit(
    server: DriveServer, ask: Ask, file: DriveFile, status: int, limit: int
) -> None:
    """While so many bodies are being sent, one more gets the status; then all is well again."""
    file.connection_limit, file.over_limit, file.retry_after = limit, status, "1"
    with receiving(server, file, limit):
        refused = ask(server.plain_url(file))
        assert ask(server.plain_url(file), method="HEAD").status_code == 200
    assert (refused.status_code, refused.headers["Retry-After"]) == (status, "1")
    assert ask(server.plain_url(file)).content == DATA


def test_quota_page_over_the_limit(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Drive's way to refuse a further connection is the quota page."""
    file.connection_limit, file.over_limit = 1, "quota"
    with receiving(server, file):
        answer = ask(bytes_url(file), Range="bytes=100-")
    assert answer.status_code == 200
    assert "Quota exceeded" in answer.text


@pytest.mark.parametrize("where", ["plain", "drive"])
def test_only_ranges_over_the_limit(
    server: DriveServer, ask: Ask, file: DriveFile, where: str
) -> None:
    """A server may refuse further connections for their range only."""
    file.connection_limit, file.over_limit_on = 1, "range"
    url = server.plain_url(file) if where == "plain" else bytes_url(file)
    with receiving(server, file):
        assert ask(url, Range="bytes=100-").status_code == 403
        assert ask(url).content == DATA
    assert ask(url, Range="bytes=100-").status_code == 206


# --- methods ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["PUT", "DELETE", "OPTIONS", "BREW"])
@pytest.mark.parametrize("where", ["uc", "download", "plain", "api"])
def test_unknown_method(
    server: DriveServer, ask: Ask, file: DriveFile, method: str, where: str
) -> None:
    """A method that a URL does not know gets 405 with those that it knows."""
    urls = {
        "uc": file.url,
        "download": bytes_url(file),
        "plain": server.plain_url(file),
        "api": f"https://www.googleapis.com/drive/v3/files/{file.id}?key=K",
    }
    answer = ask(urls[where], method=method)
    assert answer.status_code == 405
    known = ["GET", "HEAD"] if where == "plain" else ["GET", "HEAD", "POST"]
    assert answer.headers["Allow"].split(", ") == known
    assert method in answer.text


def test_plain_host_takes_no_post(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """A web server of files knows GET and HEAD."""
    assert ask(server.plain_url(file), method="POST").status_code == 405


# --- portal ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["text/html", "text/plain", "application/octet-stream", "none"])
@pytest.mark.parametrize("where", ["uc", "download", "plain", "api"])
def test_captive_portal(
    server: DriveServer, ask: Ask, file: DriveFile, kind: str, where: str
) -> None:
    """A portal answers with its own page, in place of every server."""
    file.portal = kind  # type: ignore[assignment]
    urls = {
        "uc": file.url,
        "download": bytes_url(file),
        "plain": server.plain_url(file),
        "api": f"https://www.googleapis.com/drive/v3/files/{file.id}?alt=media&key=K",
    }
    answer = ask(urls[where], Range="bytes=100-")
    assert answer.status_code == 200
    assert answer.headers.get("Content-Type", "none") == kind
    assert "<title>Welcome to the guest network</title>" in answer.text
    assert "Content-Disposition" not in answer.headers
    file.portal = None
    assert ask(server.plain_url(file)).content == DATA


def test_portal_with_a_status_and_a_text(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """A portal may be honest (511), or answer with nothing at all."""
    file.portal, file.portal_status = "text/html", 511
    assert ask(server.plain_url(file)).status_code == 511
    file.portal_status, file.portal_page = 200, ""
    answer = ask(server.plain_url(file))
    assert (answer.status_code, answer.content, answer.headers["Content-Length"]) == (200, b"", "0")


# --- waits and redirects ---------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", ["7", "21600", "Wed, 01 Oct 2036 07:28:00 GMT"])
def test_retry_after(
    server: DriveServer, ask: Ask, file: DriveFile, status: int, wait: str
) -> None:
    """Several refusals in a row say when to come back: in seconds, at a date, in hours."""
    file.errors, file.retry_after = [status] * 3, wait
    answers = [ask(server.plain_url(file)) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [status] * 3 + [200]
    assert [answer.headers.get("Retry-After") for answer in answers] == [wait] * 3 + [None]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_status_of_a_redirect(server: DriveServer, ask: Ask, file: DriveFile, status: int) -> None:
    """A redirect has the status asked for, so many times."""
    file.redirect_to, file.redirect_status, file.redirect_times = "http://h/x", status, 2
    answers = [ask(server.plain_url(file)) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [status, status, 200]
    assert answers[0].headers["Location"] == "http://h/x"


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://10.0.0.1/x",
        "http://[::1]/x",
        "file:///etc/passwd",
    ],
)
def test_redirect_into_a_private_network(
    server: DriveServer, ask: Ask, file: DriveFile, location: str
) -> None:
    """A redirect leads wherever a test wants, also where no client should go."""
    file.redirect_to = location
    assert ask(server.plain_url(file)).headers["Location"] == location


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_redirect_to_another_host(file: DriveFile, server: DriveServer) -> None:
    """Two servers at two loopback addresses are two hosts."""
    with DriveServer(host="127.0.0.2") as other:
        twin = other.add("fan.raw", DATA)
        file.redirect_to = other.plain_url(twin)
        answer = requests.get(server.plain_url(file), timeout=_TIMEOUT)
    assert answer.url.startswith(f"http://127.0.0.2:{other.port}/plain/")
    assert answer.content == DATA


@pytest.mark.parametrize("name", ["localhost", "mirror.localhost", "127.0.0.9"])
def test_names_of_the_loopback_interface(
    server: DriveServer, ask: Ask, file: DriveFile, name: str
) -> None:
    """The server answers under every name and address of the loopback interface."""
    assert ask(server.plain_url(file), Host=name).content == DATA


# --- TLS and proxies -------------------------------------------------------------------------


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[DriveServer]:
    """A server with a certificate for its own address."""
    with certified(authority, "127.0.0.1") as running:
        yield running


def test_https_without_a_proxy(secure: DriveServer, authority: trustme.CA) -> None:
    """With a certificate the port speaks HTTPS too, beside HTTP."""
    file = secure.add("fan.raw", DATA)
    with requests.Session() as session, authority.cert_pem.tempfile() as trusted:
        session.trust_env = False
        answer = session.get(secure.plain_url(file, secure=True), verify=trusted, timeout=_TIMEOUT)
        assert answer.content == DATA
        assert session.get(secure.plain_url(file), timeout=_TIMEOUT).content == DATA


def test_untrusted_certificate(secure: DriveServer) -> None:
    """A client that does not trust the certificate stays away, and others are served."""
    file = secure.add("fan.raw", DATA)
    with requests.Session() as session:
        session.trust_env = False
        with pytest.raises(requests.exceptions.SSLError):
            session.get(secure.plain_url(file, secure=True), timeout=_TIMEOUT)
        assert session.get(secure.plain_url(file), timeout=_TIMEOUT).content == DATA


def test_redirect_from_https_to_http(secure: DriveServer, authority: trustme.CA) -> None:
    """A server with a certificate can redirect to a URL without TLS."""
    file = secure.add("fan.raw", DATA, redirect_times=1)
    file.redirect_to = secure.plain_url(file)
    with requests.Session() as session, authority.cert_pem.tempfile() as trusted:
        session.trust_env = False
        answer = session.get(secure.plain_url(file, secure=True), verify=trusted, timeout=_TIMEOUT)
    assert (answer.url, answer.content) == (secure.plain_url(file), DATA)


@pytest.mark.parametrize("status", [403, 407])
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_proxy_that_refuses(secure: DriveServer, status: int, scheme: str) -> None:
    """Asked as a proxy it refuses, with a challenge for 407; asked directly it serves."""
    secure.proxy_status = status
    file = secure.add("fan.raw", DATA)
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {scheme: secure.endpoint}
        url = f"{scheme}://drive.usercontent.google.com/download?id={file.id}"
        if scheme == "https":
            with pytest.raises(requests.exceptions.ProxyError, match=str(status)):
                session.get(url, timeout=_TIMEOUT)
        else:
            answer = session.get(url, timeout=_TIMEOUT)
            assert answer.status_code == status
            assert ("Proxy-Authenticate" in answer.headers) == (status == 407)
        session.proxies = {}
        assert session.get(secure.plain_url(file), timeout=_TIMEOUT).content == DATA


def test_close_ends_a_connection_that_never_speaks(secure: DriveServer) -> None:
    """Closing a server with TLS ends a client that sends nothing."""
    before = threading.active_count()
    with closing(socket.create_connection(("127.0.0.1", secure.port), _TIMEOUT)):
        secure.close()
    assert threading.active_count() < before
