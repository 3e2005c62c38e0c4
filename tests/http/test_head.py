"""The fields of a response: read as http.client reads them, only faster."""

from __future__ import annotations

import io
import random
from http.client import HTTPException, parse_headers

import pytest

from evio_data._http.head import MAX_FIELDS, MAX_LINE, read_fields

ORDINARY = (
    b"Server: nginx/1.22.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 10240\r\n"
    b"ETag: '64f0-2800'\r\nContent-Range: bytes 0-10239/10240\r\nX-Empty:\r\n"
    b"X-Two: a\r\nX-Two: b\r\ncontent-disposition: attachment; filename=f\xfc.raw\r\n\r\n"
)


def both(text: bytes) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Return the fields that http.client finds, and ours; blanks at the end mean nothing."""
    theirs, ours = (read(io.BytesIO(text)).items() for read in (parse_headers, read_fields))
    return [(n, value.strip(" \t")) for n, value in theirs], [(n, v.strip(" \t")) for n, v in ours]


@pytest.mark.parametrize(
    "text",
    [
        ORDINARY,
        ORDINARY.replace(b"\r\n", b"\n"),
        b"\r\n",
        b"",
        b"A: 1\r\n folded\r\nB: 2\r\n\r\n",
        b"A: 1\r\n\tfolded\r\n\r\n",
        b" A: 1\r\nB: 2\r\n\r\n",
        b"A : 1\r\nB: 2\r\n\r\n",
        b"A: 1\r\nno field\r\nB: 2\r\n\r\n",
        b": no name\r\nB: 2\r\n\r\n",
        b"A: 1\rB: 2\r\n\r\n",
        b"A: 1\r\nB: cut",
        b"A: 1: 2 : 3\r\n\r\n",
        b"\xfc: 1\r\n\r\n",
        b"A: \x00\r\n\r\n",
        b"From me\r\nA: 1\r\n\r\n",
    ],
)
def test_as_http_client(text: bytes) -> None:
    """Ordinary or odd, the fields are those that http.client finds."""
    theirs, ours = both(text)
    assert ours == theirs


def test_what_urllib3_looks_at() -> None:
    """Fields by any spelling of their names, several of one name, and no complaint."""
    message = read_fields(io.BytesIO(ORDINARY))
    assert message["CONTENT-LENGTH"] == "10240"
    assert message.get_all("x-two") == ["a", "b"]
    assert (message.get_payload(), message.defects, message.is_multipart()) == (None, [], False)


def test_what_follows_is_left() -> None:
    """Nothing behind the empty line is read."""
    lines = io.BytesIO(ORDINARY + b"body")
    read_fields(lines)
    assert lines.read() == b"body"


@pytest.mark.parametrize(
    "text", [b"A: " + b"x" * MAX_LINE + b"\r\n\r\n", b"A: 1\r\n" * (MAX_FIELDS + 1) + b"\r\n"]
)
def test_bounds(text: bytes) -> None:
    """A line without end, and fields without end, are refused as http.client refuses them."""
    for read in (read_fields, parse_headers):
        with pytest.raises(HTTPException):
            read(io.BytesIO(text))


def test_random_fields() -> None:
    """Whatever pieces fields are made of, both find the same."""
    pieces = [
        b"A",
        b"b-c",
        b":",
        b": ",
        b" ",
        b"\t",
        b"\r\n",
        b"\n",
        b"\r",
        b"1",
        b"\xfc",
        b"\x0b",
        b";",
    ]
    chance = random.Random(5)
    for _ in range(3000):
        text = b"".join(chance.choices(pieces, k=chance.randint(1, 12))) + b"\r\n\r\n"
        theirs, ours = both(text)
        assert ours == theirs, text
