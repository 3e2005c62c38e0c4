"""kill -9 in mid-download, again and again, and a clean run at the end."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from evio_data._cache.partial import Partial
from evio_data._cache.source_key import source_key
from evio_data.testing import DriveFile

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
KILLS = 8
AGAIN = 8 * MIB  # bytes that one kill may cost
PIECE = 4096
DATA = random.Random(9).randbytes(48 * MIB)
SHORTER = DATA[:1000]  # what differs would be noticed by that
PREFETCH = "import sys, evio_data; evio_data.prefetch([sys.argv[1]], concurrency=int(sys.argv[2]))"


def right_on_disk(drive: Drive) -> int:
    """Return how many bytes of the file are right in its partial, counted in pieces."""
    parts = [path.read_bytes() for path in drive.state("fan.raw").glob("*.part")]
    starts = range(0, len(DATA), PIECE)
    return sum(
        PIECE for part in parts for at in starts if part[at : at + PIECE] == DATA[at : at + PIECE]
    )


def counted_by_the_next(drive: Drive, file: DriveFile) -> int:
    """Return how many of them the next process counts as received."""
    partial = Partial(drive.state("fan.raw"), source=source_key(file.url))
    partial.open()
    partial.close()
    return partial.resumed


def run_and_kill(drive: Drive, file: DriveFile, connections: int, seconds: float) -> None:
    """Kill a process (-9) some time after the first byte has been sent to it."""
    before = drive.server.sent(file)
    process = drive.spawn(PREFETCH, "fan.raw", str(connections))
    while drive.server.sent(file) == before:
        assert process.poll() is None
        time.sleep(0.001)
    time.sleep(seconds)
    process.kill()
    process.communicate()


@pytest.mark.parametrize("connections", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_killed_again_and_again(drive: Drive, connections: int) -> None:
    """After kill on kill the file is right, each cost 8 MiB at most, and none has left litter."""
    file = drive.add("fan.raw", DATA, large=True, rate=3.5e6 / connections)
    dice, costs = random.Random(connections), []
    for number in range(KILLS):
        long_enough_to_split = 1.5 if number == 0 else 0.0
        run_and_kill(drive, file, connections, dice.uniform(0.01, 0.5) + long_enough_to_split)
        costs.append(right_on_disk(drive) - counted_by_the_next(drive, file))
    assert max(costs) <= AGAIN
    ranges = {request.range for request in drive.server.requests if request.kind == "data"}
    assert (max(map(first, ranges)) > 24 * MIB) is (connections > 1), "it was, or was not, split"
    there = right_on_disk(drive)
    assert MIB < there < len(DATA)
    file.rate = None
    drive.server.forget()
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) <= len(DATA) - there + AGAIN
    assert drive.left("fan.raw") == []


def test_killed_and_replaced_by_a_shorter_version(
    drive: Drive, killed_at: Callable[[DriveFile, int], object]
) -> None:
    """Nothing of a longer version that a killed process was receiving is left in the file."""
    file = drive.add("fan.raw", DATA[:MIB], pinned=False, rate=MIB)
    killed_at(file, 3 * MIB // 4)
    assert drive.part("fan.raw").stat().st_size > len(SHORTER)
    file.replace(SHORTER)
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == SHORTER


def test_killed_before_its_length_was_known(
    drive: Drive, killed_at: Callable[[DriveFile, int], object]
) -> None:
    """A version of unknown length leaves nothing either in the shorter one after it."""
    file = drive.add("fan.raw", DATA[: 4 * MIB], pinned=False, rate=2 * MIB, ranges="ignore")
    file.length = "chunked"
    killed_at(file, 5 * MIB // 2)
    assert list(drive.state("fan.raw").glob("*.journal"))
    file.replace(SHORTER)
    file.length = "exact"
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == SHORTER


def first(asked: str | None) -> int:
    """Return the first byte that a range asks for."""
    return int((asked or "bytes=0-")[6:].partition("-")[0])
