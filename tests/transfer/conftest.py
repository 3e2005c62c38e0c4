"""Bytes for downloads, and a file of which half is there."""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors

if TYPE_CHECKING:
    from tests.conftest import Drive


MIB = 2**20
DATA = random.Random(1).randbytes(3 * MIB + 12345)
LARGE = random.Random(4).randbytes(24 * MIB)
RATE = 4e6  # bytes/s of one connection: slow enough for a split to be worth it


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


def other(data: bytes, _: int) -> bytes:
    """Return other bytes, as many."""
    return bytes(byte ^ 255 for byte in data)
