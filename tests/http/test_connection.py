"""One request in, one open answer out: time-outs, redirects, bounds, secrets, kept lines."""

import socket
import threading
from contextlib import suppress

import pytest

from evio_data._http.connection import (
    HttpSession,
    TransportError,
)
from evio_data.testing import DriveServer
from tests.http.wire import (
    ENOUGH,
    Wire,
    answer,
    ask,
    endless,
    head_then_silence,
    read_all,
    redirect,
)

# --- answers ---------------------------------------------------------------------------------


def test_get(wire: Wire, connection: HttpSession) -> None:
    """An answer has its status, its headers without regard to case, its body, its address."""
    wire.answers["/a"] = answer(b"events", "X-Thing: 1", status="206 Partial Content")

    with ask(connection, f"{wire.url}/a?b=c", Range="bytes=0-5") as got:
        assert (got.status, got.headers["x-thing"], got.url) == (206, "1", f"{wire.url}/a?b=c")
        assert read_all(got) == b"events"
    assert "Range: bytes=0-5\r\n" in wire.heads[0]
    assert wire.heads[0].startswith("GET /a?b=c HTTP/1.1\r\n")


@pytest.mark.parametrize("size", [0, 1, 65_536, 1_000_003])
@pytest.mark.parametrize("length", ["exact", "chunked", "absent"])
def test_body(connection: HttpSession, size: int, length: str) -> None:
    """A body arrives whole, however it tells its end."""
    data = bytes(range(256)) * (size // 256 + 1)
    with DriveServer() as server:
        file = server.add("a.raw", data[:size], length=length)
        with ask(connection, server.plain_url(file)) as got:
            assert read_all(got) == data[:size]
            assert got.ends_itself == (length == "chunked")


# --- patience --------------------------------------------------------------------------------


@pytest.mark.timeout(ENOUGH)
def test_shut_wakes_a_reader(wire: Wire) -> None:
    """A thread that waits for bytes is woken from another one, long before the time-out."""
    wire.answers["/"] = head_then_silence
    patient = HttpSession(timeout=60)
    got = ask(patient, wire.url)
    threading.Timer(0.2, got.abort).start()

    with suppress(TransportError):
        while got.read_into(memoryview(bytearray(100))):
            pass
    got.close()
    patient.close()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"SSH-2.0-OpenSSH\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 600_000 + b"\r\n\r\n",
        answer(b"", "Content-Length: 1", "Content-Length: 2", length=False),
    ],
    ids=[
        "nothing",
        "bad-status",
        "ssh",
        "many-headers",
        "long-header",
        "two-lengths",
    ],
)
def test_no_http(wire: Wire, connection: HttpSession, said: bytes) -> None:
    """Whatever a server says that is no answer is a fault that may pass, in printable words."""
    wire.answers["/"] = lambda client: client.sendall(said)

    with pytest.raises(TransportError) as caught:
        ask(connection, wire.url)
    assert str(caught.value).isprintable()
    assert "Exception(" not in str(caught.value)  # no repr of Python's
    assert "('" not in str(caught.value)
    assert len(str(caught.value)) < 200


def test_nobody_listens(connection: HttpSession) -> None:
    """A refused connection is told as such."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

    with pytest.raises(TransportError, match="the connection was refused"):
        ask(connection, f"http://127.0.0.1:{port}")


def test_unknown_host(connection: HttpSession) -> None:
    """A name that does not resolve is told as such."""
    with pytest.raises(TransportError, match="cannot be resolved"):
        ask(connection, "http://nowhere.invalid/")


# --- kept lines ------------------------------------------------------------------------------


def test_line_is_kept(wire: Wire, connection: HttpSession) -> None:
    """Requests in a row, redirects and pages among them, share one connection."""
    wire.answers["/a"] = redirect("/b", b"<p>moved</p>")
    wire.answers["/b"] = answer(b"page")
    for _ in range(3):
        with ask(connection, f"{wire.url}/a") as got:
            got.page()

    assert (len(wire.heads), wire.lines) == (6, 1)


def test_line_is_kept_after_data(connection: HttpSession) -> None:
    """A body that was read to its end leaves the line for the next request."""
    with DriveServer() as server:
        file = server.add("a.raw", b"x" * 300_000)
        for _ in range(3):
            with ask(connection, server.plain_url(file)) as got:
                read_all(got)
        assert len({request.client_port for request in server.requests}) == 1


def test_line_with_a_rest_is_not_kept(connection: HttpSession) -> None:
    """A body that was not read whole costs its line: the rest must not pass for the next answer."""
    with DriveServer() as server:
        file = server.add("a.raw", b"x" * 300_000)
        for _ in range(2):
            with ask(connection, server.plain_url(file)) as got:
                got.read_into(memoryview(bytearray(10)))
        with ask(connection, server.plain_url(file)) as got:
            assert len(read_all(got)) == 300_000
        assert len({request.client_port for request in server.requests}) == 3


# --- bounds ----------------------------------------------------------------------------------


@pytest.mark.timeout(ENOUGH)
def test_endless_redirect(wire: Wire, connection: HttpSession) -> None:
    """The body of a redirect is bounded too, and the redirect is followed."""
    wire.answers["/a"] = endless(answer(b"", "Location: /b", status="302 Found", length=False))
    wire.answers["/b"] = answer(b"here")

    with ask(connection, f"{wire.url}/a") as got:
        assert got.page() == "here"


# --- secrets ---------------------------------------------------------------------------------


def test_cookies_stay_with_their_host(wire: Wire, connection: HttpSession) -> None:
    """A cookie goes back to the host that set it, and to no other."""
    other = wire.url.replace("127.0.0.1", "localhost")
    wire.answers["/set"] = answer(b"", "Set-Cookie: download_warning=AbCd")
    wire.answers["/get"] = answer()
    for url in (f"{wire.url}/set", f"{wire.url}/get", f"{other}/get"):
        with ask(connection, url):
            pass

    assert ["AbCd" in head for head in wire.heads] == [False, True, False]


@pytest.mark.parametrize("said", [b"", b"SSH\r\n\r\n"])
def test_message_of_a_fault_has_no_secret(wire: Wire, connection: HttpSession, said: bytes) -> None:
    """A fault is told without the keys that are in its URL."""
    wire.answers["/a"] = lambda client: client.sendall(said)

    with pytest.raises(TransportError) as caught:
        ask(connection, f"{wire.url}/a?key=SECRET")
    assert "SECRET" not in str(caught.value)


def test_no_line_outlives_its_connection(wire: Wire, connection: HttpSession) -> None:
    """A kept-alive line ends when the connection is closed, whoever still has an old answer."""
    ended = threading.Event()

    def serve(client: socket.socket) -> None:
        client.sendall(answer(b"busy"))
        client.settimeout(10)
        if not client.recv(1):
            ended.set()

    wire.answers["/"] = serve
    with ask(connection, wire.url) as kept:
        kept.page()
    connection.close()
    assert ended.wait(5)
    assert kept.status == 200
