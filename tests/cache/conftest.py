"""A file in the cache, with a published hash and without one; and another one of its name."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive


DATA = random.Random(2).randbytes(2**20 + 99)
NAME = "fan/fan.raw"
MINE, THEIRS = noise(70_000, seed=1), noise(70_000, seed=2)


@pytest.fixture(params=["pinned", "unpinned"])
def cached(drive: Drive, request: pytest.FixtureRequest) -> Path:
    """A file that is in the cache."""
    drive.add(NAME, DATA, pinned=request.param == "pinned")
    path = evio_data.fetch(NAME)
    drive.server.forget()
    return path


def other_registry(drive: Drive, content: bytes, *, pinned: bool) -> Path:
    """Write a second registry that has the same key for another file on Drive."""
    file = drive.server.add(f"other-{pinned}-{len(content)}.raw", content)
    path = drive.registry.with_name("other.txt")
    path.write_text(file.registry_line(NAME, pinned=pinned) + "\n")
    return path
