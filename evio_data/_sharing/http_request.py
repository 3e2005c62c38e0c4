"""Read the head of an HTTP request, and select the bytes that it asks for (RFC 9110, 9112)."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

MAX_HEAD = 16 * 1024  # bytes of a request's head
METHODS = ("GET", "HEAD")


class MalformedError(Exception):
    """Bytes that are no request of HTTP/1.x."""


class Request(NamedTuple):
    """The head of a request; header names are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    keep_alive: bool  # whether the client would go on over this connection

    @property
    def key(self) -> str | None:
        """The path, decoded once, without its first slash; None if it is not UTF-8.

        >>> Request("GET", "/fan%20a.raw?x=1", {}, True).key
        'fan a.raw'
        """
        path = _ORIGIN.sub("", self.target, count=1).partition("?")[0]
        try:
            return unquote_to_bytes(path).decode("utf-8")[1:] if path.startswith("/") else None
        except UnicodeDecodeError:
            return None


def read(readline: Callable[[int], bytes]) -> Request:
    """Return the request whose head a stream has next.

    Raises
    ------
    MalformedError
        If it is none, has a body, or is longer than `MAX_HEAD`.
    EOFError
        If the stream ends before the head begins.
    """
    first, *lines = _lines(readline)
    match = _REQUEST(first)
    if match is None:
        raise MalformedError(first)
    method, target, minor = match.groups()
    headers = _headers(lines)
    if "host" not in headers and minor != "0":
        raise MalformedError("a request without Host")
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise MalformedError("a body where none is expected")
    if method != "GET":
        headers.pop("range", None)  # which GET alone has (RFC 9110, 14.2)
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection and (minor != "0" or "keep-alive" in connection)
    return Request(method, target, headers, keep_alive)


def _lines(readline: Callable[[int], bytes]) -> list[str]:
    lines: list[str] = []
    left = MAX_HEAD
    while line := readline(left):
        left -= len(line)
        if not line.endswith(b"\r\n"):
            raise MalformedError("a line without an end, or a head that is too long")
        if line != b"\r\n":
            lines.append(line[:-2].decode("latin-1"))
        elif lines:  # an empty line before a request, as some clients send, is ignored
            return lines
    if lines or not left:
        raise MalformedError("a head without an end")
    raise EOFError


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        name, value = name.lower(), value.strip(" \t")
        if not colon or not _NAME(name) or "\0" in value or "\r" in value or "\n" in value:
            raise MalformedError(line)
        if name in headers and name == "host":
            raise MalformedError("two Hosts")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


class Selection(NamedTuple):
    """The part of a file that is sent: its status, and [start, stop)."""

    status: int
    start: int
    stop: int


def select(headers: Mapping[str, str], size: int, etag: str) -> Selection:
    """Return what of a file of ``size`` bytes is to be sent: all, one range, or none (an error).

    >>> select({"range": "bytes=2-"}, 10, '"a"')
    Selection(status=206, start=2, stop=10)
    >>> select({"range": "bytes=10-"}, 10, '"a"').status
    416
    """
    if "if-match" in headers and not _names(headers["if-match"], etag):
        return Selection(412, 0, 0)
    if "if-none-match" in headers and _names(headers["if-none-match"], etag, f"W/{etag}"):
        return Selection(304, 0, 0)
    match = _RANGE(headers.get("range", "").strip())
    # A date, a weak tag or another version's: then the whole file is right (RFC 9110, 13.1.5).
    if match is None or headers.get("if-range", etag) != etag:
        return Selection(200, 0, size)  # of no range, several, or another unit all may be ignored
    return _part(match[1], match[2], size)


def _part(first: str, last: str, size: int) -> Selection:
    if not (first or last) or (first and last and int(last) < int(first)):
        return Selection(200, 0, size)  # it is none
    if first:
        start, stop = int(first), min(int(last) + 1, size) if last else size
    else:
        start, stop = max(0, size - int(last)), size
    return Selection(206, start, stop) if start < stop else Selection(416, 0, 0)


def _names(tags: str, *ours: str) -> bool:
    listed = {tag.strip() for tag in tags.split(",")}
    return not listed.isdisjoint({"*", *ours})


_REQUEST = re.compile(r"([A-Z]{1,16}) ([!-~]{1,8000}) HTTP/1\.([0-9])").fullmatch
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+").fullmatch
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE).fullmatch
_ORIGIN = re.compile(r"\A(?i:https?)://[^/?#]*")
