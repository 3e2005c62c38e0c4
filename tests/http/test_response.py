"""One answer's bytes: bounded heads and trailers, nothing lost at a break."""

import socket
import time
from contextlib import suppress

import pytest

from evio_data._http.connection import Answer, HttpSession, TransportError, UnreachableError
from evio_data._http.response import MAX_INTERIM, MAX_TRAILERS
from tests.http.wire import ENOUGH, Speak, Wire, answer, ask, cut, read_all

EARLY = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n"


def pieces(*parts: bytes, pause: float = 0.05) -> Speak:
    """Return a speaker that says one thing after another, and waits for the client to leave."""

    def speak(client: socket.socket) -> None:
        with suppress(OSError):
            for part in parts:
                client.sendall(part)
                time.sleep(pause)
            client.recv(1)

    return speak


def endlessly(part: bytes, *, after: bytes = b"", pause: float = 0.05) -> Speak:
    """Return a speaker that repeats itself until the client leaves."""

    def speak(client: socket.socket) -> None:
        with suppress(OSError):
            client.sendall(after)
            while True:
                client.sendall(part)
                time.sleep(pause)

    return speak


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize(
    "said",
    [
        endlessly(b"X", after=b"HTTP/1.1 200 OK\r\nX: "),
        endlessly(b"X: y\r\n", after=b"HTTP/1.1 200 OK\r\n"),
        endlessly(EARLY),
        endlessly(b"H"),
    ],
    ids=["bytes", "lines", "interim", "status-line"],
)
def test_head_that_drips(wire: Wire, impatient: HttpSession, said: Speak) -> None:
    """A head that never falls silent, and is not whole within the time-out, is given up."""
    wire.answers["/"] = said

    with pytest.raises(
        TransportError, match=r"no complete answer within 0\.3 s \(EVIO_DATA_TIMEOUT\), by 127"
    ):
        ask(impatient, wire.url)


@pytest.mark.timeout(ENOUGH)
def test_tunnel_that_drips(
    wire: Wire, impatient: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that never comes to the end of its answer to CONNECT is given up."""
    wire.answers["lab.example:443"] = endlessly(b"X: y\r\n", after=b"HTTP/1.1 200 OK\r\n")
    monkeypatch.setenv("HTTPS_PROXY", wire.url)

    with pytest.raises(UnreachableError, match=r"the proxy 127\S+ \(HTTPS_PROXY\)"):
        ask(impatient, "https://lab.example/a.raw")


@pytest.mark.parametrize("status", [100, 102, 103, 199])
def test_interim_answers_are_skipped(wire: Wire, connection: HttpSession, status: int) -> None:
    """Whatever comes before the answer is not the answer."""
    early = EARLY.replace(b"103", str(status).encode())
    wire.answers["/"] = early * (MAX_INTERIM - 1) + answer(b"here")

    with ask(connection, wire.url) as got:
        assert (got.status, got.page()) == (200, "here")


def test_flood_of_interim_answers(wire: Wire, connection: HttpSession) -> None:
    """No more than a bounded number of interim answers is waited through."""
    wire.answers["/"] = EARLY * (MAX_INTERIM + 1)

    with pytest.raises(TransportError, match="interim"):
        ask(connection, wire.url)


CHUNKS = answer(b"", "Transfer-Encoding: chunked", length=False) + b"4\r\nbody\r\n0\r\n"


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize(
    "trailers",
    [
        pieces(CHUNKS + b"X: y\r\n"),
        endlessly(b"X: y\r\n", after=CHUNKS, pause=0),
        lambda client: client.sendall(CHUNKS + b"X"),
    ],
    ids=["silent", "endless", "cut"],
)
def test_trailers_do_no_harm(wire: Wire, connection: HttpSession, trailers: Speak) -> None:
    """A body is whole with its last chunk; trailers that do not end cost the line only."""
    wire.answers["/"], wire.answers["/next"] = trailers, answer(b"next")

    with ask(connection, wire.url) as got:
        assert read_all(got) == b"body"
    with ask(connection, f"{wire.url}/next") as got:
        assert got.page() == "next"
    assert wire.lines == 2


def test_trailers_keep_the_line(wire: Wire, connection: HttpSession) -> None:
    """Trailers are read off, so that the line can be used again."""
    wire.answers["/"] = CHUNKS + b"X: y\r\n" * (MAX_TRAILERS - 1) + b"\r\n"
    for _ in range(3):
        with ask(connection, wire.url) as got:
            assert read_all(got) == b"body"
    assert wire.lines == 1


@pytest.mark.parametrize("sizes", [(1,), (200_000,), (8192,) * 20, (70_000, 3, 5)])
@pytest.mark.parametrize("missing", [0, 1, 70_000])
def test_chunks_before_a_break_count(
    wire: Wire, connection: HttpSession, sizes: tuple[int, ...], missing: int
) -> None:
    """What came of a chunked body before a break is handed out first, cut inside a chunk or not."""
    whole = b"".join(b"%x\r\n" % size + b"x" * size + b"\r\n" for size in sizes)
    part = b"%x\r\nyyy" % (3 + missing) if missing else b""
    head = answer(b"", "Transfer-Encoding: chunked", length=False)
    wire.answers["/"] = cut(iter([head, whole, part]))
    view, came = memoryview(bytearray(1_000_000)), bytearray()

    def read_on(got: Answer) -> None:
        while count := got.read_into(view):
            came.extend(view[:count])

    with ask(connection, wire.url) as got, pytest.raises(TransportError):
        read_on(got)
    assert came == b"x" * sum(sizes) + (b"yyy" if missing else b"")


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 4", "Content-Length: 4"],
        ["Content-Length: 4, 4"],
        ["Transfer-Encoding: identity", "Content-Length: 4"],
        ["Content-Length: 9", "Transfer-Encoding: chunked"],
    ],
)
@pytest.mark.timeout(ENOUGH)
def test_odd_lengths(wire: Wire, connection: HttpSession, lines: list[str]) -> None:
    """A length said twice, or beside another one that counts, is the length all the same."""
    body = b"4\r\nbody\r\n0\r\n\r\n" if "chunked" in lines[-1] else b"body"
    wire.answers["/"] = answer(b"", *lines, length=False) + body
    for _ in range(2):
        with ask(connection, wire.url) as got:
            assert read_all(got) == b"body"
    assert wire.lines == 1


@pytest.mark.parametrize("length", ["9" * 5000, "-4", "four"])
@pytest.mark.timeout(ENOUGH)
def test_a_length_that_is_none(wire: Wire, connection: HttpSession, length: str) -> None:
    """What is no length says none: the body ends with the connection."""
    head = answer(b"", f"Content-Length: {length}", length=False) + b"body"

    def speak(line: socket.socket) -> None:
        line.sendall(head)
        line.shutdown(socket.SHUT_WR)

    wire.answers["/"] = speak
    with ask(connection, wire.url) as got:
        assert read_all(got) == b"body"


def test_coded_chunks(wire: Wire, connection: HttpSession) -> None:
    """Chunks of a coded body are taken apart, and what they hold is said to be coded."""
    head = answer(b"", "Transfer-Encoding: gzip, chunked", length=False)
    wire.answers["/"] = head + b"4\r\nbody\r\n0\r\n\r\n"

    with ask(connection, wire.url) as got:
        assert (got.coding, read_all(got)) == ("gzip", b"body")
        assert got.ends_itself


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize("head", ["Content-Length: 1000000", "Transfer-Encoding: chunked"])
def test_slow_bytes_are_handed_out(wire: Wire, connection: HttpSession, head: str) -> None:
    """A buffer that fills slowly is handed out after about a second, not when it is full."""
    chunk = b"1\r\nx\r\n" if "chunked" in head else b"x"
    wire.answers["/"] = endlessly(chunk, after=answer(b"", *filter(None, [head]), length=False))

    with ask(connection, wire.url) as got:
        assert 0 < got.read_into(memoryview(bytearray(500_000))) < 1000
