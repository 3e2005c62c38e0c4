"""Which connection receives which part of one version."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evio_data._cache.partial import Partial
from evio_data._transfer.segments import LEAST_SHARE, Segment, SegmentPlan

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOTAL = 40 * LEAST_SHARE


@pytest.fixture
def plan(tmp_path: Path) -> Iterator[SegmentPlan]:
    """Return the plan of an empty partial."""
    partial = Partial(tmp_path)
    partial.open()
    yield SegmentPlan(partial)
    partial.close()


def claimed(plan: SegmentPlan) -> Segment:
    """Return a segment that is free."""
    segment = plan.claim(TOTAL, ranged=True)
    assert segment is not None
    return segment


def test_the_first_takes_all(plan: SegmentPlan) -> None:
    """One connection takes the whole file, and then nothing is free."""
    first = claimed(plan)
    assert (first.position, first.stop) == (0, TOTAL)
    assert plan.claim(TOTAL, ranged=True) is None


def test_of_unknown_length_one_takes_all(plan: SegmentPlan) -> None:
    """Without a length, or without ranges, there is one connection."""
    assert plan.claim(None, ranged=True) is not None
    assert plan.claim(None, ranged=True) is None
    assert plan.claim(TOTAL, ranged=False) is None


def test_a_split_takes_the_end(plan: SegmentPlan) -> None:
    """A split leaves a share to whoever receives, and takes what is behind it."""
    first = claimed(plan)
    second = plan.split(TOTAL, TOTAL / 4)
    assert second is not None
    assert (first.stop, second.position, second.stop) == (TOTAL // 4, TOTAL // 4, TOTAL)


def test_little_is_not_split(plan: SegmentPlan) -> None:
    """A rest of two least shares is not worth a request."""
    first = claimed(plan)
    first.span[1] = TOTAL - LEAST_SHARE
    assert plan.split(TOTAL, 0) is None


def test_a_share_that_brought_nothing_goes_back(plan: SegmentPlan) -> None:
    """Whoever receives the part before it goes on to its end, and no other one is tried."""
    first = claimed(plan)
    second = plan.split(TOTAL, TOTAL / 2)
    assert second is not None
    plan.give_back(second)
    plan.leave(second)
    assert (first.stop, second.given_up) == (TOTAL, True)
    assert plan.split(TOTAL, TOTAL / 4) is None
    assert plan.claim(TOTAL, ranged=True) is None


def test_a_share_that_brought_some_stays_a_gap(plan: SegmentPlan) -> None:
    """Bytes that were paid for are not received again: the gap behind them comes last, alone."""
    first = claimed(plan)
    second = plan.split(TOTAL, TOTAL / 2)
    assert second is not None
    second.span[1] += LEAST_SHARE
    plan.give_back(second)
    plan.leave(second)
    assert first.stop == TOTAL // 2
    assert plan.claim(TOTAL, ranged=True) is None
    first.span[1] = TOTAL // 2
    plan.leave(first)
    rest = claimed(plan)
    assert (rest.position, rest.stop) == (TOTAL // 2 + LEAST_SHARE, TOTAL)


def test_one_that_waits_comes_back_as_it_was(plan: SegmentPlan) -> None:
    """A segment that is tried again later is nobody else's, and keeps its count of failures."""
    first = claimed(plan)
    first.failures = 2
    first.retry_at = 0.0
    assert plan.leave(first) == 0
    assert plan.waiting == [first]
    assert claimed(plan) is first
    assert first.failures == 2
    assert plan.waiting == []


def test_others_receive_only_with_a_body(plan: SegmentPlan) -> None:
    """A connection that waits for an answer does not count as receiving."""
    first = claimed(plan)
    second = plan.split(TOTAL, TOTAL / 2)
    assert second is not None
    assert not plan.others_receive(second)
    first.is_receiving = True
    assert plan.others_receive(second)
    assert not plan.others_receive(first)
