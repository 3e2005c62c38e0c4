"""A file that is there, against its stamp, its hash and its bytes."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from tests.cache.conftest import DATA, NAME

if TYPE_CHECKING:
    from tests.conftest import Drive


def same_status(path: Path, status: os.stat_result) -> None:
    """Give a file the times it had."""
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def test_touched(drive: Drive, cached: Path) -> None:
    """A file whose time has changed is hashed again, and stamped again."""
    os.utime(cached, (1, 1))
    stamp = drive.state(NAME) / "stamp"
    before = stamp.read_text()
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert stamp.read_text() != before


def test_replaced_by_equal_bytes(drive: Drive, cached: Path) -> None:
    """A file with another inode, but the same time and size, is hashed again."""
    status = cached.stat()
    twin = cached.with_name("twin")
    twin.write_bytes(b"!" + DATA[1:])
    same_status(twin, status)
    twin.replace(cached)
    assert evio_data.fetch(NAME).read_bytes() == DATA
    assert drive.server.requests != []


def test_damaged_by_a_writer(drive: Drive, cached: Path) -> None:
    """A file that was written to is found damaged by the next fetch, and fetched again."""
    with cached.open("r+b") as file:
        file.write(b"damage")
    assert evio_data.fetch(NAME).read_bytes() == DATA
    assert drive.left(NAME) == []


def test_cut_off(drive: Drive, cached: Path) -> None:
    """A file that was cut off is fetched again."""
    os.truncate(cached, 1000)
    assert evio_data.fetch(NAME).read_bytes() == DATA


def test_flipped_byte_with_its_time_restored(drive: Drive, cached: Path) -> None:
    """What no status shows, ``verify`` finds; it reports, and changes nothing."""
    status = cached.stat()
    with cached.open("r+b") as file:
        file.seek(500)
        file.write(bytes([DATA[500] ^ 1]))
    same_status(cached, status)
    assert evio_data.fetch(NAME) == cached
    damaged = cached.read_bytes()
    (outcome,) = evio_data.verify()
    assert (outcome.name, outcome.status) == (NAME, "failed")
    assert isinstance(outcome.error, errors.ChecksumError)
    assert outcome.error.name == NAME
    assert cached.read_bytes() == damaged


@pytest.mark.parametrize("how", ["fetch", "prefetch"])
def test_flipped_byte_is_mended(drive: Drive, cached: Path, how: str) -> None:
    """``verify=True`` finds such a file and fetches it again."""
    status = cached.stat()
    with cached.open("r+b") as file:
        file.write(bytes([DATA[0] ^ 1]))
    same_status(cached, status)
    if how == "fetch":
        evio_data.fetch(NAME, verify=True)
    else:
        assert [outcome.status for outcome in evio_data.prefetch(verify=True)] == ["fetched"]
    assert cached.read_bytes() == DATA


def test_another_hash_in_the_registry(drive: Drive) -> None:
    """A stamp vouches for the registered hash only: another one means to look, and to fetch."""
    file = drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    file.replace(DATA[::-1])
    drive.replace(file.registry_line(NAME))
    assert evio_data.fetch(NAME).read_bytes() == DATA[::-1]
    assert path.exists()
