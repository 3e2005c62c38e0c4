"""The slices of a recording that fill a number of bytes, or hold a number of events.

The fan turns evenly, so every turn is the first one, moved in time: only the slices of one turn
are encoded, whatever the length of the recording.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from ._fan import SLICES, TURN, Event, Fan


class Format(Protocol):
    """What the modules `_evt3` and `_dat` have in common."""

    LEAD: int
    LONGEST: int

    def header(self, fan: Fan, note: str) -> bytes:
        """Return what comes before the first slice."""

    def pieces(self, events: Sequence[Event]) -> Iterator[tuple[bytes, int]]:
        """Yield the smallest pieces that may end a file, each with its number of events."""

    def at(self, data: bytes, number: int) -> bytes:
        """Return the pieces of a slice of the first turn as slice `number` of the recording."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some or all events of one slice of the first turn."""

    data: bytes
    count: int
    on: int
    last: int


@dataclass(slots=True)
class Filling:
    """Whole slices, and the beginning of one more; `space` is how many bytes have remained."""

    space: int
    limit: int
    turn: list[Part] = field(default_factory=list)
    whole: int = 0
    rest: Part | None = None
    count: int = 0
    on: int = 0
    last: int = 0

    def takes(self, part: Part, lead: int) -> bool:
        """Add all of a slice; False if it does not fit."""
        space = self.space - len(part.data) - lead
        if space < 0 or part.count > self.limit:
            return False
        self.space = space
        self.limit -= part.count
        self.count += part.count
        self.on += part.on
        self.last = part.last + self.whole // SLICES * TURN
        return True

    def placed(self, form: Format) -> Iterator[bytes]:
        """Yield the bytes of one slice after the other."""
        for number in range(self.whole):
            yield form.at(self.turn[number % SLICES].data, number)
        if self.rest is not None:
            yield form.at(self.rest.data, self.whole)


def fill(form: Format, fan: Fan, space: int, limit: int) -> Filling:
    """Take slices while they fit into `space` bytes and `limit` events, then a part of the next."""
    filling = Filling(space, limit)
    while filling.takes(_slice(form, fan, filling), form.LEAD):
        filling.whole += 1
    rest = _beginning(form, fan.slice(filling.whole % SLICES), filling, form.LEAD)
    if rest.count:
        filling.takes(rest, form.LEAD)
        filling.rest = rest
    if not filling.count:
        raise ValueError(f"no event fits into {space} bytes and {limit} events")
    return filling


def _slice(form: Format, fan: Fan, filling: Filling) -> Part:
    """Return the next slice, encoded in the first turn only."""
    place = filling.whole % SLICES
    if place == len(filling.turn):
        events = fan.slice(place)
        filling.turn.append(_part(events, [data for data, _ in form.pieces(events)]))
    return filling.turn[place]


def _beginning(form: Format, events: list[Event], filling: Filling, lead: int) -> Part:
    """Return as many of the events as fit."""
    taken: list[bytes] = []
    space, count = filling.space - lead, 0
    for data, holds in form.pieces(events[: max(0, filling.limit)]):
        space -= len(data)
        if space < 0:
            break
        taken.append(data)
        count += holds
    return _part(events[:count], taken)


def _part(events: list[Event], taken: list[bytes]) -> Part:
    on = sum(event.p for event in events)
    return Part(b"".join(taken), len(events), on, events[-1].t if events else 0)
