"""Threads that cannot start: what they would have done is done all the same."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from evio_data._threads import mapped, started

if TYPE_CHECKING:
    from tests.conftest import Drive

NONE_LEFT = """
import resource, sys, threading
import evio_data._cli.main, evio_data._cli.verify, evio_data._cache.sync
from evio_data._threads import started
size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 6 * 2**20, resource.RLIM_INFINITY))
assert started(print) is None
"""
SYNC = (
    NONE_LEFT
    + """
from pathlib import Path
sync = evio_data._cache.sync.Sync(Path(sys.argv[1]), [[0, 6]])
sync.wait()
print(sync.is_over(), sync.held)
"""
)
VERIFY = (
    NONE_LEFT
    + """
evio_data._cli.main.main(["verify"])
"""
)
at_a_limit = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="it reads /proc")


def test_a_thread_starts() -> None:
    """Where threads can start, the work is done beside."""
    done: list[int] = []
    thread = started(lambda: done.append(1))
    assert thread is not None
    thread.join()
    assert done == [1]


@at_a_limit
def test_a_flush_without_a_thread(drive: Drive) -> None:
    """What was received is on the disk, thread or not."""
    path = drive.registry.with_name("part")
    path.write_bytes(b"events")
    assert drive.run(SYNC, str(path)) == "True [[0, 6]]\n"


@at_a_limit
def test_verify_without_a_thread(drive: Drive) -> None:
    """A check hashes in place."""
    drive.add("fan.raw", b"events")
    drive.fetch_elsewhere("fan.raw")
    assert "1 file right" in drive.run(VERIFY)


def test_results_are_in_order() -> None:
    """What came of each item is in the order of the items, whoever did it."""
    assert mapped(lambda n: n * n, range(50), threads=4) == [n * n for n in range(50)]
    assert mapped(str, [], threads=4) == []


def test_the_first_exception_ends_the_work() -> None:
    """What has not begun is not begun any more, and the exception is raised."""
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        raise LookupError(number)

    with pytest.raises(LookupError):
        mapped(work, range(1000), threads=2)
    assert len(begun) <= 2
