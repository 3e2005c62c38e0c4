"""The law of one download: what the server does, and what must be on disk in the end."""

from __future__ import annotations

import errno
import os
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from evio_data._sources.failover import Failover
from evio_data._sources.origin import source_of
from tests.transfer.conftest import DATA, MIB

if TYPE_CHECKING:
    from tests.conftest import Drive


# --- whatever a server does, the right bytes arrive -------------------------------------------

SURVIVED: dict[str, dict[str, object]] = {
    "honest": {},
    "warning page": {"large": True},
    "strict warning page": {"large": True, "lenient": False},
    "no ranges": {"ranges": "ignore"},
    "no ranges, cut once": {"ranges": "ignore", "cut_after": MIB, "cut_times": 1},
    "ranges end early": {"ranges": "short"},
    "range starts elsewhere": {"ranges": "wrong-start"},
    "206 without Content-Range": {"ranges": "no-content-range"},
    "206 without Content-Range, cut": {
        "ranges": "no-content-range",
        "cut_after": MIB,
        "cut_times": 1,
    },
    "chunked": {"length": "chunked"},
    "chunked, no ranges": {"length": "chunked", "ranges": "ignore"},
    "chunked, cut": {"length": "chunked", "cut_after": MIB, "cut_times": 2},
    "no length": {"length": "absent"},
    "no length, no ranges": {"length": "absent", "ranges": "ignore"},
    "no length, cut cleanly": {
        "length": "absent",
        "cut_after": MIB,
        "cut_how": "close",
        "cut_times": 2,
    },
    "resets": {"cut_after": MIB, "cut_times": 3},
    "clean cuts": {"cut_after": MIB, "cut_how": "close", "cut_times": 3},
    "503 twice": {"errors": [503, 503]},
    "500, 502, 504": {"errors": [500, 502, 504], "retry_after": "0"},
    "429 with Retry-After": {"errors": [429], "retry_after": "0"},
    "ranges stop half way": {"ranges_after_bytes": MIB, "cut_after": MIB, "cut_times": 2},
    "a byte of the first answer is wrong, which is cut": {
        "garble": lambda data, _: bytes(b ^ 255 for b in data),
        "garble_times": 1,
        "cut_after": MIB,
        "cut_times": 1,
    },
}


@pytest.mark.parametrize("switches", SURVIVED.values(), ids=SURVIVED.keys())
def test_right_bytes_in_spite_of(drive: Drive, switches: dict[str, Any]) -> None:
    """Whatever a server does to an answer, what is published is the right file and nothing else."""
    file = drive.add("fan.raw", DATA, **switches)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.left("fan.raw") == []
    assert file.served


def test_refusals_at_once_count_once() -> None:
    """Connections that were refused together were refused once."""
    source = source_of("https://example.org/fan.raw")
    sources = Failover([source], retries=1, say=lambda _: None)
    together = time.monotonic()
    for _ in range(8):
        sources.count_busy(source, together)
    with pytest.raises(errors.DownloadError, match="2 times for fewer requests"):
        sources.count_busy(source, time.monotonic())


# --- several sources --------------------------------------------------------------------------


def test_mirror_first(drive: Drive) -> None:
    """A mirror that has the file spares Drive."""
    os.environ["EVIO_DATA_MIRRORS"] = f"{drive.server.endpoint}/plain"
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    assert {request.path for request in drive.server.requests} == {"/plain/fan.raw"}


def test_mirror_without_the_file(drive: Drive) -> None:
    """A mirror that does not have the file is passed by."""
    os.environ["EVIO_DATA_MIRRORS"] = f"{drive.server.endpoint}/plain/nowhere"
    drive.add("fan.raw", DATA)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_mirror_with_other_bytes(drive: Drive) -> None:
    """A mirror whose bytes have a wrong hash is passed by, too."""
    stale = drive.server.add("old/fan.raw", DATA[::-1])
    os.environ["EVIO_DATA_MIRRORS"] = f"{drive.server.endpoint}/plain/old"
    drive.add("fan.raw", DATA)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(stale) == len(DATA)


# --- the disk ---------------------------------------------------------------------------------


def test_free_space_is_checked_before_the_first_byte(drive: Drive, tmp_path: Path) -> None:
    """A file that cannot fit on the disk is refused before a byte of it is taken."""
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, 2 * shutil.disk_usage(tmp_path).free)
    drive.add("fan.raw", large, pinned=False)
    with pytest.raises(errors.CacheError, match="and the disk has") as caught:
        evio_data.fetch("fan.raw")
    assert caught.value.errno == errno.ENOSPC
    assert drive.left("fan.raw") == []


# --- leaks ------------------------------------------------------------------------------------


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_nothing_stays_open(drive: Drive) -> None:
    """After good and bad downloads alike, no descriptor and no thread of ours is left."""
    drive.add("a.raw", DATA, cut_after=MIB, cut_times=2)
    drive.add("b.raw", DATA, refuse="not-found")
    drive.add("c.raw", DATA, garble="flip")
    drive.add("d.raw", DATA, quota="on-resume", cut_after=MIB)
    evio_data.prefetch(concurrency=4)  # whatever is opened once and for all is open now
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        drive.path("a.raw").unlink()
        report = evio_data.prefetch(concurrency=4)
        assert [o.status for o in report] == ["fetched", "failed", "failed", "failed"]
    wait_for(lambda: not [t for t in threading.enumerate() if t.name.startswith("evio-data")])
    wait_for(lambda: len(list(Path("/proc/self/fd").iterdir())) <= before)


def wait_for(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for at most 10 s."""
    until = time.monotonic() + 10
    while not holds():
        assert time.monotonic() < until
        time.sleep(0.01)
