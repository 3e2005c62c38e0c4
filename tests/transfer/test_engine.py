"""Many files over a number of connections that stay busy, and what slows or stops them."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from tests.transfer.conftest import LARGE, MIB, RATE

if TYPE_CHECKING:
    from tests.conftest import Drive


# --- split files and faults -------------------------------------------------------------------

FAULTS: dict[str, dict[str, object]] = {
    "resets": {"cut_after": 3 * MIB},
    "clean cuts": {"cut_after": 3 * MIB, "cut_how": "close"},
    "ranges end early": {"ranges": "short"},
    "chunked": {"length": "chunked"},
    "no length": {"length": "absent"},
    "stalls": {"stall_after": 4 * MIB, "stall_times": 2},
    "a wrong byte": {"garble": "flip", "garble_times": 1},
    "503": {"errors": [503], "retry_after": "0"},
    "stale token": {"large": True, "lenient": False, "token_life": 0.7},
}


@pytest.mark.parametrize("switches", FAULTS.values(), ids=FAULTS.keys())
def test_split_in_spite_of(drive: Drive, switches: dict[str, Any]) -> None:
    """Whatever a server does to the parts of a file, what is published is the right file."""
    os.environ["EVIO_DATA_TIMEOUT"] = "0.5"
    drive.add("fan.raw", LARGE, **{"rate": 6e6, **switches})
    assert evio_data.fetch("fan.raw").read_bytes() == LARGE
    assert drive.left("fan.raw") == []


def test_ranges_stop_half_way(drive: Drive, caplog: pytest.LogCaptureFixture) -> None:
    """When a server stops to honour ranges, no part is lost: one goes on, over what is there."""
    file = drive.add(
        "fan.raw", LARGE, rate=6e6, cut_after=5 * MIB, cut_times=3, ranges_after_bytes=9 * MIB
    )
    with caplog.at_level(logging.INFO, "evio_data"):
        assert evio_data.fetch("fan.raw").read_bytes() == LARGE
    assert "changed" not in caplog.text
    assert drive.server.sent(file) < 2 * len(LARGE)


def test_failure_does_not_wait_for_the_other_parts(drive: Drive) -> None:
    """A part that is refused for good is the file's fate once no other part receives."""
    os.environ["EVIO_DATA_TIMEOUT"] = "1"
    drive.add(
        "fan.raw",
        LARGE,
        rate=RATE,
        stall_after=5 * MIB,
        stall_times=1,
        cut_after=6 * MIB,
        quota=10 * MIB,
    )
    (outcome,) = evio_data.prefetch(concurrency=2)
    assert isinstance(outcome.error, errors.QuotaExceededError)
    assert outcome.error.received > 9 * MIB


def test_changed_while_it_is_split(drive: Drive) -> None:
    """A file that changes between two of its parts is begun again, not spliced."""
    file = drive.add("fan.raw", LARGE, rate=6e6, etag='"1"', cut_after=6 * MIB, pinned=False)
    new = LARGE[::-1]
    code = "import sys, evio_data; evio_data.prefetch([sys.argv[1]])"
    with drive.spawn(code, "fan.raw") as process:
        while len(drive.starts(file)) < 2:
            assert process.poll() is None
            time.sleep(0.01)
        file.replace(new)
        file.etag = '"2"'
        process.communicate(timeout=60)
    assert drive.path("fan.raw").read_bytes() == new


# --- a server that wants less -----------------------------------------------------------------


def test_cap_on_connections(drive: Drive) -> None:
    """A server that refuses more than one connection gets one, and all files arrive."""
    drive.server.max_connections = 1
    contents = {f"{n}.raw": LARGE[n * MIB : (n + 2) * MIB] for n in range(4)}
    for name, data in contents.items():
        drive.add(name, data, rate=4e6)
    report = evio_data.prefetch(concurrency=4)
    assert report.ok, [str(outcome.error) for outcome in report.failed]
    assert {o.name: o.path.read_bytes() for o in report if o.path} == contents
    refused = [request for request in drive.server.requests if request.status == 429]
    assert 1 <= len(refused) <= 6


def test_sorry_slows_all(drive: Drive) -> None:
    """One "Sorry..." pauses every connection for as long as ``Retry-After`` says."""
    for number in range(6):
        drive.add(f"{number}.raw", LARGE[: MIB // 4])
    drive.add("sorry.raw", LARGE[:MIB], size=True, errors=[429], retry_after="2")
    assert evio_data.prefetch(concurrency=3).ok
    (refused,) = [r for r in drive.server.requests if r.status == 429]
    later = [r.started for r in drive.server.requests if r.started > refused.started + 0.5]
    assert later
    assert min(later) - refused.started >= 1.9


# --- files that cannot be had -----------------------------------------------------------------


def test_quota_in_mid_run(drive: Drive) -> None:
    """Quota on one file parks it with what it has; the others go on."""
    drive.add("a.raw", LARGE[: 4 * MIB], cut_after=MIB, quota="on-resume")
    for number in range(3):
        drive.add(f"{number}.raw", LARGE[number : number + 2 * MIB])
    report = evio_data.prefetch(concurrency=2)
    (parked,) = report.failed
    assert isinstance(parked.error, errors.QuotaExceededError)
    assert parked.error.received == MIB
    assert drive.part("a.raw").stat().st_size == MIB
    assert len(report.fetched) == 3


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        ("quota", errors.QuotaExceededError),
        ("sign-in", errors.AccessDeniedError),
        ("denied", errors.AccessDeniedError),
        ("not-found", errors.NotFoundError),
        ("infected", errors.DriveRefusedError),
        ("unknown", errors.DriveRefusedError),
    ],
)
def test_refused_for_good(drive: Drive, refusal: str, kind: type[Exception]) -> None:
    """What will not pass is not tried again, is of its own kind, and leaves nothing behind."""
    file = drive.add("fan.raw", LARGE[:1000], refuse=refusal)
    (outcome,) = evio_data.prefetch()
    assert type(outcome.error) is kind
    assert len([r for r in drive.server.requests if r.file_id == file.id]) <= 4
    assert drive.left("fan.raw") == []


def test_no_space_for_all(drive: Drive, tmp_path: Path) -> None:
    """Files that do not fit beside those under way are refused; those that fit arrive."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.system(f"mount -t tmpfs -o size=10m tmpfs '{disk}' 2>/dev/null"):
        pytest.skip("a small disk can be mounted by root only")
    os.environ["EVIO_DATA_DIR"] = str(disk)
    try:
        for name in ("a.raw", "b.raw"):
            drive.add(name, LARGE[: 7 * MIB], rate=8e6)
        report = evio_data.prefetch(concurrency=2)
    finally:
        os.system(f"umount '{disk}'")
    assert sorted(outcome.status for outcome in report) == ["failed", "fetched"]
    (refused,) = report.failed
    assert isinstance(refused.error, errors.CacheError)
    assert "the disk has" in str(refused.error)
    assert refused.received == 0


def test_no_server_answers(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody answers, the waits of one file do not hold up the others."""
    asked: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with suppress(OSError):
                while True:
                    client, address = listener.accept()
                    asked.append(address)
                    client.close()

        threading.Thread(target=hang_up, daemon=True).start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for number in range(5):
            drive.register(f"{number}.raw {'0' * 64} {url}/{number}.raw")
        monkeypatch.setenv("EVIO_DATA_RETRIES", "2")
        report = evio_data.prefetch(concurrency=1)
        listener.shutdown(socket.SHUT_RDWR)
    assert len(report.failed) == 5
    assert 3 + 4 <= len(asked) <= 5 * 3


# --- memory -----------------------------------------------------------------------------------

PEAK = """
import resource, sys, evio_data
evio_data.prefetch([sys.argv[1]])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_is_flat(drive: Drive, tmp_path: Path) -> None:
    """A file of 100 MB takes no more memory than one of 5 MB."""
    peaks = []
    for size in (5_000_000, 100_000_000):
        sparse = tmp_path / str(size)
        sparse.touch()
        os.truncate(sparse, size)
        drive.add(f"{size}.raw", sparse, pinned=False)
        peaks.append(int(drive.run(PEAK, f"{size}.raw")))
    assert peaks[1] - peaks[0] < 8 * 1024  # KiB
