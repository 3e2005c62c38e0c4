"""Many files over a number of connections that stay busy, and what slows or stops them."""

from __future__ import annotations

import itertools
import logging
import os
import random
import signal
import socket
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from evio_data._cache.partial import Partial
from evio_data._cache.source_key import source_key

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
DATA = random.Random(4).randbytes(24 * MIB)
RATE = 4e6  # bytes/s of one connection: slow enough for a split to be worth it


def most_at_once(drive: Drive) -> int:
    """Return how many answers with data were under way at once."""
    events = []
    for record in drive.server.requests:
        if record.kind == "data":
            events += [(record.started, 1), (record.ended or time.monotonic(), -1)]
    return max(itertools.accumulate(step for _, step in sorted(events)))


# --- connections that stay busy ---------------------------------------------------------------


def test_one_large_file_is_split(drive: Drive) -> None:
    """Idle connections take over parts of one large file, and no byte is sent twice for that."""
    file = drive.add("fan.raw", DATA, rate=RATE)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert most_at_once(drive) == 3
    assert drive.server.sent(file) <= len(DATA) + 3 * MIB  # what a cut range had under way


def test_split_once_gains_nothing(drive: Drive) -> None:
    """Where two further connections bring nothing, no fourth one is tried."""
    drive.server.rate = RATE
    file = drive.add("fan.raw", DATA[: 12 * MIB])
    evio_data.prefetch(concurrency=8)
    assert len(drive.starts(file)) <= 3


def test_fast_line_is_not_split(drive: Drive) -> None:
    """What one connection brings in a moment is left to it."""
    file = drive.add("fan.raw", DATA)
    evio_data.prefetch(concurrency=8)
    assert drive.starts(file) == [0]


def test_no_ranges_no_split(drive: Drive) -> None:
    """A server that does not honour ranges is asked for a file once."""
    file = drive.add("fan.raw", DATA[: 8 * MIB], rate=RATE, ranges="ignore")
    evio_data.prefetch(concurrency=4)
    assert drive.starts(file) == [0]


def test_largest_first(drive: Drive) -> None:
    """Files of known size are begun in the order of their size."""
    sizes = {"small": 1000, "large": 300_000, "middle": 50_000}
    for name, size in sizes.items():
        drive.add(f"{name}.raw", DATA[:size], size=True)
    evio_data.prefetch(concurrency=1)
    asked = [drive.server.items[str(r.file_id)].name for r in drive.server.requests]
    assert list(dict.fromkeys(asked)) == ["large.raw", "middle.raw", "small.raw"]


def test_small_files_share_connections(drive: Drive) -> None:
    """Many small files cost one request each, over as many connections as were asked for."""
    for number in range(60):
        drive.add(f"{number}.raw", DATA[number : number + 1000])
    assert evio_data.prefetch(concurrency=3).ok
    assert len(drive.server.requests) == 60
    assert len({request.client_port for request in drive.server.requests}) <= 3


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
    drive.add("fan.raw", DATA, **{"rate": 6e6, **switches})
    assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert drive.left("fan.raw") == []


def test_ranges_stop_half_way(drive: Drive, caplog: pytest.LogCaptureFixture) -> None:
    """When a server stops to honour ranges, no part is lost: one goes on, over what is there."""
    file = drive.add(
        "fan.raw", DATA, rate=6e6, cut_after=5 * MIB, cut_times=3, ranges_after_bytes=9 * MIB
    )
    with caplog.at_level(logging.INFO, "evio_data"):
        assert evio_data.fetch("fan.raw").read_bytes() == DATA
    assert "changed" not in caplog.text
    assert drive.server.sent(file) < 2 * len(DATA)


def test_failure_does_not_wait_for_the_other_parts(drive: Drive) -> None:
    """A part that is refused for good is the file's fate once no other part receives."""
    os.environ["EVIO_DATA_TIMEOUT"] = "1"
    drive.add(
        "fan.raw",
        DATA,
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
    file = drive.add("fan.raw", DATA, rate=6e6, etag='"1"', cut_after=6 * MIB, pinned=False)
    new = DATA[::-1]
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
    contents = {f"{n}.raw": DATA[n * MIB : (n + 2) * MIB] for n in range(4)}
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
        drive.add(f"{number}.raw", DATA[: MIB // 4])
    drive.add("sorry.raw", DATA[:MIB], size=True, errors=[429], retry_after="2")
    assert evio_data.prefetch(concurrency=3).ok
    (refused,) = [r for r in drive.server.requests if r.status == 429]
    later = [r.started for r in drive.server.requests if r.started > refused.started + 0.5]
    assert later
    assert min(later) - refused.started >= 1.9


# --- files that cannot be had -----------------------------------------------------------------


def test_quota_in_mid_run(drive: Drive) -> None:
    """Quota on one file parks it with what it has; the others go on."""
    drive.add("a.raw", DATA[: 4 * MIB], cut_after=MIB, quota="on-resume")
    for number in range(3):
        drive.add(f"{number}.raw", DATA[number : number + 2 * MIB])
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
    file = drive.add("fan.raw", DATA[:1000], refuse=refusal)
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
            drive.add(name, DATA[: 7 * MIB], rate=8e6)
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


# --- interrupted ------------------------------------------------------------------------------


WAITS: dict[str, dict[str, object]] = {
    "streaming": {"rate": 2e6},
    "stalled": {"stall_after": MIB},
    "refused": {"errors": [429] * 9, "retry_after": "300"},
    "told to wait": {"errors": [503] * 9, "retry_after": "300"},
}


@pytest.mark.parametrize("switches", WAITS.values(), ids=WAITS.keys())
def test_interrupted(drive: Drive, switches: dict[str, Any]) -> None:
    """Ctrl-C ends a run within a moment, whatever it is waiting for, and keeps what arrived."""
    drive.add("fan.raw", DATA, **switches)
    refused = "errors" in switches

    def has_begun() -> bool:
        if refused:
            return any(request.status in (429, 503) for request in drive.server.requests)
        return any(p.stat().st_size > MIB // 2 for p in drive.state("fan.raw").glob("*.part"))

    with drive.spawn("import sys, evio_data; evio_data.fetch(sys.argv[1])", "fan.raw") as process:
        while not has_begun():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)  # what it waits for would take minutes
    assert complaint.rstrip().endswith("KeyboardInterrupt")
    assert refused or drive.part("fan.raw").stat().st_size > MIB // 2


def test_interrupted_while_it_hashes(drive: Drive) -> None:
    """Ctrl-C while a file that is all there is hashed keeps it: no digest is no wrong digest."""
    size = 4 * 2**30
    file = drive.server.add("fan.raw", b"")
    drive.register(f"fan.raw {'0' * 64} {file.url}#size={size}")
    drive.state("fan.raw").mkdir(parents=True)
    partial = Partial(drive.state("fan.raw"), source=source_key(file.url))
    partial.open()
    os.truncate(partial.path, size)
    partial.span_at(0)[1] = size
    partial.close()
    with drive.spawn("import sys, evio_data; evio_data.fetch(sys.argv[1])", "fan.raw") as process:
        while partial.path.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=30)
    assert complaint.rstrip().endswith("KeyboardInterrupt")
    assert drive.part("fan.raw").stat().st_size == size
    assert drive.left("fan.raw")[:2] == [".journal", ".part"]


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
