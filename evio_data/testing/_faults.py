"""Where one body of a file ends early, and how; and which of its bytes are damaged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ._answers import Body
from ._files import DriveFile, Garble

EndHow = Literal["complete", "reset", "close", "stall"]


@dataclass(frozen=True, slots=True)
class Ending:
    """How many bytes of a body go out, and what happens then."""

    after: int
    how: EndHow


def ending(body: Body) -> Ending:
    """Choose, and use up, the fault that comes first in this body."""
    file = body.file
    stall, cut = _within(file.stall_after, body), _within(file.cut_after, body)
    if stall is not None and (cut is None or stall < cut) and file.use_up("stall_times"):
        return Ending(stall, "stall")
    if cut is not None and file.use_up("cut_times"):
        return Ending(cut, file.cut_how)
    return Ending(body.length, "complete")


def _within(after: int | None, body: Body) -> int | None:
    return after if after is not None and (after < body.length or body.file.endless) else None


def damage(body: Body) -> Garble | None:
    """Choose, and use up, the damage to this body."""
    file = body.file
    if file.garble is None or not _is_hit(file, body) or not file.use_up("garble_times"):
        return None
    return file.garble


def _is_hit(file: DriveFile, body: Body) -> bool:
    return file.garble != "flip" or body.start <= _middle(body) < body.stop


def damaged(garble: Garble, body: Body, data: bytes, offset: int) -> bytes:
    """Return `data`, which begins at `offset` of the file, with the damage done."""
    if garble != "flip":
        return garble(data, offset)
    place = _middle(body) - offset
    if not 0 <= place < len(data):
        return data
    return data[:place] + bytes([data[place] ^ 0xFF]) + data[place + 1 :]


def _middle(body: Body) -> int:
    return body.content.size // 2
