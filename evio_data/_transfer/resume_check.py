"""Compare repeated bytes of a resumed download with those on disk."""

from collections.abc import Callable
from typing import BinaryIO

from .segments import Segment
from .version import OVERLAP, RemoteChangedError, Version

Read = Callable[[memoryview], int]  # reads some bytes of a body, and never none


def overlap_of(version: Version, segment: Segment, *, hashed: bool) -> int:
    """Return how many bytes before a segment's position are to be asked for again.

    The bytes of an earlier process, or of a mirror that was left, are doubted once: a connection
    that always breaks must not spend itself on repeating them. Without a hash nothing but a
    comparison shows that the file was replaced since: of what a connection brings, at most one
    half is spent on it.
    """
    if segment.span[0] == 0 and version.overlap:
        overlap, version.overlap = version.overlap, 0
        return min(overlap, segment.position)
    if version.is_doubted:
        return min(OVERLAP, segment.last // 2, segment.position - segment.span[0])
    if not hashed and version.ended_at is None:
        return min(OVERLAP, segment.last // 2, segment.position - segment.span[0])
    return 0


def joint_of(version: Version, segment: Segment, stop: int | None) -> int | None:
    """Return up to where an answer is compared with what another one has brought behind it."""
    joint = segment.stop
    if joint is None or segment.position != joint:
        return None
    behind = next((end for start, end in list(version.partial.spans) if start == joint), 0)
    ends = (stop, version.total, joint + OVERLAP, behind)
    until = min(end for end in ends if end is not None)
    return until if until > joint else None


def compare(read: Read, file: BinaryIO, view: memoryview, start: int, stop: int) -> None:
    """Read the bytes [start, stop) of an answer, and compare them with those in a file.

    Raises
    ------
    RemoteChangedError
        At the first difference.
    """
    held = memoryview(bytearray(min(len(view), max(stop - start, 0))))
    file.seek(start)
    at = start
    while at < stop:
        count = read(view[: min(len(held), stop - at)])
        file.readinto(held[:count])  # type: ignore[attr-defined]
        if held[:count] != view[:count]:
            raise RemoteChangedError("its bytes differ from those on disk")
        at += count
