"""The heads of HTTP/1.1 messages: those of requests are read, those of responses written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit

from ._choices import HeaderCase, HttpVersion


@dataclass(frozen=True, slots=True)
class Request:
    """What one client asked for; header names are in lower case."""

    method: str
    host: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    target: str

    @property
    def body_length(self) -> int:
        """Bytes of the request's own body."""
        text = self.headers.get("content-length", "0")
        return int(text) if text.isdecimal() and len(text) < 19 else 0

    @property
    def is_for_a_proxy(self) -> bool:
        """Whether it asks for a tunnel, or for an absolute URL (RFC 9112 section 3.2)."""
        return self.method == "CONNECT" or not self.target.startswith("/")

    def with_form(self, body: bytes) -> Request:
        """Return the request with the inputs of a form that it carries in its body."""
        if "x-www-form-urlencoded" not in self.headers.get("content-type", ""):
            return self
        inputs = parse_qsl(body.decode("latin-1"), keep_blank_values=True)
        return replace(self, query=self.query | dict(inputs))

    @property
    def keeps_open(self) -> bool:
        """Whether the client wants to ask again on the same connection."""
        return self.headers.get("connection", "").lower() != "close"


def parse(head: bytes) -> Request | None:
    """Read a request head; None if it is none."""
    first, *rest = head.decode("latin-1").split("\r\n")
    if first.count(" ") != 2:
        return None
    method, target, _version = first.split(" ")
    headers = dict(_header(line) for line in rest)
    if method == "CONNECT":
        return Request(method, _bare(target), "", {}, headers, target)
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    # The absolute form (a plain proxy request) outranks the Host header: RFC 9112 §3.2.2.
    host = _bare(parts.netloc or headers.get("host", ""))
    return Request(method, host, unquote(parts.path), query, headers, target)


def _header(line: str) -> tuple[str, str]:
    name, _, value = line.partition(":")
    return name.strip().lower(), value.strip()


def _bare(netloc: str) -> str:
    return netloc.rpartition("@")[2].partition(":")[0].lower()


def head(
    status: int,
    headers: list[tuple[str, str]],
    case: HeaderCase = "usual",
    version: HttpVersion = "1.1",
) -> bytes:
    """Write a response head; header text is Latin-1, as HTTP/1.1 has it."""
    lines = [f"HTTP/{version} {status} {_phrase(status)}"]
    lines += [f"{_CASES[case](name)}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


_CASES: dict[HeaderCase, Callable[[str], str]] = {
    "usual": str,
    "lower": str.lower,
    "upper": str.upper,
}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
