"""The four functions, as people call them."""

from __future__ import annotations

import logging
import os
import pickle
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors

if TYPE_CHECKING:
    from tests.conftest import Drive

DATA = random.Random(3).randbytes(300_000)


def test_fetch_by_key_and_by_basename(drive: Drive) -> None:
    """A registry key and an unambiguous basename mean the same file."""
    drive.add("fan/fan.raw", DATA)
    path = evio_data.fetch("fan/fan.raw")
    assert path == evio_data.fetch("fan.raw") == drive.path("fan/fan.raw")
    assert isinstance(path, Path)


def test_fetch_ambiguous(drive: Drive) -> None:
    """A basename that two keys have is an error that names both."""
    drive.add("a/events.raw", DATA)
    drive.add("b/events.raw", DATA)
    with pytest.raises(errors.UnknownDatasetError) as caught:
        evio_data.fetch("events.raw")
    assert caught.value.candidates == ("a/events.raw", "b/events.raw")


def test_fetch_misspelt(drive: Drive) -> None:
    """A misspelt name is an error that knows the nearest one, and asks no server."""
    drive.add("fan/fan_const.raw", DATA)
    with pytest.raises(errors.UnknownDatasetError, match=r"fan/fan_const\.raw"):
        evio_data.fetch("fan_cnst.raw")
    assert drive.server.requests == []


def test_second_fetch_asks_nobody(drive: Drive) -> None:
    """The second fetch of a file sends no request."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    drive.server.forget()
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.requests == []


def test_environment_is_read_at_each_call(drive: Drive, tmp_path: Path) -> None:
    """Another cache in the environment holds from the next call on."""
    drive.add("fan.raw", DATA)
    first = evio_data.fetch("fan.raw")
    os.environ["EVIO_DATA_DIR"] = str(tmp_path / "another")
    assert evio_data.fetch("fan.raw") == tmp_path / "another" / "fan.raw" != first


def test_pinned_on_first_use_is_told_once(drive: Drive, caplog: pytest.LogCaptureFixture) -> None:
    """The first download of an unpinned file tells its hash, and only that one does."""
    file = drive.add("fan.raw", DATA, pinned=False)
    evio_data.fetch("fan.raw")
    assert [r.levelno for r in caplog.records if file.sha256 in r.message] == [logging.WARNING]
    caplog.clear()
    evio_data.fetch("fan.raw")
    evio_data.fetch("fan.raw", verify=True)
    assert caplog.records == []


def test_offline(drive: Drive) -> None:
    """Offline, a cached file is served, a missing one is an error, and nothing is asked."""
    drive.add("a.raw", DATA)
    drive.add("b.raw", DATA)
    evio_data.fetch("a.raw")
    drive.server.forget()
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    assert evio_data.fetch("a.raw").read_bytes() == DATA
    assert evio_data.fetch("a.raw", verify=True).read_bytes() == DATA
    with pytest.raises(errors.OfflineError, match=r"^b\.raw: "):
        evio_data.fetch("b.raw")
    assert [outcome.status for outcome in evio_data.prefetch()] == ["present", "failed"]
    assert drive.server.requests == []


def test_offline_and_damaged(drive: Drive) -> None:
    """Offline, a damaged file is an error, and stays where it is."""
    drive.add("fan.raw", DATA)
    path = evio_data.fetch("fan.raw")
    path.write_bytes(b"damaged")
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    with pytest.raises(errors.ChecksumError, match="still there"):
        evio_data.fetch("fan.raw")
    assert path.read_bytes() == b"damaged"


def test_names(drive: Drive) -> None:
    """Names and globs select registry keys, in registry order."""
    for name in ("b/x.raw", "a/y.raw", "a/z.dat"):
        drive.add(name, DATA)
    assert evio_data.names() == ["b/x.raw", "a/y.raw", "a/z.dat"]
    assert evio_data.names("*.raw") == ["b/x.raw", "a/y.raw"]
    assert evio_data.names("a/*") == ["a/y.raw", "a/z.dat"]
    with pytest.raises(errors.UnknownDatasetError):
        evio_data.names("*.hdf5")


def test_prefetch_reports_each_file(drive: Drive) -> None:
    """Prefetch has each file's outcome in registry order, and raises for none."""
    drive.add("a.raw", DATA)
    drive.add("b.raw", DATA, refuse="not-found")
    drive.add("c.raw", DATA)
    evio_data.fetch("c.raw")
    report = evio_data.prefetch()
    assert [outcome.status for outcome in report] == ["fetched", "failed", "present"]
    fetched, failed, present = report
    assert (fetched.size, fetched.received) == (len(DATA), len(DATA))
    assert fetched.path == drive.path("a.raw")
    assert isinstance(failed.error, errors.NotFoundError)
    assert failed.error.name == "b.raw"
    assert (present.received, present.size, present.path) == (0, len(DATA), drive.path("c.raw"))
    assert not report.ok


def test_prefetch_of_a_pattern(drive: Drive) -> None:
    """Prefetch of a pattern leaves the others alone; of an unknown one it is an error."""
    drive.add("a.raw", DATA)
    drive.add("b.dat", DATA)
    assert [outcome.name for outcome in evio_data.prefetch(["*.raw"])] == ["a.raw"]
    assert not drive.path("b.dat").exists()
    with pytest.raises(errors.UnknownDatasetError):
        evio_data.prefetch(["c.*"])


@pytest.mark.parametrize("concurrency", [0, 33, -1])
def test_prefetch_with_impossible_concurrency(drive: Drive, concurrency: int) -> None:
    """A number of connections that makes no sense is a usage error."""
    drive.add("a.raw", DATA)
    with pytest.raises(ValueError, match="1 to 32"):
        evio_data.prefetch(concurrency=concurrency)


def test_resumed_bytes_are_reported(drive: Drive) -> None:
    """A report says how many bytes a file did not have to fetch again."""
    file = drive.add("fan.raw", DATA, cut_after=200_000, quota="on-resume")
    evio_data.prefetch()
    file.cut_after = file.quota = None
    (outcome,) = evio_data.prefetch()
    assert outcome.resumed == 200_000
    assert outcome.received == len(DATA) - 200_000 + 64 * 1024


def test_verify(drive: Drive) -> None:
    """Verify tells right from damaged files, and leaves out those that are not cached."""
    for name in ("right.raw", "damaged.raw", "missing.raw"):
        drive.add(name, DATA)
    evio_data.prefetch(["right.raw", "damaged.raw"])
    drive.path("damaged.raw").write_bytes(DATA[:-1] + b"!")
    drive.server.forget()
    report = evio_data.verify()
    assert {o.name: o.status for o in report} == {"right.raw": "present", "damaged.raw": "failed"}
    assert drive.server.requests == []
    assert drive.path("damaged.raw").exists()


def test_errors_can_be_sent(drive: Drive) -> None:
    """The error of a real failure can be pickled, as pytest-xdist does, and keeps what it knows."""
    drive.add("fan.raw", DATA, refuse="quota")
    with pytest.raises(errors.QuotaExceededError) as caught:
        evio_data.fetch("fan.raw")
    again = pickle.loads(pickle.dumps(caught.value))
    assert (type(again), str(again), again.name) == (
        errors.QuotaExceededError,
        str(caught.value),
        "fan.raw",
    )
