"""Bytes of HTTP/1.1 into a request, and a head of a response into bytes."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import parse_qsl, unquote, urlsplit


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
        """Bytes of the request's own body, which nobody here reads."""
        text = self.headers.get("content-length", "0")
        return int(text) if text.isdecimal() else 0

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


def head(status: int, headers: list[tuple[str, str]]) -> bytes:
    """Write a response head; header text is Latin-1, as HTTP/1.1 has it."""
    lines = [f"HTTP/1.1 {status} {_phrase(status)}"]
    lines += [f"{name}: {value}" for name, value in headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
