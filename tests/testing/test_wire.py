"""Heads of messages: what is read of a request, and how an answer is written."""

from __future__ import annotations

import pytest

from evio_data.testing._wire import Request, head, parse


def request(*lines: str) -> Request:
    """Return what is read of a head."""
    found = parse("\r\n".join(lines).encode("latin-1"))
    assert found is not None
    return found


def test_request() -> None:
    """Path, query, host and headers; names of headers in lower case."""
    found = request(
        "GET /uc?id=1&export= HTTP/1.1", "Host: Drive.Google.com:443", "RANGE: bytes=0-"
    )
    assert (found.method, found.host, found.path) == ("GET", "drive.google.com", "/uc")
    assert found.query == {"id": "1", "export": ""}
    assert found.headers["range"] == "bytes=0-"
    assert (found.keeps_open, found.is_for_a_proxy, found.body_length) == (True, False, 0)


def test_absolute_form() -> None:
    """What a proxy is asked for goes before the Host header."""
    found = request("GET http://docs.google.com/a HTTP/1.1", "Host: 127.0.0.1")
    assert (found.host, found.path, found.is_for_a_proxy) == ("docs.google.com", "/a", True)
    tunnel = request("CONNECT drive.google.com:443 HTTP/1.1")
    assert (tunnel.host, tunnel.is_for_a_proxy) == ("drive.google.com", True)


def test_form_in_the_body() -> None:
    """A form that is posted has the inputs that a query would have."""
    posted = request(
        "POST /download?id=1 HTTP/1.1", "Content-Type: application/x-www-form-urlencoded"
    )
    assert posted.with_form(b"confirm=t&id=2").query == {"confirm": "t", "id": "2"}
    assert request("POST /x HTTP/1.1").with_form(b"a=b").query == {}


@pytest.mark.parametrize("text", [b"", b"hello", b"GET / HTTP/1.1 x", b"GET http://[/x HTTP/1.1"])
def test_no_request(text: bytes) -> None:
    """What is no request is none."""
    assert parse(text) is None


@pytest.mark.parametrize(
    ("case", "line"), [("usual", b"X-a: 1"), ("lower", b"x-a: 1"), ("upper", b"X-A: 1")]
)
def test_answer(case: str, line: bytes) -> None:
    """Status, phrase and fields, in the case that is wished for; text is Latin-1."""
    text = head(206, [("X-a", "1"), ("B", "\xfc")], case, "1.0")  # type: ignore[arg-type]
    first, second, third, *rest = text.split(b"\r\n")
    assert first == b"HTTP/1.0 206 Partial Content"
    assert second == line
    assert third.endswith(b": \xfc")
    assert rest == [b"", b""]
    assert head(599, []).startswith(b"HTTP/1.1 599 Unknown\r\n")
