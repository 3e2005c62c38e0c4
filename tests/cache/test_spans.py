"""Spans of a file: what is held, and what is missing."""

import pytest

from evio_data._cache import spans


@pytest.mark.parametrize(
    ("given", "total", "merged", "missing", "front", "count"),
    [
        ([], 10, [], [(0, 10)], 0, 0),
        ([], 0, [], [], 0, 0),
        ([(0, 10)], 10, [(0, 10)], [], 10, 10),
        ([(5, 8), (0, 5)], 10, [(0, 8)], [(8, 10)], 8, 8),
        ([(0, 6), (4, 8)], 10, [(0, 8)], [(8, 10)], 8, 8),
        ([(2, 4), (6, 8)], 10, [(2, 4), (6, 8)], [(0, 2), (4, 6), (8, 10)], 0, 4),
        ([(3, 3)], 5, [], [(0, 5)], 0, 0),
        ([(0, 20)], 10, [(0, 20)], [], 20, 20),
        ([(12, 20)], 10, [(12, 20)], [(0, 10)], 0, 8),
    ],
)
def test_spans(
    given: list[spans.Span],
    total: int,
    merged: list[spans.Span],
    missing: list[spans.Span],
    front: int,
    count: int,
) -> None:
    """What is held, what is missing, and what can be read from the front agree with each other."""
    assert spans.merge(given) == merged
    assert spans.gaps(given, total) == missing
    assert spans.held_front(given) == front
    assert spans.count(spans.merge(given)) == count
