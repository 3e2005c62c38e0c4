"""A schedule that fails in, the smallest part of it that still fails out."""

from __future__ import annotations

from collections.abc import Callable

from ._play import Result, play
from ._schedule import Schedule

TRIES = 3  # of each smaller schedule: the interleaving is not in our hands


def shrink(schedule: Schedule, say: Callable[[str], None]) -> tuple[frozenset[int], Result | None]:
    """Drop events one by one while it still fails; return those, and the last failure."""
    dropped: frozenset[int] = frozenset()
    last: Result | None = None
    for event in schedule.events:
        fewer = dropped | {event.number}
        failed = fails(schedule.without(fewer))
        if failed is not None:
            dropped, last = fewer, failed
            say(f"  still fails without {event.describe()}")
    return dropped, last


def fails(schedule: Schedule, tries: int = TRIES) -> Result | None:
    """Return the first failure in so many tries, or None."""
    results = (play(schedule) for _ in range(tries))
    return next((result for result in results if result.failures), None)
