"""The head of an HTTP request in, what it asks for out (RFC 9110, 9112); no files, no sockets."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes

MAX_HEAD = 16 * 1024  # bytes of a request's head
METHODS = ("GET", "HEAD")


class MalformedError(Exception):
    """Bytes that are no request of HTTP/1.x."""


class Request(NamedTuple):
    """One request.

    Attributes
    ----------
    method : str
    target : str
        As it came, for the log.
    key : str or None
        The percent-decoded path without its first slash; None if it is not UTF-8.
    headers : mapping of str to str
        By lower-case name.
    keep_alive : bool
        Whether the client would go on over this connection.
    """

    method: str
    target: str
    key: str | None
    headers: Mapping[str, str]
    keep_alive: bool


def parse(head: bytes) -> Request:
    """Return the request that a head describes.

    Raises
    ------
    MalformedError
        If it is none.
    """
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    match = _REQUEST(first)
    if match is None:
        raise MalformedError(first)
    method, target, minor = match.groups()
    headers = _headers(lines)
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise MalformedError("a body where none is expected")
    if method != "GET":
        headers.pop("range", None)  # which GET alone has (RFC 9110, 14.2)
    connection = headers.get("connection", "").lower()
    keep_alive = "close" not in connection and (minor != "0" or "keep-alive" in connection)
    return Request(method, target, _key(target), headers, keep_alive)


def _headers(lines: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        match = _HEADER(line)
        if match is None:
            raise MalformedError(line)
        name, value = match[1].lower(), match[2]
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _key(target: str) -> str | None:
    """Return the decoded path, decoded once: what is still encoded then names nothing."""
    path = _ORIGIN.sub("", target, count=1).partition("?")[0]
    try:
        return unquote_to_bytes(path).decode("utf-8")[1:] if path.startswith("/") else None
    except UnicodeDecodeError:
        return None


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
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\x00\r\n]*?)[ \t]*").fullmatch
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})", re.IGNORECASE).fullmatch
_ORIGIN = re.compile(r"(?i:https?)://[^/?#]*")
