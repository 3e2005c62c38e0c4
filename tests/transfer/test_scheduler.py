"""Which work a connection does next: the largest file, a share of a running one, or none."""

from __future__ import annotations

import itertools
import time
from typing import TYPE_CHECKING

import evio_data
from tests.transfer.conftest import LARGE, MIB, RATE

if TYPE_CHECKING:
    from tests.conftest import Drive


def most_at_once(drive: Drive) -> int:
    """Return how many answers with data were under way at once."""
    events = []
    for record in drive.server.requests:
        if record.kind == "data":
            events += [(record.started, 1), (record.ended or time.monotonic(), -1)]
    return max(itertools.accumulate(step for _, step in sorted(events)))


def test_one_large_file_is_split(drive: Drive) -> None:
    """Idle connections take over parts of one large file, and no byte is sent twice for that."""
    file = drive.add("fan.raw", LARGE, rate=RATE)
    assert evio_data.fetch("fan.raw").read_bytes() == LARGE
    assert most_at_once(drive) == 3
    assert drive.server.sent(file) <= len(LARGE) + 3 * MIB  # what a cut range had under way


def test_split_once_gains_nothing(drive: Drive) -> None:
    """Where two further connections bring nothing, no fourth one is tried."""
    drive.server.rate = RATE
    file = drive.add("fan.raw", LARGE[: 12 * MIB])
    evio_data.prefetch(concurrency=8)
    assert len(drive.starts(file)) <= 3


def test_fast_line_is_not_split(drive: Drive) -> None:
    """What one connection brings in a moment is left to it."""
    file = drive.add("fan.raw", LARGE)
    evio_data.prefetch(concurrency=8)
    assert drive.starts(file) == [0]


def test_no_ranges_no_split(drive: Drive) -> None:
    """A server that does not honour ranges is asked for a file once."""
    file = drive.add("fan.raw", LARGE[: 8 * MIB], rate=RATE, ranges="ignore")
    evio_data.prefetch(concurrency=4)
    assert drive.starts(file) == [0]


def test_largest_first(drive: Drive) -> None:
    """Files of known size are begun in the order of their size."""
    sizes = {"small": 1000, "large": 300_000, "middle": 50_000}
    for name, size in sizes.items():
        drive.add(f"{name}.raw", LARGE[:size], size=True)
    evio_data.prefetch(concurrency=1)
    asked = [drive.server.items[str(r.file_id)].name for r in drive.server.requests]
    assert list(dict.fromkeys(asked)) == ["large.raw", "middle.raw", "small.raw"]


def test_small_files_share_connections(drive: Drive) -> None:
    """Many small files cost one request each, over as many connections as were asked for."""
    for number in range(60):
        drive.add(f"{number}.raw", LARGE[number : number + 1000])
    assert evio_data.prefetch(concurrency=3).ok
    assert len(drive.server.requests) == 60
    assert len({request.client_port for request in drive.server.requests}) <= 3
