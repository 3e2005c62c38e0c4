"""One answer before its body is read: codings, pages within bounds, waits that are asked for."""

import gzip
import socket
import struct
import time
from contextlib import suppress
from email.utils import formatdate

import pytest

from evio_data._http.connection import (
    MAX_PAGE,
    MAX_RETRY_AFTER,
    BusyError,
    HttpSession,
    TransportError,
    raise_for_transient,
)
from tests.http.wire import ENOUGH, Wire, answer, ask, endless


@pytest.mark.parametrize(
    ("lines", "coding"),
    [
        ([], ""),
        (["Content-Encoding: identity"], ""),
        (["Content-Encoding: GZIP"], "gzip"),
        (["Content-Encoding: br, gzip"], "br, gzip"),
        (["Transfer-Encoding: gzip, chunked"], "gzip"),
        (["Content-Encoding: aws-chunked,gzip"], "gzip"),
        (["Content-Encoding: identity", "Content-Encoding: x-gzip"], "x-gzip"),
        (["Content-Encoding: br", "Transfer-Encoding: gzip"], "br, gzip"),
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


@pytest.mark.timeout(ENOUGH)
def test_endless_page(wire: Wire, connection: HttpSession) -> None:
    """No more of a page is read than `MAX_PAGE`."""
    wire.answers["/"] = endless(answer(length=False))

    with ask(connection, wire.url) as got:
        assert len(got.page()) == MAX_PAGE


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
