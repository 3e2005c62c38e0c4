"""A file in the cache, with a published hash and without one."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data

if TYPE_CHECKING:
    from tests.conftest import Drive

DATA = random.Random(2).randbytes(2**20 + 99)
NAME = "fan/fan.raw"


@pytest.fixture(params=["pinned", "unpinned"])
def cached(drive: Drive, request: pytest.FixtureRequest) -> Path:
    """A file that is in the cache."""
    drive.add(NAME, DATA, pinned=request.param == "pinned")
    path = evio_data.fetch(NAME)
    drive.server.forget()
    return path
