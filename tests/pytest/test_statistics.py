"""Figures of several processes are added up without counting a file twice."""

from __future__ import annotations

from evio_data._pytest.statistics import SessionStatistics


def test_one_file_counts_once() -> None:
    """Of a file that several workers needed, the best that any of them says counts."""
    tally = SessionStatistics()
    for fate, received in (("fetched", 100), ("fetched", 100), ("present", 0)):
        other = SessionStatistics()
        other.note("/cache/a", fate, received)  # type: ignore[arg-type]
        tally.merge(other.data())
    figures = tally.figures()
    assert (figures["files"], figures["fetched"], figures["bytes"]) == (1, 1, 100)


def test_seconds_and_skips() -> None:
    """Workers waited at the same time, but skipped each their own tests."""
    tally, other = SessionStatistics(), SessionStatistics()
    tally.seconds, other.seconds = 1.5, 2.5
    tally.skipped, other.skipped = 1, 2
    tally.merge(other.data())
    assert (tally.seconds, tally.skipped) == (2.5, 3)


def test_a_later_success_counts() -> None:
    """What was unfinished or failed at first, and came after all, has come."""
    tally = SessionStatistics()
    for fate in ("unfinished", "failed", "fetched", "failed"):
        tally.note("/cache/a", fate, 1)
    assert tally.files == {"/cache/a": ("fetched", 1)}


def test_what_is_unfinished_is_said() -> None:
    """A run that was cut short says what has not come."""
    tally = SessionStatistics()
    tally.note("/cache/a", "unfinished", 0)
    assert "0 unavailable, 1 unfinished (what arrived is kept); 0 tests skipped" in tally.line()
