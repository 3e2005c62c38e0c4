"""Merge ranges of bytes, and find the gaps between them."""

from collections.abc import Iterable

Span = tuple[int, int]  # [start, stop) in bytes


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
