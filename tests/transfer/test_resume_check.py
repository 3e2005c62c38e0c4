"""Resumed: what is there is not asked for again, and what is repeated is compared."""

from __future__ import annotations

import io
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._cache.partial import Partial
from evio_data._transfer.resume_check import compare, joint_of, overlap_of
from evio_data._transfer.version import OVERLAP, RemoteChangedError, Version
from tests.transfer.conftest import DATA, MIB, file_of, other

if TYPE_CHECKING:
    from tests.conftest import Drive


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


# --- what is repeated -------------------------------------------------------------------------


@pytest.fixture
def version(tmp_path: Path) -> Iterator[Version]:
    """Return a version of which the first half megabyte is there."""
    partial = Partial(tmp_path)
    partial.open()
    partial.span_at(0)[1] = MIB // 2
    os.truncate(partial.path, MIB // 2)
    made = Version(partial, size=MIB, kind="sha256")
    yield made
    made.close()


def test_an_earlier_process_is_doubted_once(version: Version) -> None:
    """The bytes of an earlier process are repeated for the first answer, and for no later one."""
    segment = version.claim()
    assert segment is not None
    version.overlap = OVERLAP
    assert overlap_of(version, segment, hashed=True) == OVERLAP
    assert overlap_of(version, segment, hashed=True) == 0


@pytest.mark.parametrize(("last", "overlap"), [(0, 0), (1000, 500), (10 * MIB, OVERLAP)])
def test_half_of_what_came_is_repeated(version: Version, last: int, overlap: int) -> None:
    """Without a hash each answer repeats some bytes: never more than half of what one brings."""
    segment = version.claim()
    assert segment is not None
    segment.span[0], segment.last = 0, last
    assert overlap_of(version, segment, hashed=False) == overlap
    assert overlap_of(version, segment, hashed=True) == 0
    version.is_doubted = True
    assert overlap_of(version, segment, hashed=True) == overlap


def test_a_joint(version: Version) -> None:
    """Where a segment has come up to bytes of another one, some of those are compared."""
    segment = version.claim()
    assert segment is not None
    segment.stop = 3 * MIB // 4
    assert joint_of(version, segment, None) is None  # it is not there yet
    segment.span[1] = segment.stop
    assert joint_of(version, segment, None) is None  # nothing is behind it
    version.partial.spans.append([segment.stop, MIB])
    assert joint_of(version, segment, None) == segment.stop + OVERLAP
    assert joint_of(version, segment, segment.stop + 10) == segment.stop + 10
    assert joint_of(version, segment, segment.stop) is None


@pytest.mark.parametrize("at", [None, 100, 4_999])
def test_compare(tmp_path: Path, at: int | None) -> None:
    """Bytes are compared to the last one, however they come."""
    held = bytearray(DATA[:10_000])
    if at is not None:
        held[5_000 + at] ^= 1
    (tmp_path / "a").write_bytes(held)
    answer = io.BytesIO(DATA[5_000:10_000])

    def read(view: memoryview) -> int:
        return answer.readinto(view[: min(777, len(view))])

    view = memoryview(bytearray(2_000))
    with (tmp_path / "a").open("rb", 0) as file:
        if at is None:
            compare(read, file, view, 5_000, 10_000)
            return
        with pytest.raises(RemoteChangedError):
            compare(read, file, view, 5_000, 10_000)
