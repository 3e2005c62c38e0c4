"""A stretch of a file: where it belongs, of which version it is, and what it is called."""

from __future__ import annotations

import pytest

from evio_data._http.connection import Answer, HttpSession
from evio_data._http.ranges import RangeError
from evio_data._sources.base import body_of, closing_on_error, is_html
from tests.http.wire import Wire, answer, ask


def answered(wire: Wire, connection: HttpSession, *lines: str, status: str = "200 OK") -> Answer:
    """Return the answer that the server is told to give."""
    wire.answers["/a.raw"] = answer(b"12345", *lines, status=status)
    return ask(connection, f"{wire.url}/a.raw")


def test_a_range(wire: Wire, connection: HttpSession) -> None:
    """A range has its place, the whole file's length, and the version that it is of."""
    got = answered(
        wire,
        connection,
        "Content-Range: bytes 10-14/100",
        'ETag: "1"',
        "Last-Modified: Tue, 01 Sep 2026 07:00:00 GMT",
        "Content-Disposition: attachment; filename=fan.raw",
        status="206 Partial Content",
    )
    with body_of(got, 10, 15) as body:
        assert (body.placement.start, body.placement.stop, body.placement.total) == (10, 15, 100)
        assert (body.validators.origin, body.validators.total) == ("127.0.0.1", 100)
        assert body.validators.etag == '"1"'
        assert body.file_name == "fan.raw"
        assert body.coding == ""


def test_the_whole_file(wire: Wire, connection: HttpSession) -> None:
    """An answer without a range begins at byte 0, whatever was asked for; its URL has a name."""
    with body_of(answered(wire, connection), 10, None) as body:
        assert (body.placement.start, body.placement.total) == (0, 5)
        assert not body.placement.honoured
        assert body.file_name == "a.raw"


def test_a_coded_range_without_a_length(wire: Wire, connection: HttpSession) -> None:
    """The range of coded bytes says nothing of how many of them come."""
    wire.answers["/a.raw"] = answer(
        b"", "Content-Range: bytes 0-4/5", "Content-Encoding: gzip", status="206 OK", length=False
    )
    with body_of(ask(connection, f"{wire.url}/a.raw"), 0, None) as body:
        assert (body.coding, body.placement.stop, body.placement.total) == ("gzip", None, None)


def test_an_answer_that_is_refused_is_closed(wire: Wire, connection: HttpSession) -> None:
    """What raises while an answer is looked at does not leave its connection open."""
    got = answered(wire, connection, "Content-Range: bytes 7-9/10", status="206 Partial Content")
    with pytest.raises(RangeError):
        closing_on_error(got, lambda: body_of(got, 0, 3))
    answered(wire, connection).close()
    assert wire.lines == 2


@pytest.mark.parametrize(
    ("kind", "html"),
    [("text/html", True), ("Text/HTML; charset=utf-8", True), ("application/xhtml+xml", True),
     ("text/plain", False), ("application/octet-stream", False)],
)  # fmt: skip
def test_html(wire: Wire, connection: HttpSession, kind: str, *, html: bool) -> None:
    """A page is known by the kind that the server says."""
    with answered(wire, connection, f"Content-Type: {kind}") as got:
        assert is_html(got) is html
