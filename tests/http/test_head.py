"""The head of a response: read as http.client reads it, and where it is odd, as it is meant."""

from __future__ import annotations

import io
import random
from http.client import BadStatusLine, HTTPException, RemoteDisconnected, parse_headers

import pytest

from evio_data._http.head import MAX_FIELDS, MAX_HEAD, read_fields, read_status

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
        b"A: 1\r\nB: cut",
        b"A: 1: 2 : 3\r\n\r\n",
        b"\xfc: 1\r\n\r\n",
    ],
)
def test_as_http_client(text: bytes) -> None:
    """The fields of an ordinary head are those that http.client finds."""
    theirs, ours = both(text)
    assert ours == theirs


@pytest.mark.parametrize(
    ("odd", "found"),
    [
        (b"X: 1\r\n folded\r\n\tagain\r\n", [("X", "1 folded again")]),
        (b"X:\r\n folded\r\n", [("X", "folded")]),
        (b" X: folded into nothing\r\n", []),
        (b"X : 1\r\n", [("X", "1")]),
        (b"X\t:\t1\t\r\n", [("X", "1")]),
        (b"no field\r\n", []),
        (b": no name\r\n", []),
        (b"   :\r\n", []),
        (b"From me\r\n", []),
        (b"X: \x00a\rb\r\n", [("X", "a b")]),
        (b"X: \x85\x1c\r\n", [("X", "\x85\x1c")]),
    ],
)
def test_odd_lines(odd: bytes, found: list[tuple[str, str]]) -> None:
    """An odd line is read as it is meant, or left out; those around it are read all the same."""
    fields = read_fields(io.BytesIO(odd + b"Content-Length: 5\r\n\r\n")).items()
    assert [(n, v.strip(" ")) for n, v in fields] == [*found, ("Content-Length", "5")]


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n", ("HTTP/1.1", 200, "OK")),
        (b"HTTP/1.0 404 Not Found\n", ("HTTP/1.0", 404, "Not Found")),
        (b"HTTP/1.1 200\r\n", ("HTTP/1.1", 200, "")),
        (b"HTTP/1.1  200  \r\n", ("HTTP/1.1", 200, "")),
        (b"http/1.1 206 partial\r\n", ("HTTP/1.1", 206, "partial")),
        (b"\r\n\n\r\nHTTP/1.1 200 OK\r\n", ("HTTP/1.1", 200, "OK")),
    ],
)
def test_status(line: bytes, status: tuple[str, int, str]) -> None:
    """A status is read however it is spelled, also behind empty lines."""
    assert read_status(io.BytesIO(line)) == status


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.1 20 OK\r\n",
        b"HTTP/1.1 2000 OK\r\n",
        b"HTTP/1.1 099 OK\r\n",
        b"HTTP/1.1 two\r\n",
        b"SSH-2.0-OpenSSH\r\n",
        b"\x16\x03\x01\r\n",
        b"\r\n" * 50 + b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_no_status(line: bytes) -> None:
    """What is no status line is said to be none."""
    with pytest.raises(BadStatusLine):
        read_status(io.BytesIO(line))


def test_closed_before_a_status() -> None:
    """A line that closes before an answer is told from one that says something else."""
    with pytest.raises(RemoteDisconnected):
        read_status(io.BytesIO(b"\r\n"))


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
    "text",
    [
        b"A: " + b"x" * MAX_HEAD + b"\r\n\r\n",
        b"A: 1\r\n" * (MAX_FIELDS + 1) + b"\r\n",
        (b"A: " + b"x" * 4096 + b"\r\n") * 200 + b"\r\n",
    ],
    ids=["line", "fields", "all"],
)
def test_bounds(text: bytes) -> None:
    """A line without end, fields without end, and large ones together, are refused."""
    with pytest.raises(HTTPException, match="more than"):
        read_fields(io.BytesIO(text))


def test_a_large_head() -> None:
    """Hundreds of fields, and one of a hundred KiB, are read: curl and browsers read them, too."""
    text = b"A: 1\r\n" * 500 + b"B: " + b"x" * 100_000 + b"\r\n\r\n"
    assert len(read_fields(io.BytesIO(text))["B"]) == 100_000


def test_random_fields() -> None:
    """Whatever pieces stand before it, a field is found; nothing is made up."""
    pieces = [b"A", b"b-c", b":", b": ", b" ", b"\t", b"\r\nC", b"\r", b"1", b"\xfc", b"\x0b", b";"]
    chance = random.Random(5)
    for _ in range(3000):
        odd = b"".join(chance.choices(pieces, k=chance.randint(1, 12)))
        fields = read_fields(io.BytesIO(b"X" + odd + b"\r\nLast: 1\r\n\r\n"))
        assert fields["Last"] == "1", odd
        assert len(fields) <= 1 + odd.count(b"\r\n") + 1, odd
        assert not any(set("\r\n") & set(n + v) for n, v in fields.items()), odd
