"""One request in, one open answer out: time-outs, redirects, bounds, secrets, kept lines."""

import gzip
import re
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from pathlib import Path

import pytest
import requests

from evio_data._http.connection import (
    MAX_PAGE,
    MAX_RETRY_AFTER,
    Answer,
    BusyError,
    HttpSession,
    TransportError,
    raise_for_transient,
)
from evio_data.errors import DownloadError
from evio_data.testing import DriveServer
from tests.http.wire import ENOUGH, Speak, Wire, answer, anywhere, ask, read_all, redirect

# --- answers ---------------------------------------------------------------------------------


def test_get(wire: Wire, connection: HttpSession) -> None:
    """An answer has its status, its headers without regard to case, its body, its address."""
    wire.answers["/a"] = answer(b"events", "X-Thing: 1", status="206 Partial Content")

    with ask(connection, f"{wire.url}/a?b=c", Range="bytes=0-5") as got:
        assert (got.status, got.headers["x-thing"], got.url) == (206, "1", f"{wire.url}/a?b=c")
        assert read_all(got) == b"events"
    assert "Range: bytes=0-5\r\n" in wire.heads[0]
    assert wire.heads[0].startswith("GET /a?b=c HTTP/1.1\r\n")


def test_who_we_are(wire: Wire, connection: HttpSession) -> None:
    """Every request names this client, asks for plain bytes, and for pages in English."""
    wire.answers["/"] = answer()
    ask(connection, f"{wire.url}/").close()

    assert re.search(r"(?m)^User-Agent: evio-data/\S+ python-requests/\S+\r$", wire.heads[0])
    assert "Accept-Encoding: identity\r\n" in wire.heads[0]
    assert "Accept-Language: en\r\n" in wire.heads[0]


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


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        ([], ""),
        (["Content-Encoding: identity"], ""),
        (["Content-Encoding: GZIP"], "gzip"),
        (["Content-Encoding: br, gzip"], "br, gzip"),
        (["Transfer-Encoding: gzip, chunked"], "gzip, chunked"),
    ],
)
def test_coding(wire: Wire, connection: HttpSession, lines: list[str], coding: str) -> None:
    """An answer says whether its bytes are those of the file, or a coding of them."""
    wire.answers["/"] = answer(b"", *lines)

    with ask(connection, wire.url) as got:
        assert got.coding == coding


def test_bytes_before_a_break_count(wire: Wire, connection: HttpSession) -> None:
    """What arrived before a reset is handed out first, then the reset is told, also without end."""

    def part_then_reset(client: socket.socket) -> None:
        client.sendall(answer(b"", length=False) + b"x" * 100_000)
        time.sleep(0.1)  # a reset overtakes bytes that nobody has read yet
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()

    wire.answers["/"] = part_then_reset
    view = memoryview(bytearray(1_000_000))

    with ask(connection, wire.url) as got:
        assert got.read_into(view) == 100_000
        for _ in range(2):
            with pytest.raises(TransportError, match="reset"):
                got.read_into(view)


# --- patience --------------------------------------------------------------------------------


def silence(client: socket.socket) -> None:
    """Say nothing until the client goes away."""
    client.recv(1)


def head_then_silence(client: socket.socket) -> None:
    """Promise a body, send its first bytes, and no more."""
    client.sendall(answer(b"", "Content-Length: 100", length=False) + b"abc")
    client.recv(1)


@pytest.mark.timeout(ENOUGH)
def test_silent_server(wire: Wire, impatient: HttpSession) -> None:
    """A server that accepts and says nothing is left after the time-out."""
    wire.answers["/"] = silence

    with pytest.raises(TransportError, match="timed out"):
        ask(impatient, wire.url)


@pytest.mark.timeout(ENOUGH)
def test_server_that_never_accepts(impatient: HttpSession) -> None:
    """A server too busy to accept is left after the time-out."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as listener:
        crowd = [socket.socket() for _ in range(4)]
        for one in crowd:
            one.setblocking(False)
            with suppress(BlockingIOError):
                one.connect(listener.getsockname())
        with pytest.raises(TransportError, match="no connection within"):
            ask(impatient, f"http://127.0.0.1:{listener.getsockname()[1]}")
        for one in crowd:
            one.close()


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize("read", [read_all, Answer.page], ids=["data", "page"])
def test_body_that_falls_silent(
    wire: Wire, impatient: HttpSession, read: Callable[[Answer], object]
) -> None:
    """A body that stops in the middle is left after the time-out."""
    wire.answers["/"] = head_then_silence

    with ask(impatient, wire.url) as got, pytest.raises(TransportError, match=r"timed out|cut"):
        read(got)


def dribble(client: socket.socket, head: str) -> None:
    """Send a body byte by byte, without an end."""
    client.sendall(answer(b"", head, length=False) + b"ffff\r\n")
    with suppress(OSError):
        while True:
            client.sendall(b"x")
            time.sleep(0.02)


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize(
    "head",
    [
        "Content-Length: 100000",
        "Content-Length: 100000\r\nConnection: close",
        "Transfer-Encoding: chunked",
        "Connection: close",
    ],
)
def test_page_that_dribbles(wire: Wire, connection: HttpSession, head: str) -> None:
    """A page that comes byte by byte never falls silent, but is left when its time is over."""
    wire.answers["/"] = lambda client: dribble(client, head)

    with ask(connection, wire.url) as got, pytest.raises(TransportError, match=r"within 0\.3 s"):
        got.page(within=0.3)


@pytest.mark.timeout(ENOUGH)
def test_what_comes_after_a_shut_is_deciphered(tls_wire: Wire, connection: HttpSession) -> None:
    """A thread that reads on after a shut reads the body or an end, never TLS's own bytes."""
    body = b"0123456789abcdef" * 2**18
    tls_wire.answers["/"] = answer(body)
    got, read = ask(connection, tls_wire.url), b""
    view = memoryview(bytearray(2**16))
    count = got.read_into(view)
    read += view[:count]
    time.sleep(0.2)  # what follows has arrived, and waits in the socket
    got.abort()
    with suppress(TransportError):
        while count := got.read_into(view):
            read += view[:count]
    assert read == body[: len(read)]
    got.close()


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
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
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
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answer(b"", "Content-Length: 100", length=False) + b"abc", "cut short"),
        (answer(b"", "Transfer-Encoding: chunked", length=False) + b"5\r\nab", "cut short"),
    ],
)
def test_page_cut_short(wire: Wire, connection: HttpSession, said: bytes, words: str) -> None:
    """A page that ends before its time is a fault that may pass."""
    wire.answers["/"] = lambda client: client.sendall(said)

    with ask(connection, wire.url) as got, pytest.raises(TransportError, match=words):
        got.page()


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


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://", "http://[::1", "http://*/", "data:,x"]
)
def test_unusable_url(connection: HttpSession, url: str) -> None:
    """A URL that no request can be made of will not work later either."""
    with pytest.raises(DownloadError, match="cannot use the URL"):
        ask(connection, url)


def test_missing_certificates(
    connection: HttpSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate bundle that is not there is told as such, not as trouble with our disk."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))

    with pytest.raises(DownloadError, match=r"none\.pem") as caught:
        ask(connection, "https://127.0.0.1:9/")
    assert "REQUESTS_CA_BUNDLE" in caught.value.advice


def test_proxy_that_does_not_answer(
    connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble with the proxy is told as such, without the password in its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://user:SECRET@127.0.0.1:{port}")

    with pytest.raises(
        TransportError,
        match=r"lab\.example: the proxy 127\.0\.0\.1:\d+ does not answer \(HTTP_PROXY\)",
    ):
        ask(connection, "http://lab.example/a.raw")


def test_proxy_from_the_environment(
    wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``HTTP_PROXY`` is used, as everywhere with requests."""
    wire.answers["http://lab.example/a.raw"] = answer(b"by proxy")
    monkeypatch.setenv("HTTP_PROXY", wire.url)

    with ask(connection, "http://lab.example/a.raw") as got:
        assert got.page() == "by proxy"


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


def endless(head: bytes) -> Speak:
    """Return a speaker that goes on until the client leaves."""

    def speak(client: socket.socket) -> None:
        client.sendall(head)
        with suppress(OSError):
            while True:
                client.sendall(b"x" * 65_536)

    return speak


@pytest.mark.timeout(ENOUGH)
def test_endless_page(wire: Wire, connection: HttpSession) -> None:
    """No more of a page is read than `MAX_PAGE`."""
    wire.answers["/"] = endless(answer(length=False))

    with ask(connection, wire.url) as got:
        assert len(got.page()) == MAX_PAGE


@pytest.mark.timeout(ENOUGH)
def test_endless_redirect(wire: Wire, connection: HttpSession) -> None:
    """The body of a redirect is bounded too, and the redirect is followed."""
    wire.answers["/a"] = endless(answer(b"", "Location: /b", status="302 Found", length=False))
    wire.answers["/b"] = answer(b"here")

    with ask(connection, f"{wire.url}/a") as got:
        assert got.page() == "here"


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize(
    ("text", "read"),
    [(b"x" * 50_000_000, "x" * MAX_PAGE), (b"words", "words")],
    ids=["bomb", "words"],
)
def test_packed_page(wire: Wire, connection: HttpSession, text: bytes, read: str) -> None:
    """A page that was compressed unasked is unpacked, but grows to `MAX_PAGE` at most."""
    wire.answers["/"] = answer(gzip.compress(text), "Content-Encoding: gzip")

    with ask(connection, wire.url) as got:
        assert got.page() == read


def test_page_that_is_not_packed_as_it_says(wire: Wire, connection: HttpSession) -> None:
    """A page with a wrong ``Content-Encoding`` or broken UTF-8 is text all the same."""
    wire.answers["/"] = answer(b"words \xff", "Content-Encoding: gzip")

    with ask(connection, wire.url) as got:
        assert got.page() == "words \ufffd"


# --- waiting ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "least", "most"),
    [
        ("0", 0, 0),
        ("7", 7, 7),
        ("999999999", MAX_RETRY_AFTER, MAX_RETRY_AFTER),
        (formatdate(time.time() + 20_000, usegmt=True), 10_000, 20_001),  # collected some time ago
        (formatdate(time.time() - 1000, usegmt=True), 0, 0),
        ("-5", None, None),
        ("soon", None, None),
        ("Mon, 99 Foo 2026", None, None),
        ("9" * 5000, None, None),
        (None, None, None),
    ],
    ids=[
        "now",
        "seconds",
        "for-ever",
        "date",
        "past-date",
        "negative",
        "word",
        "no-date",
        "huge",
        "absent",
    ],
)
def test_retry_after(
    wire: Wire,
    connection: HttpSession,
    value: str | None,
    least: float | None,
    most: float | None,
) -> None:
    """A wait is told in seconds, by number or by date; nonsense is as if nothing were said."""
    wire.answers["/"] = answer(b"", *([f"Retry-After: {value}"] if value else []))

    with ask(connection, wire.url) as got:
        wait = got.wait()
    if least is None or most is None:
        assert wait is None
    else:
        assert wait is not None
        assert least <= wait <= most


def test_date_by_the_server_s_clock(wire: Wire, connection: HttpSession) -> None:
    """A date to come back at is measured from the server's own date: one clock may be hours off."""
    now = time.time() - 5 * 3600
    later = (f"Date: {formatdate(now)}", f"Retry-After: {formatdate(now + 20, usegmt=True)}")
    wire.answers["/"] = answer(b"", *later)
    with ask(connection, wire.url) as got:
        assert got.wait() == 20


@pytest.mark.parametrize("status", [200, 206, 302, 400, 401, 403, 404, 416])
def test_status_that_is_not_transient(wire: Wire, connection: HttpSession, status: int) -> None:
    """What will be the same next time is no reason to come again."""
    wire.answers["/"] = answer(status=f"{status} X")

    with ask(connection, wire.url) as got:
        raise_for_transient(got)


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 507, 520, 599])
def test_transient_status(wire: Wire, connection: HttpSession, status: int) -> None:
    """Trouble of the server's own may pass, after the time that it asks for; 429 is our doing."""
    wire.answers["/"] = answer(b"", "Retry-After: 3", status=f"{status} X")

    with ask(connection, wire.url) as got, pytest.raises(TransportError) as caught:
        raise_for_transient(got)
    assert isinstance(caught.value, BusyError) == (status == 429)
    assert caught.value.wait == 3
    assert str(status) in str(caught.value)


# --- secrets ---------------------------------------------------------------------------------


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``~/.netrc`` with a password for this machine, and one for all others."""
    path = tmp_path / "netrc"
    path.write_text(
        "machine 127.0.0.1 login me password SECRET\ndefault login me password SECRET\n",
        encoding="ascii",
    )
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    assert requests.utils.get_netrc_auth("http://127.0.0.1/") == ("me", "SECRET")


@pytest.mark.usefixtures("netrc")
def test_netrc_stays_at_home(wire: Wire, connection: HttpSession) -> None:
    """Passwords for other programs go to no server, neither asked nor redirected to."""
    wire.answers["/a"] = redirect(f"{wire.url.replace('127.0.0.1', 'localhost')}/b")
    wire.answers["/b"] = answer()
    ask(connection, f"{wire.url}/a").close()

    assert len(wire.heads) == 2
    assert "authorization" not in "".join(wire.heads).lower()


@pytest.mark.usefixtures("netrc")
def test_password_in_the_url_is_for_its_host(wire: Wire, connection: HttpSession) -> None:
    """A password that stands in a URL is sent, but not to where that URL redirects."""
    wire.answers["/a"] = redirect(f"{wire.url.replace('127.0.0.1', 'localhost')}/b")
    wire.answers["/b"] = answer()
    ask(connection, wire.url.replace("//", "//me:mine@") + "/a").close()

    assert "Authorization: Basic bWU6bWluZQ==" in wire.heads[0]
    assert "authorization" not in wire.heads[1].lower()


@pytest.mark.parametrize("location", ["/b", "{other}/b"])
def test_secret_headers_are_for_the_first_address(
    wire: Wire, connection: HttpSession, location: str
) -> None:
    """A key goes to the address that it is for, and no redirect takes it on."""
    other = wire.url.replace("127.0.0.1", "localhost")
    wire.answers["/a"] = redirect(location.format(other=other))
    wire.answers["/b"] = answer()
    connection.get(
        f"{wire.url}/a", headers={"Range": "bytes=0-"}, route=anywhere, secret={"X-Key": "SECRET"}
    ).close()

    assert ["SECRET" in head for head in wire.heads] == [True, False]
    assert ["Range" in head for head in wire.heads] == [True, True]


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
