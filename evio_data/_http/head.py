"""Read the head of a response: its status, and its header fields, as servers really send them."""

import re
from collections.abc import Iterator
from http.client import BadStatusLine, HTTPException, HTTPMessage, RemoteDisconnected
from typing import Protocol

MAX_HEAD = 512 * 1024  # bytes of all fields; browsers and curl take some hundred KiB
MAX_FIELDS = 1000
MAX_BLANK = 8  # empty lines before the status
_END = (b"\r\n", b"\n", b"")
_STATUS = re.compile(rb"(HTTP/\d\.?\d?)[ \t]+([1-9]\d\d)(?![^ \t\r\n])", re.IGNORECASE).match
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+").fullmatch
_BLANK = " \t"
_NO_TEXT = {ord("\r"): " ", ord("\n"): " ", 0: " "}  # nothing of a field's


class Lines(Protocol):
    """Whatever is read line by line."""

    def readline(self, limit: int, /) -> bytes:
        """Return the next line, or what there is of it."""


def read_status(lines: Lines) -> tuple[str, int, str]:
    """Return the version, the status and the reason (RFC 9112, section 4).

    Raises
    ------
    http.client.RemoteDisconnected
        If the line closes instead.
    http.client.BadStatusLine
        If it is something else that came.
    """
    for _ in range(MAX_BLANK + 1):  # the rest of a body before, perhaps
        line = lines.readline(MAX_HEAD)
        if line not in (b"\r\n", b"\n"):
            break
    if not line:
        raise RemoteDisconnected("Remote end closed connection without response")
    found = _STATUS(line)
    if found is None:
        raise BadStatusLine(line[:100].decode("latin-1"))
    reason = line[found.end() :].decode("latin-1").strip()
    return found[1].decode().upper(), int(found[2]), reason


def read_fields(lines: Lines) -> HTTPMessage:
    """Return the fields up to the empty line (RFC 9112, section 5).

    A line that is folded goes on with the field before it; blanks around a name are no part of
    it; what is no field at all is left out, and only that.

    Raises
    ------
    http.client.HTTPException
        If their number, or their length, is beyond all bounds.
    """
    fields: list[list[str]] = []
    for line in _lines(lines):
        name, colon, value = line.partition(":")
        if line.startswith((" ", "\t")):
            if fields:
                fields[-1].append(line.strip(_BLANK))
        elif colon and _NAME(name := name.strip(_BLANK)):
            fields.append([name, value])
    message = HTTPMessage()
    for name, *values in fields:
        value = values[0] if len(values) == 1 else " ".join(values)
        message.set_raw(name, value.strip(_BLANK))
    return message


def _lines(lines: Lines) -> Iterator[str]:
    left = MAX_HEAD
    for _ in range(MAX_FIELDS + 1):
        line = lines.readline(left + 1)
        left -= len(line)
        if left < 0:
            raise HTTPException(f"header fields of more than {MAX_HEAD // 1024} KiB")
        if line in _END:
            return
        text = line.decode("latin-1").rstrip("\r\n")
        yield text if text.isprintable() else text.translate(_NO_TEXT)
    raise HTTPException(f"more than {MAX_FIELDS} header fields")
