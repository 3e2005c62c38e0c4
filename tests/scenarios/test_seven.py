"""The seven scenarios in which downloaders differ, with real processes and real sockets."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Callable
from email.utils import formatdate
from typing import TYPE_CHECKING

import pytest

from evio_data.testing import DriveFile

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
SIZE = 24 * MIB
STEP = 8 * MIB  # what may be fetched again after a kill
DATA = random.Random(7).randbytes(SIZE)
# One connection: a split would let a cut range's last bytes be sent for nothing.
FETCH = """
import sys, evio_data
(outcome,) = evio_data.prefetch([sys.argv[1]], concurrency=1)
if outcome.error:
    raise outcome.error
print(outcome.path)
"""

Kill = Callable[[DriveFile, int], subprocess.Popen[str]]


def test_killed_at_a_third(drive: Drive, killed_at: Kill) -> None:
    """After kill -9 at a third, the next process fetches the rest and at most one step again."""
    file = drive.add("fan.raw", DATA, large=True, rate=60e6)
    killed_at(file, SIZE // 3)
    on_disk = drive.part("fan.raw").stat().st_size
    drive.server.forget()
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) <= SIZE - on_disk + STEP
    assert drive.left("fan.raw") == []


def test_killed_and_no_ranges(drive: Drive, killed_at: Kill) -> None:
    """Where the server answers the range with the whole file, the file is right all the same."""
    file = drive.add("fan.raw", DATA, large=True, rate=60e6)
    killed_at(file, SIZE // 3)
    file.ranges = "ignore"
    drive.server.forget()
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == SIZE
    assert drive.left("fan.raw") == []


@pytest.mark.parametrize("pinned", [True, False])
def test_killed_and_changed(drive: Drive, killed_at: Kill, pinned: bool) -> None:
    """Old and new bytes are never spliced: it is the whole new file, or an error and no file."""
    file = drive.add("fan.raw", DATA, large=True, rate=60e6, pinned=pinned)
    killed_at(file, SIZE // 3)
    new = random.Random(8).randbytes(SIZE)
    file.replace(new)
    with drive.spawn(FETCH, "fan.raw") as process:
        _, complaint = process.communicate(timeout=60)
    if pinned:
        assert "evio_data.errors.ChecksumError: fan.raw" in complaint
        assert not drive.path("fan.raw").exists()
        assert drive.left("fan.raw") == []
    else:
        assert process.returncode == 0
        assert drive.path("fan.raw").read_bytes() == new


def test_killed_and_grown(drive: Drive, killed_at: Kill) -> None:
    """A file of another size than the registered one is refused before the rest is fetched."""
    file = drive.add("fan.raw", DATA, large=True, rate=60e6, size=True)
    killed_at(file, SIZE // 3)
    file.replace(DATA + b"more")
    drive.server.forget()
    with drive.spawn(FETCH, "fan.raw") as process:
        _, complaint = process.communicate(timeout=60)
    assert f"has {SIZE + 4:,} bytes at the source, {SIZE:,} in the registry" in complaint
    assert drive.server.sent(file) < STEP


def test_body_cut_short(drive: Drive) -> None:
    """A cut body is gone on with at the next byte."""
    file = drive.add("fan.raw", DATA, large=True, cut_after=SIZE // 3, cut_how="close", cut_times=1)
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == SIZE


@pytest.mark.parametrize("how", ["seconds", "date"])
def test_429(drive: Drive, how: str) -> None:
    """A 429 is waited out for as long as its ``Retry-After`` says, in either notation."""
    until = int(time.time()) + 2
    wish = "1" if how == "seconds" else formatdate(until, usegmt=True)
    file = drive.add("fan.raw", DATA, errors=[429], retry_after=wish)
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    refused, answered = (r for r in drive.server.requests if r.file_id == file.id)
    assert (refused.status, answered.status) == (429, 206)
    if how == "seconds":
        assert answered.started - refused.started >= 1
    else:
        assert answered.started + time.time() - time.monotonic() >= until - 0.1


def test_503_twice(drive: Drive) -> None:
    """Two 503 are two more attempts."""
    file = drive.add("fan.raw", DATA, errors=[503, 503])
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) == SIZE


def test_four_processes(drive: Drive) -> None:
    """Four processes that want one file fetch it once, and return when all of it is there."""
    file = drive.add("fan.raw", DATA, large=True, rate=30e6)
    check = FETCH + "import os; print(os.stat(outcome.path).st_size)"
    processes = [drive.spawn(check, "fan.raw") for _ in range(4)]
    answers = [process.communicate(timeout=60)[0] for process in processes]
    assert answers == [f"{drive.path('fan.raw')}\n{SIZE}\n"] * 4
    assert drive.server.sent(file) == SIZE
    assert drive.path("fan.raw").read_bytes() == DATA
    assert drive.names_in(drive.state("fan.raw")) == ["stamp"]
