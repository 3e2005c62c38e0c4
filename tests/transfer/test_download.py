"""The law of one download: what the server does, and what must be on disk in the end."""

from __future__ import annotations

import errno
import logging
import os
import random
import shutil
import threading
import time
from collections.abc import Callable
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from evio_data._settings import waiting
from evio_data._sources.failover import Failover
from evio_data._sources.origin import source_of
from evio_data._transfer.throttle import FIRST_WAIT, MAX_WAIT, backoff
from evio_data.testing import patience

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
DATA = random.Random(1).randbytes(3 * MIB + 12345)


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


def test_silent_for_ever(drive: Drive) -> None:
    """A server that never sends a byte is given up after the retries, with a typed error."""
    os.environ.update(EVIO_DATA_TIMEOUT="0.2", EVIO_DATA_RETRIES="1")
    drive.add("fan.raw", DATA, stall_after=0)
    with pytest.raises(errors.DownloadError, match=r"fan\.raw: timed out"):
        evio_data.fetch("fan.raw")
    assert drive.left("fan.raw") == []


def test_retry_after_seconds(drive: Drive) -> None:
    """``Retry-After`` in seconds is waited for."""
    drive.add("fan.raw", b"events", errors=[503], retry_after="1")
    began = time.monotonic()
    evio_data.fetch("fan.raw")
    assert time.monotonic() - began >= 1


def test_retry_after_date(drive: Drive) -> None:
    """``Retry-After`` as a date is waited for."""
    until = int(time.time()) + 2
    drive.add("fan.raw", b"events", errors=[429], retry_after=formatdate(until, usegmt=True))
    evio_data.fetch("fan.raw")
    assert time.time() >= until - 0.1


def test_backoff_grows_to_a_bound() -> None:
    """Waits double with each attempt that brings nothing, vary by a quarter, and have an end."""
    with patience(1):
        assert backoff(0) < FIRST_WAIT / 2
        for failures, seconds in ((1, FIRST_WAIT), (2, 2 * FIRST_WAIT), (50, MAX_WAIT)):
            assert 0.75 * seconds <= backoff(failures) <= 1.25 * seconds


def test_refusals_at_once_count_once() -> None:
    """Connections that were refused together were refused once."""
    source = source_of("https://example.org/fan.raw")
    sources = Failover([source], retries=1, say=lambda _: None)
    together = time.monotonic()
    for _ in range(8):
        sources.count_busy(source, together)
    with pytest.raises(errors.DownloadError, match="2 times for fewer requests"):
        sources.count_busy(source, time.monotonic())


# --- the answers that must not be believed ----------------------------------------------------


def test_endless_body_with_known_size(drive: Drive) -> None:
    """Of a body that does not end, no more is taken than the file has."""
    file = drive.add("fan.raw", DATA, size=True, endless=True, length="absent", ranges="ignore")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) < 20 * MIB


def test_other_total_than_the_registry_says(drive: Drive) -> None:
    """A file of another size than the registered one is refused before its bytes are taken."""
    file = drive.add("fan.raw", DATA)
    drive.replace(f"fan.raw {file.sha256} {file.url}#size={len(DATA) + 1}")
    with pytest.raises(errors.ChecksumError, match="3,158,073 bytes at the source") as caught:
        evio_data.fetch("fan.raw")
    assert (caught.value.expected, caught.value.actual) == (str(len(DATA) + 1), str(len(DATA)))
    assert drive.left("fan.raw") == []


def test_total_that_is_never_reached(drive: Drive) -> None:
    """A server whose ranges promise more bytes than it has is asked for the whole, not for ever."""
    file = drive.add("fan.raw", DATA, ranges="other-total")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert len(drive.starts(file)) <= 8


def test_416_for_the_whole_file_is_an_empty_file(drive: Drive) -> None:
    """An empty file arrives as one, although the first byte of it cannot be had."""
    drive.add("fan.raw", b"")
    assert evio_data.fetch("fan.raw").read_bytes() == b""


def test_no_length_and_no_ranges_need_a_hash(drive: Drive) -> None:
    """Where neither length nor range nor hash tells a cut from the end, nothing is pinned."""
    drive.add("fan.raw", DATA, pinned=False, length="absent", ranges="ignore")
    with pytest.raises(errors.DownloadError, match="a cut cannot be told from the end"):
        evio_data.fetch("fan.raw")


def test_wrong_hash(drive: Drive) -> None:
    """Other bytes than the registered ones are an error with both hashes, and are not kept."""
    file = drive.add("fan.raw", DATA)
    expected = file.sha256
    file.replace(DATA[::-1])
    with pytest.raises(errors.ChecksumError, match="the registry says") as caught:
        evio_data.fetch("fan.raw")
    assert (caught.value.expected, caught.value.actual) == (expected, file.sha256)
    assert not drive.path("fan.raw").exists()
    assert drive.left("fan.raw") == []
    assert drive.server.sent(file) == len(DATA)


def test_later_version_of_an_unpinned_file(drive: Drive) -> None:
    """An unpinned file must be for ever what its first download was."""
    file = drive.add("fan.raw", DATA, pinned=False)
    path = evio_data.fetch("fan.raw")
    path.unlink()
    file.replace(DATA[::-1])
    with pytest.raises(errors.ChecksumError, match="first download here"):
        evio_data.fetch("fan.raw")
    assert not path.exists()


def other(data: bytes, _: int) -> bytes:
    """Return other bytes, as many."""
    return bytes(byte ^ 255 for byte in data)


def test_unpinned_file_that_is_replaced_before_a_retry(drive: Drive) -> None:
    """Two versions of equal size, which no validator tells apart, are not joined at a cut."""
    file = drive.add(
        "fan.raw", DATA, pinned=False, garble=other, garble_times=1, cut_after=MIB, cut_times=1
    )
    (outcome,) = evio_data.prefetch(concurrency=1)  # nothing else begins anywhere, however slow
    assert outcome.path is not None
    assert outcome.path.read_bytes() == DATA
    assert drive.starts(file) == [0, MIB - 64 * 1024, 0]


def test_unpinned_file_that_is_replaced_before_a_split(drive: Drive) -> None:
    """Two versions are not joined where one connection has taken over from another, either."""
    drive.server.rate_per_connection = MIB
    file = drive.add("fan.raw", DATA, pinned=False, garble=other, garble_times=1)
    (outcome,) = evio_data.prefetch(concurrency=2)
    assert outcome.path is not None
    assert outcome.path.read_bytes() == DATA
    assert drive.starts(file).count(0) == 2


def test_unpinned_file_over_a_line_that_always_cuts(drive: Drive) -> None:
    """What is repeated for the comparison leaves half of what the line brings, however little."""
    os.environ["EVIO_DATA_RETRIES"] = "0"
    file = drive.add("fan.raw", DATA[:MIB], pinned=False, cut_after=50_000)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA[:MIB]
    assert drive.server.sent(file) < 2.2 * MIB


def test_refusal_without_a_pause(drive: Drive) -> None:
    """``Retry-After: 0`` does not turn the back-off into a hail of requests."""
    os.environ["EVIO_DATA_RETRIES"] = "2"
    drive.add("fan.raw", b"events", errors=[503] * 9, retry_after="0")
    began = time.monotonic()
    with pytest.raises(errors.DownloadError, match="after 2 retries"):
        evio_data.fetch("fan.raw")
    assert time.monotonic() - began >= 0.75 * 3 * waiting(FIRST_WAIT)


# --- resumed ----------------------------------------------------------------------------------


@pytest.fixture
def half(drive: Drive) -> Callable[..., None]:
    """Add a file of which one call gets 2 MiB, and fails."""

    def add(**switches: Any) -> None:
        os.environ["EVIO_DATA_RETRIES"] = "0"
        file = drive.add("fan.raw", DATA, cut_after=2 * MIB, quota="on-resume", **switches)
        with pytest.raises(errors.DownloadError):
            evio_data.fetch("fan.raw")
        del os.environ["EVIO_DATA_RETRIES"]
        file.cut_after = file.quota = None
        assert drive.part("fan.raw").stat().st_size == 2 * MIB
        drive.server.forget()

    return add


def file_of(drive: Drive) -> evio_data.testing.DriveFile:
    """Return the one file there is."""
    file = drive.server.named("fan.raw")
    assert file is not None
    return file


def test_resumed_by_the_next_call(drive: Drive, half: Callable[..., None]) -> None:
    """A second call receives what is missing, and a small overlap."""
    half()
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent() <= len(DATA) - 2 * MIB + 64 * 1024


def test_resumed_from_a_server_without_ranges(
    drive: Drive, half: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """A 200 to a range begins at byte 0, whatever is on disk, and that is said."""
    half()
    file_of(drive).ranges = "ignore"
    with caplog.at_level(logging.INFO, "evio_data"):
        assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert "the server does not resume" in caplog.text


def test_damaged_bytes_on_disk(drive: Drive, half: Callable[..., None]) -> None:
    """A resumed file with a wrong hash is fetched once more from zero before that is an error."""
    half()
    with drive.part("fan.raw").open("r+b") as part:
        part.write(b"damage")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.starts(file_of(drive)) == [2 * MIB - 64 * 1024, 0]


def test_damaged_and_changed(drive: Drive, half: Callable[..., None]) -> None:
    """Only one fresh start follows a wrong hash of a resumed file; nothing is kept after it."""
    half()
    file = file_of(drive)
    other = bytearray(DATA)
    other[-1] ^= 1
    file.replace(bytes(other))
    with pytest.raises(errors.ChecksumError):
        evio_data.fetch("fan.raw")
    assert drive.starts(file) == [2 * MIB - 64 * 1024, 0]
    assert drive.left("fan.raw") == []


CHANGES: dict[str, tuple[dict[str, object], dict[str, object]]] = {
    "ETag": ({"etag": '"1"'}, {"etag": '"2"'}),
    "Last-Modified": (
        {"last_modified": "Tue, 01 Sep 2026 07:00:00 GMT"},
        {"last_modified": "Wed, 02 Sep 2026 07:00:00 GMT"},
    ),
    "X-Goog-Hash": ({"goog_hash": True}, {}),
    "size": ({}, {}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_changed_in_between(
    drive: Drive, half: Callable[..., None], change: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A remote file of another size or digest is begun again; other validators are a doubt."""
    before, after = CHANGES[change]
    half(**before)
    changed = DATA + b"!" if change == "size" else DATA[:-1] + bytes([DATA[-1] ^ 1])
    file = file_of(drive)
    file.replace(changed)
    for switch, value in after.items():
        setattr(file, switch, value)
    drive.replace(file.registry_line())
    with caplog.at_level(logging.INFO, "evio_data"):
        assert evio_data.fetch("fan.raw").read_bytes() == changed
    doubted = change in ("ETag", "Last-Modified")
    assert ("the remote file changed" in caplog.text) is not doubted
    assert drive.starts(file) == [2 * MIB - 64 * 1024, *([] if doubted else [0])]


def test_changed_bytes_before_the_cut(drive: Drive, half: Callable[..., None]) -> None:
    """A changed file without any identity is noticed by the bytes that overlap."""
    half()
    file = file_of(drive)
    file.replace(DATA[::-1])
    drive.replace(file.registry_line())
    assert evio_data.fetch("fan.raw").read_bytes() == DATA[::-1]
    assert drive.starts(file) == [2 * MIB - 64 * 1024, 0]


def test_shrunk_below_what_is_on_disk(drive: Drive, half: Callable[..., None]) -> None:
    """A 416 for bytes that are on disk means that the file is another one now."""
    half()
    file = file_of(drive)
    file.replace(DATA[:MIB])
    drive.replace(file.registry_line())
    assert evio_data.fetch("fan.raw").read_bytes() == DATA[:MIB]


def test_quota_in_mid_file_keeps_the_partial(drive: Drive) -> None:
    """When the quota is used up on the way, what arrived is kept, counted, and resumed later."""
    file = drive.add("fan.raw", DATA, cut_after=2 * MIB, cut_times=1, quota="on-resume")
    with pytest.raises(errors.QuotaExceededError) as caught:
        evio_data.fetch("fan.raw")
    assert caught.value.received == 2 * MIB
    file.quota = None
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) <= len(DATA) + 64 * 1024


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
