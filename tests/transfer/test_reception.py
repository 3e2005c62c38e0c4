"""The bytes of one answer, on their way to the disk."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from tests.transfer.conftest import DATA, MIB

if TYPE_CHECKING:
    from tests.conftest import Drive


@pytest.mark.parametrize("how", ["reset", "close"])
def test_line_that_always_cuts(drive: Drive, how: str) -> None:
    """A line that cuts every answer still finishes: only attempts that bring nothing count."""
    os.environ["EVIO_DATA_RETRIES"] = "0"
    file = drive.add("fan.raw", DATA, cut_after=MIB // 2, cut_how=how)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) < 1.2 * len(DATA)


def test_stalled_line(drive: Drive) -> None:
    """A line that falls silent is left after the time-out, and the download goes on behind it."""
    os.environ["EVIO_DATA_TIMEOUT"] = "0.3"
    file = drive.add("fan.raw", DATA, stall_after=MIB, stall_times=2)
    (outcome,) = evio_data.prefetch(concurrency=1)
    assert outcome.path is not None
    assert outcome.path.read_bytes() == DATA
    assert sum(start > 0 for start in drive.starts(file)) == 2


def test_endless_body_with_known_size(drive: Drive) -> None:
    """Of a body that does not end, no more is taken than the file has."""
    file = drive.add("fan.raw", DATA, size=True, endless=True, length="absent", ranges="ignore")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) < 20 * MIB


def test_no_length_and_no_ranges_need_a_hash(drive: Drive) -> None:
    """Where neither length nor range nor hash tells a cut from the end, nothing is pinned."""
    drive.add("fan.raw", DATA, pinned=False, length="absent", ranges="ignore")
    with pytest.raises(errors.DownloadError, match="a cut cannot be told from the end"):
        evio_data.fetch("fan.raw")


def mounted(folder: Path, size: str) -> Path:
    """Mount a small disk, or skip the test where that needs rights that are missing."""
    folder.mkdir()
    if os.system(f"mount -t tmpfs -o size={size} tmpfs '{folder}' 2>/dev/null"):
        pytest.skip("a small disk can be mounted by root only")
    return folder


def test_disk_full_on_the_way(drive: Drive, tmp_path: Path) -> None:
    """A full disk is a typed error that keeps what arrived; with space, a later run resumes it."""
    disk = mounted(tmp_path / "disk", "2m")
    os.environ["EVIO_DATA_DIR"] = str(disk)
    try:
        file = drive.add("fan.raw", DATA, length="chunked", ranges="ignore")
        with pytest.raises(errors.CacheError, match="the disk is full") as caught:
            evio_data.fetch("fan.raw")
        assert caught.value.received > MIB
        os.system(f"mount -o remount,size=20m '{disk}'")
        file.ranges = "honour"
        drive.server.forget()
        assert evio_data.fetch("fan.raw").read_bytes() == DATA
        assert drive.server.sent(file) < len(DATA) - MIB
    finally:
        os.system(f"umount '{disk}'")
