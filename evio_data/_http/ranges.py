"""`Range` and `Content-Range` (RFC 9110 section 14): where the body of a response belongs."""

import re
from collections.abc import Mapping
from typing import NamedTuple

WHOLE = (200, 203)  # 203: the same, by a proxy that has changed something (RFC 9110 15.3.4)

# Statuses for a Range header which the server does not like. Another 5xx, or no answer at all, is
# more often a busy server: it is asked without a range at the second retry, or where the range
# spares what has arrived, at the last.
RANGE_REFUSALS = frozenset({400, 403, 405, 406, 409, 412, 417, 422, 501})
# A 404 says more often that there is no file: the range is blamed where there is no other source.
LAST_REFUSALS = RANGE_REFUSALS | {404}


class RangeError(Exception):
    """An answer whose range is not the one that was asked for; nothing of its body may be used."""


class RangeNotSatisfiableError(RangeError):
    """A 416: the file ends at or before the offset that was asked for."""

    def __init__(self, message: str, total: int | None = None) -> None:
        super().__init__(message)
        self.total = total


class Placement(NamedTuple):
    """Where a body belongs in the file."""

    start: int
    stop: int | None  # None: the body says no length
    total: int | None  # None: the server says no size
    honoured: bool  # the server answered the range request with a range


def header(start: int, stop: int | None) -> str:
    """Return the value of a ``Range`` header for [start, stop).

    >>> header(5, None), header(0, 1)
    ('bytes=5-', 'bytes=0-0')
    """
    return f"bytes={start}-" if stop is None else f"bytes={start}-{stop - 1}"


def placement(status: int, headers: Mapping[str, str], start: int, stop: int | None) -> Placement:
    """Return where the body of an answer to the range [start, stop) belongs.

    Raises
    ------
    RangeNotSatisfiableError
        For a 416.
    RangeError
        For a 206 that is not for ``start``, or contradicts itself; for any other status.
    """
    length = content_length(headers)
    if status in WHOLE:
        return Placement(0, length, length, honoured=False)
    if status == 416:
        total = _unsatisfied_total(headers.get("Content-Range", ""))
        raise RangeNotSatisfiableError(f"416 for {header(start, stop)}", total)
    if status != 206:
        raise RangeError(f"unexpected status {status}")
    if headers.get("Content-Type", "").strip().lower().startswith("multipart/byteranges"):
        raise RangeError("one range was asked for, and a multipart body came")
    return _partial(headers.get("Content-Range", ""), length, start, stop)


def _partial(content_range: str, length: int | None, start: int, stop: int | None) -> Placement:
    match = _CONTENT_RANGE(content_range.strip()[:100])
    if match is None:
        raise RangeError(f"206 with Content-Range {content_range[:60]!r}")
    first, last = int(match[1]), int(match[2])
    total = None if match[3] == "*" else int(match[3])
    if first != start:
        raise RangeError(f"asked for byte {start}, got byte {first}")
    if last < first or (total is not None and last >= total) or (stop or last + 1) < last + 1:
        raise RangeError(f"impossible Content-Range {content_range[:60]!r}")
    if length is not None and length != last + 1 - first:
        raise RangeError(f"Content-Length {length} contradicts {content_range[:60]!r}")
    return Placement(first, last + 1, total, honoured=True)


def content_length(headers: Mapping[str, str]) -> int | None:
    """Return ``Content-Length`` where it is present and counts the bytes of this body."""
    if headers.get("Transfer-Encoding", "").strip().lower() not in ("", "identity"):
        return None
    return length_of(headers.get("Content-Length", ""))


def length_of(text: str) -> int | None:
    """Return the number of a ``Content-Length``, also of a list of one (RFC 9110 section 8.6)."""
    numbers = {number.strip() for number in text[:400].split(",")}
    number = numbers.pop()
    return int(number) if not numbers and _NUMBER(number) else None


def _unsatisfied_total(content_range: str) -> int | None:
    match = re.fullmatch(r"bytes[ =:] *\*/(\d{1,18})", content_range.strip()[:100], re.IGNORECASE)
    return None if match is None else int(match[1])


_NUMBER = re.compile(r"[0-9]{1,18}").fullmatch
_CONTENT_RANGE = re.compile(
    r"(?:bytes[ =:] *)?(\d{1,18}) *- *(\d{1,18}) */ *(\d{1,18}|\*)", re.IGNORECASE
).fullmatch
