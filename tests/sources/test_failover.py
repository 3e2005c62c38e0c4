"""The order in which the sources of a file are tried, and the error that is told in the end."""

from __future__ import annotations

from typing import cast

import pytest

from evio_data._sources.base import Source, TooSlowError
from evio_data._sources.failover import Failover
from evio_data.errors import CacheError, DownloadError, QuotaExceededError


class Place:
    """A source of which only the name matters."""

    def __init__(self, label: str) -> None:
        self.label = label


A, B, C = (cast("Source", Place(label)) for label in "ABC")


def failover(*sources: Source) -> Failover:
    """Return one that tells nobody what it does."""
    return Failover(sources, retries=3, say=lambda _: None)


def refused(status: int) -> DownloadError:
    """Return the error for an answer of that status."""
    error = DownloadError("no.")
    error.status = status
    return error


def test_one_after_the_other() -> None:
    """Each source has its turn; the last one's error ends it."""
    tried = failover(A, B)
    assert tried.current is A
    tried.next_after(A, refused(404))
    assert tried.current is B
    with pytest.raises(DownloadError, match="the last"):
        tried.next_after(B, DownloadError("the last."))


def test_what_drive_said_is_told() -> None:
    """A refusal of Drive's says more than what a mirror says after it."""
    tried = failover(A, B)
    tried.next_after(A, QuotaExceededError("used up."))
    with pytest.raises(QuotaExceededError):
        tried.next_after(B, refused(404))


def test_a_disk_is_the_same_for_all() -> None:
    """No other source helps against a fault of the disk."""
    tried = failover(A, B)
    with pytest.raises(CacheError):
        tried.next_after(A, CacheError("full."))
    assert tried.current is A


def test_another_connection_was_first() -> None:
    """Two connections that fail at one source give up that one only."""
    tried = failover(A, B, C)
    tried.next_after(A, refused(404))
    tried.next_after(A, refused(404))
    assert tried.current is B


def test_slow_is_better_than_nothing() -> None:
    """Whoever is too slow is tried again after the others."""
    tried = failover(A, B)
    tried.next_after(A, TooSlowError("slow."))
    tried.next_after(B, refused(404))
    assert tried.current is A


@pytest.mark.parametrize(("status", "again"), [(501, True), (405, True), (404, False)])
def test_a_range_may_have_been_refused(status: int, *, again: bool) -> None:
    """A status that servers have for ranges is worth a second try after the others, no third."""
    tried = failover(A, B)
    tried.next_after(A, refused(status))
    if not again:
        with pytest.raises(DownloadError):
            tried.next_after(B, refused(404))
        return
    tried.next_after(B, refused(404))
    assert tried.current is A
    with pytest.raises(DownloadError):
        tried.next_after(A, refused(status))


def test_patience_is_for_the_last() -> None:
    """While there is another source, one retry is enough."""
    tried = failover(A, B)
    assert tried.patience == 1
    tried.next_after(A, refused(404))
    assert tried.patience == 3


def test_wrong_bytes() -> None:
    """A source with wrong bytes is left for the next one, if there is one."""
    tried = failover(A, B)
    tried.drop_range()
    assert tried.discard_current()
    assert tried.current is B
    assert tried.ranged
    assert not tried.discard_current()
