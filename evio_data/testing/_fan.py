"""The events of a turning fan, one slice of time after the other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from operator import itemgetter
from random import Random
from typing import NamedTuple

SLICE = 4096  # microseconds: what EVT3 counts before its EVT_TIME_HIGH moves on
SLICES = 13  # in one turn of the fan: 53 ms, 1127 rpm, as in "fan_const_rpm"
TURN = SLICE * SLICES  # microseconds

_SMALLEST, _LARGEST = 16, 2048  # pixels; EVT3 has 11 bits for each coordinate
_SLOWEST = 245  # events a second: one in each slice
_BLADES = 3
_BLADE = 0.12  # turns from a blade's leading edge to its trailing one
_SWEEP = 0.08  # turns that the tip of a blade lags behind its hub
_EDGES = [
    (is_leading, (blade - (0 if is_leading else _BLADE * _BLADES)) / _BLADES)
    for blade in range(_BLADES)
    for is_leading in (1, 0)
]  # polarity and place in turns: bright blades, so a leading edge is ON
_READOUT = 0.0003  # turns between two looks at a row: what an edge has moved when it is seen
_LONGEST = 40  # pixels of one row that change at once
_HIT = 0.9  # of these pixels, the share that fires
_NOISE = 0.05  # events out of nowhere, as a share of all rows seen


class Event(NamedTuple):
    """One change of brightness: when (microseconds), where (pixels), ON (1) or OFF (0)."""

    t: int
    x: int
    y: int
    p: int


in_sensor_order = itemgetter(0, 2, 3, 1)  # by time, then row by row: t, y, p, x


@dataclass(frozen=True, slots=True)
class Fan:
    """A fan before a camera of `width` times `height` pixels, with `rate` events a second."""

    seed: int
    width: int
    height: int
    rate: int

    def __post_init__(self) -> None:
        for pixels in (self.width, self.height):
            if not _SMALLEST <= pixels <= _LARGEST:
                raise ValueError(f"width and height are {_SMALLEST} to {_LARGEST}, not {pixels}")
        if self.rate < _SLOWEST:
            raise ValueError(f"rate is {_SLOWEST} events a second at least, not {self.rate}")

    def events(self) -> Iterator[Event]:
        """Yield the events of one turn after the other; there is no last one."""
        for number in count():
            shift = number // SLICES * TURN
            for t, x, y, p in self.slice(number % SLICES):
                yield Event(t + shift, x, y, p)

    def slice(self, place: int) -> list[Event]:
        """Return the events of one slice of the first turn; all other turns repeat it."""
        random = Random(f"{self.seed}/{place}")  # noqa: S311 (a fan, not a secret)
        wanted = round(self.rate * SLICE / 1_000_000)
        found: set[Event] = set()
        for _ in range(wanted):  # each look finds one at least, unless it was found before
            if len(found) == wanted:
                break
            t = place * SLICE + int(random.random() * SLICE)
            seen = self._noise(random, t) if random.random() < _NOISE else self._edge(random, t)
            found.update(seen[: wanted - len(found)])
        return sorted(found, key=in_sensor_order)

    def _noise(self, random: Random, t: int) -> list[Event]:
        x, y = int(random.random() * self.width), int(random.random() * self.height)
        return [Event(t, x, y, int(random.random() * 2))]

    def _edge(self, random: Random, t: int) -> list[Event]:
        """Return what one row sees of one edge: the pixels that it passed since the last look."""
        polarity, offset = _EDGES[int(random.random() * len(_EDGES))]
        reach = math.sqrt(0.03 + 0.97 * random.random())  # even over the area, but for the hub
        angle = math.tau * (t / TURN + offset - _SWEEP * reach)
        radius = 0.47 * min(self.width, self.height) * reach
        sine = math.sin(angle)
        first = int(self.width / 2 + radius * math.cos(angle))
        y = int(self.height / 2 + radius * sine)
        passed = 1 + radius * _READOUT * math.tau / max(abs(sine), 0.02)
        stop = min(first + int(min(passed, _LONGEST)), self.width)
        rest = [x for x in range(first + 1, stop) if random.random() < _HIT]
        return [Event(t, x, y, polarity) for x in (first, *rest)]
