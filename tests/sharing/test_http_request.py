"""Tests of reading the head of a request, and of selecting the bytes it asks for."""

from __future__ import annotations

import io

import pytest

from evio_data._sharing.http_request import MAX_HEAD, MalformedError, Request, read, select

ETAG = '"e"'


def parse(head: bytes) -> Request:
    """Read one request."""
    return read(io.BytesIO(head + b"\r\n\r\n").readline)


@pytest.mark.parametrize(
    ("headers", "selection"),
    [
        ({}, (200, 0, 100)),
        ({"range": "bytes=0-0"}, (206, 0, 1)),
        ({"range": "bytes=10-19"}, (206, 10, 20)),
        ({"range": "bytes=10-"}, (206, 10, 100)),
        ({"range": "bytes=90-1000"}, (206, 90, 100)),
        ({"range": "bytes=-10"}, (206, 90, 100)),
        ({"range": "bytes=-1000"}, (206, 0, 100)),
        ({"range": "BYTES=5-6"}, (206, 5, 7)),
        ({"range": "bytes=100-"}, (416, 0, 0)),
        ({"range": "bytes=-0"}, (416, 0, 0)),
        ({"range": "bytes=20-10"}, (200, 0, 100)),
        ({"range": "bytes=-"}, (200, 0, 100)),
        ({"range": "bytes=0-1,5-6"}, (200, 0, 100)),
        ({"range": "lines=1-2"}, (200, 0, 100)),
        ({"range": "bytes=99999999999999999999-"}, (200, 0, 100)),
        ({"range": "bytes=5-", "if-range": ETAG}, (206, 5, 100)),
        ({"range": "bytes=5-", "if-range": '"other"'}, (200, 0, 100)),
        ({"range": "bytes=5-", "if-range": f"W/{ETAG}"}, (200, 0, 100)),
        ({"range": "bytes=5-", "if-range": "Tue, 25 Nov 2025 00:00:00 GMT"}, (200, 0, 100)),
        ({"if-none-match": ETAG}, (304, 0, 0)),
        ({"if-none-match": f'"x", W/{ETAG}'}, (304, 0, 0)),
        ({"if-none-match": '"x"'}, (200, 0, 100)),
        ({"if-match": f'"x", {ETAG}', "range": "bytes=5-"}, (206, 5, 100)),
        ({"if-match": "*"}, (200, 0, 100)),
        ({"if-match": '"x"', "range": "bytes=5-"}, (412, 0, 0)),
        ({"if-match": f"W/{ETAG}"}, (412, 0, 0)),
    ],
)
def test_selection(headers: dict[str, str], selection: tuple[int, int, int]) -> None:
    """One range is served, several are not; a condition that does not hold sends the whole."""
    assert select(headers, 100, ETAG) == selection


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/fan/fan.raw", "fan/fan.raw"),
        ("/fan%2Ffan.raw", "fan/fan.raw"),
        ("/a%20b?x=1", "a b"),
        ("/%2e%2e/secret", "../secret"),
        ("/%252e%252e/secret", "%2e%2e/secret"),
        ("//etc/passwd", "/etc/passwd"),
        ("/%ff", None),
        ("*", None),
        ("http://127.0.0.1:8417/fan.raw", "fan.raw"),
        ("http://127.0.0.1:8417", None),
    ],
)
def test_key(target: str, key: str | None) -> None:
    """A path is decoded once, and is a word to look up: nothing is resolved in it."""
    assert parse(f"GET {target} HTTP/1.0".encode()).key == key


@pytest.mark.parametrize(
    "head",
    [
        b"GET /",
        b"GET / HTTP/2.0",
        b"get / HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b"GET / HTTP/1.1",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost: a",
        b"GET / HTTP/1.0\r\nHost: a\r\nhost: b",
        b"GET / HTTP/1.1\r\nHost: a\nHost: b",
        b"GET / HTTP/1.1\r\nHost: a\r\nno colon",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n folded",
        b"GET / HTTP/1.1\r\nHost: a\r\nBad name: b",
        b"GET / HTTP/1.1\r\nHost: a\r\nA: b\x00c",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 5",
        b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked",
        b"GET / HTTP/1.1\r\nHost: a\r\n: b",
        b"GET / HTTP/1.1\r\nHost : a",
        b"GET /" + b"a" * 9000 + b" HTTP/1.0",
        b"GET / HTTP/1.0\r\nA: " + b" " * MAX_HEAD,
    ],
)
def test_malformed(head: bytes) -> None:
    """What is no request, has a body, no `Host` or two of them is refused."""
    with pytest.raises(MalformedError):
        parse(head)


@pytest.mark.parametrize(
    ("first", "connection", "keep_alive"),
    [
        ("GET / HTTP/1.1", "", True),
        ("GET / HTTP/1.1", "close", False),
        ("GET / HTTP/1.0", "", False),
        ("GET / HTTP/1.0", "Keep-Alive", True),
    ],
)
def test_keep_alive(first: str, connection: str, keep_alive: bool) -> None:
    """HTTP/1.1 goes on unless told otherwise, HTTP/1.0 only if told."""
    line = "\r\nHost: a" + (f"\r\nConnection: {connection}" if connection else "")
    assert parse((first + line).encode()).keep_alive is keep_alive


def test_the_end_of_a_stream() -> None:
    """A stream that ends between two requests is at its end; one that ends in a head is broken."""
    with pytest.raises(EOFError):
        read(io.BytesIO(b"").readline)
    with pytest.raises(EOFError):
        read(io.BytesIO(b"\r\n\r\n").readline)
    with pytest.raises(MalformedError):
        read(io.BytesIO(b"GET / HTTP/1.1\r\nHost: a\r\n").readline)
