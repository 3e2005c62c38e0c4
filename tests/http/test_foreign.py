"""Errors of libraries that ask by themselves: one kind, that says whether it may pass."""

import socket

import pytest
import requests

from evio_data._http.foreign import ForeignError, asked
from tests.http.wire import Wire, answer


@pytest.mark.parametrize(
    ("status", "may_pass"),
    [(400, False), (403, False), (404, False), (408, True), (425, True), (429, True), (503, True)],
)
def test_status(wire: Wire, status: int, *, may_pass: bool) -> None:
    """A status that may pass is worth another question."""
    wire.answers["/"] = answer(status=f"{status} X")

    def call() -> None:
        requests.get(wire.url, timeout=30).raise_for_status()

    with pytest.raises(ForeignError) as caught:
        asked(call)
    assert (caught.value.status, caught.value.may_pass) == (status, may_pass)


def test_no_answer(wire: Wire) -> None:
    """A connection that breaks has no status, and may pass."""
    wire.answers["/"] = lambda client: client.shutdown(socket.SHUT_RDWR)

    with pytest.raises(ForeignError) as caught:
        asked(lambda: requests.get(wire.url, timeout=30))
    assert (caught.value.status, caught.value.may_pass) == (None, True)


def test_no_json(wire: Wire) -> None:
    """An answer that is no JSON is an answer that does not have what was looked for."""
    wire.answers["/"] = answer(b"<p>")

    with pytest.raises(LookupError):
        asked(lambda: requests.get(wire.url, timeout=30).json())


def test_what_comes_back(wire: Wire) -> None:
    """What the call returns is returned; its other errors are its own."""
    wire.answers["/"] = answer(b'{"a": 1}')

    assert asked(lambda: requests.get(wire.url, timeout=30).json()) == {"a": 1}
    with pytest.raises(ZeroDivisionError):
        asked(lambda: 1 // 0)
