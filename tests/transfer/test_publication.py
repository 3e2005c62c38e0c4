"""The end of a download: the hash decides, and only the right file gets the name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from tests.transfer.conftest import DATA, MIB, file_of

if TYPE_CHECKING:
    from tests.conftest import Drive


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
