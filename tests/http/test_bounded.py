"""Connections that are bounded in time, and what a broken one that was kept is worth."""

import socket
from collections.abc import Callable
from contextlib import suppress

import pytest

from evio_data._http.connection import Answer, HttpSession, TransportError
from tests.http.wire import (
    ENOUGH,
    Wire,
    answer,
    ask,
    cut,
    head_then_silence,
    read_all,
)


def silence(client: socket.socket) -> None:
    """Say nothing until the client goes away."""
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


def closed(client: socket.socket) -> None:
    """Give the line up without a word."""


@pytest.mark.parametrize("how", [closed, cut(iter([b""]))], ids=["close", "reset"])
def test_line_that_was_given_up(
    wire: Wire, connection: HttpSession, how: Callable[[socket.socket], None]
) -> None:
    """A kept line that the server gives up when it is used again is replaced, and nobody waits."""
    wire.answers["/"] = answer(b"first")
    with ask(connection, wire.url) as got:
        got.page()
    wire.answers["/next"] = lambda client: _once(wire, client, how)

    with ask(connection, f"{wire.url}/next") as got:
        assert got.page() == "second"
    assert (len(wire.heads), wire.lines) == (3, 2)


def _once(wire: Wire, client: socket.socket, how: Callable[[socket.socket], None]) -> None:
    wire.answers["/next"] = answer(b"second")
    how(client)


def test_new_line_that_breaks_is_told(wire: Wire, connection: HttpSession) -> None:
    """A new line that is closed without an answer is not tried again in silence."""
    wire.answers["/"] = closed

    with pytest.raises(TransportError, match="without an answer"):
        ask(connection, wire.url)
    assert wire.lines == 1
