"""Read the header fields of a response: without a parser where each is as it should be."""

import re
from email.parser import Parser
from http.client import HTTPException, HTTPMessage, LineTooLong
from typing import Protocol

MAX_LINE = 65536  # bytes, as http.client has it
MAX_FIELDS = 100
_END = (b"\r\n", b"\n", b"")
# A name, a colon and a value on one line (RFC 9112, section 5): nothing that needs thought.
_PLAIN = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[^\r\n\0]*\r?\n").fullmatch


class Lines(Protocol):
    """Whatever is read line by line."""

    def readline(self, limit: int, /) -> bytes:
        """Return the next line, or what there is of it."""


def read_fields(lines: Lines) -> HTTPMessage:
    """Return the fields up to the empty line.

    Lines that are folded, or no fields at all, are left to the parser of `email`, which takes
    several times as long.

    Raises
    ------
    http.client.HTTPException
        If a line, or their number, is beyond all bounds.
    """
    read = []
    while (line := lines.readline(MAX_LINE + 1)) not in _END:
        if len(line) > MAX_LINE:
            raise LineTooLong("header line")
        read.append(line)
        if len(read) > MAX_FIELDS:
            raise HTTPException(f"got more than {MAX_FIELDS} headers")
    if not all(map(_PLAIN, read)):
        return Parser(_class=HTTPMessage).parsestr(b"".join(read).decode("latin-1"))
    message = HTTPMessage()
    for line in read:
        name, _, value = line.decode("latin-1").partition(":")
        message.set_raw(name, value.strip(" \t\r\n"))
    return message
