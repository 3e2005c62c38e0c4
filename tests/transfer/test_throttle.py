"""When to try again, and over how many connections."""

from __future__ import annotations

import random

from evio_data._transfer.throttle import FIRST_WAIT, MAX_WAIT, ConnectionLimit, backoff, busy_wait
from evio_data.testing import patience


def test_limit_counts_one_refusal_a_pause() -> None:
    """Connections that are refused together pause once; each lowers the number, to one at least."""
    limit = ConnectionLimit(5)
    with patience(1):
        assert limit.on_busy(None, 4) == limit.on_busy(None, 4) == 5.0
    assert limit.limit == 3
    for _ in range(9):
        limit.on_busy(None, 1)
    assert limit.limit == 1
    assert not limit.allows(0)


def test_limit_believes_the_server() -> None:
    """The server's own wish decides the pause, and the number of connections shrinks."""
    limit = ConnectionLimit(3)
    assert limit.on_busy(7.0, 2) == 7.0
    assert limit.limit == 2


def test_limit_is_not_talked_out_of_waiting() -> None:
    """Whoever refuses and asks for no pause at all gets one that grows, all the same."""
    with patience(1):
        assert [busy_wait(refusals, 0.0) for refusals in (1, 2, 3)] == [0.5, 1.5, 4.5]
        assert busy_wait(99, 0.0) == busy_wait(99, None) == 300.0


def test_backoff_grows_to_a_bound() -> None:
    """Waits double with each attempt that brings nothing, vary by a quarter, and have an end."""
    with patience(1):
        assert backoff(0) < FIRST_WAIT / 2
        for failures, seconds in ((1, FIRST_WAIT), (2, 2 * FIRST_WAIT), (50, MAX_WAIT)):
            assert 0.75 * seconds <= backoff(failures) <= 1.25 * seconds


def test_a_callers_seed_is_its_own() -> None:
    """Whoever has seeded `random` gets the same numbers, whatever went wrong in between."""
    before = random.getstate()
    backoff(1)
    assert random.getstate() == before
