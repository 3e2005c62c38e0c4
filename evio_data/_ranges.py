"""Range arithmetic (RFC 9110 §14): spans of a file, and where the body of an answer belongs."""

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

Span = tuple[int, int]  # [start, stop) in bytes


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
    if status == 200:
        return Placement(0, length, length, honoured=False)
    if status == 416:
        total = _unsatisfied_total(headers.get("Content-Range", ""))
        raise RangeNotSatisfiableError(f"416 for {header(start, stop)}", total)
    if status != 206:
        raise RangeError(f"unexpected status {status}")
    return _partial(headers.get("Content-Range", ""), length, start, stop)


def _partial(content_range: str, length: int | None, start: int, stop: int | None) -> Placement:
    match = _CONTENT_RANGE(content_range.strip())
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
    text = headers.get("Content-Length", "").strip()
    if headers.get("Transfer-Encoding") or not _NUMBER(text):
        return None
    return int(text)


def _unsatisfied_total(content_range: str) -> int | None:
    match = re.fullmatch(r"bytes \*/(\d{1,18})", content_range.strip(), re.IGNORECASE)
    return None if match is None else int(match[1])


def merge(spans: Iterable[Span]) -> list[Span]:
    """Return the same bytes as sorted spans that neither touch nor overlap.

    >>> merge([(5, 9), (0, 5), (20, 20), (30, 40)])
    [(0, 9), (30, 40)]
    """
    merged: list[Span] = []
    for start, stop in sorted(span for span in spans if span[0] < span[1]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def gaps(spans: Iterable[Span], total: int) -> list[Span]:
    """Return what is missing of [0, total).

    >>> gaps([(0, 9), (30, 40)], 50)
    [(9, 30), (40, 50)]
    """
    missing: list[Span] = []
    at = 0
    for start, stop in merge(spans):
        if at < start:
            missing.append((at, min(start, total)))
        at = max(at, stop)
    if at < total:
        missing.append((at, total))
    return [(start, stop) for start, stop in missing if start < stop]


def held_front(spans: Iterable[Span]) -> int:
    """Return how many bytes from the first on are there without a gap."""
    merged = merge(spans)
    return merged[0][1] if merged and merged[0][0] == 0 else 0


def count(spans: Iterable[Span]) -> int:
    """Return the number of bytes in spans that do not overlap."""
    return sum(stop - start for start, stop in spans)


_NUMBER = re.compile(r"[0-9]{1,18}").fullmatch
_CONTENT_RANGE = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18}|\*)", re.IGNORECASE).fullmatch
