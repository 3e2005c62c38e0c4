"""Small files in a run of several: in memory, with one request each, and no byte unchecked."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from evio_data._transfer.small import SMALL
from tests.conftest import noise

if TYPE_CHECKING:
    from evio_data.testing import DriveFile
    from tests.conftest import Drive

DATA = noise(9000)


def several(drive: Drive, *, pinned: bool = True, **options: Any) -> DriveFile:
    """Serve a file with some options among others without."""
    file = drive.add("odd.raw", DATA, pinned=pinned, **options)
    for number in range(3):
        drive.add(f"{number}.raw", noise(5000, number))
    return file


def test_one_request_each(drive: Drive) -> None:
    """A small file costs one request for its data, and leaves nothing beside its stamp."""
    file = several(drive)
    report = evio_data.prefetch()
    assert report.ok
    assert (report[0].status, report[0].received, report[0].hash) == ("fetched", 9000, file.sha256)
    assert len(drive.starts(file)) == 1
    assert drive.left("odd.raw") == []
    assert (drive.cache / "odd.raw").read_bytes() == DATA


@pytest.mark.parametrize("size", [0, 1, SMALL - 1, SMALL, SMALL + 1])
def test_sizes_around_the_border(drive: Drive, size: int) -> None:
    """What is just too large for memory goes on with the answer that came."""
    file = drive.add("a.raw", noise(size))
    drive.add("b.raw", noise(10, 2))
    assert evio_data.prefetch().ok
    assert (drive.cache / "a.raw").read_bytes() == noise(size)
    assert len(drive.starts(file)) <= 1


ODD: dict[str, dict[str, Any]] = {
    "cut": {"cut_after": 5000, "cut_times": 2},
    "cut when it ends": {"cut_after": 4000, "cut_how": "close", "cut_times": 1},
    "busy": {"errors": [503], "retry_after": "0"},
    "no length": {"length": "absent"},
    "chunked": {"length": "chunked"},
    "wrong byte once": {"garble": "flip", "garble_times": 1},
    "compressed": {"compress": "gzip"},
    "no ranges": {"ranges": "ignore"},
    "large page first": {"large": True},
}


@pytest.mark.parametrize("options", ODD.values(), ids=ODD.keys())
def test_odd(drive: Drive, options: dict[str, Any]) -> None:
    """Whatever is odd about the first answer, the right file is published."""
    several(drive, **options)
    assert evio_data.prefetch().ok
    assert (drive.cache / "odd.raw").read_bytes() == DATA


def test_wrong_bytes_are_never_published(drive: Drive) -> None:
    """A small file with another hash than the published one is an error, and is not there."""
    several(drive, garble="flip")
    report = evio_data.prefetch()
    assert [outcome.name for outcome in report.failed] == ["odd.raw"]
    assert isinstance(report[0].error, errors.ChecksumError)
    assert not (drive.cache / "odd.raw").exists()


def test_without_a_hash_it_is_pinned(drive: Drive) -> None:
    """Without a published hash a small file is pinned as any other."""
    several(drive, pinned=False)
    report = evio_data.prefetch()
    assert report.ok
    assert report[0].first_use


def test_it_goes_on_from_what_is_there(drive: Drive) -> None:
    """Where an earlier run has left bytes, they count."""
    os.environ["EVIO_DATA_RETRIES"] = "0"
    file = several(drive, cut_after=6000)
    (outcome,) = evio_data.prefetch(["odd.raw"])
    assert not outcome.path or outcome.resumed
    file.cut_after = None
    report = evio_data.prefetch()
    assert report.ok
    assert (drive.cache / "odd.raw").read_bytes() == DATA
