"""What is on disk of each file, told without reading any of it."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from evio_data._cache.inventory import Item, inventory
from evio_data._collection import open_collection
from evio_data.testing import DriveFile

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
CONTENT = bytes(range(256)) * 4096 * 4  # 4 MiB


def the_item() -> Item:
    """Return the one file of the registry, as it is on disk."""
    collection = open_collection()
    (found,) = inventory(collection.cache, collection.registry.select())
    return found


def test_missing(drive: Drive) -> None:
    """Of a file that was never fetched nothing is held, and nothing is made by looking."""
    drive.add("fan/a.raw", CONTENT, size=True)
    found = the_item()
    assert (found.state, found.held, found.size) == ("missing", 0, len(CONTENT))
    assert found.path == str(drive.path("fan/a.raw"))
    assert not drive.cache.exists()


def test_verified(drive: Drive) -> None:
    """A fetched file is verified, and its size is that on disk."""
    drive.add("a.raw", CONTENT)
    drive.fetch_elsewhere("a.raw")
    assert the_item()[1:6] == (
        "verified", "published", the_item().sha256, len(CONTENT), len(CONTENT),
    )  # fmt: skip


def test_touched(drive: Drive) -> None:
    """A file that is not quite the verified one is not called so."""
    drive.add("a.raw", CONTENT)
    os.utime(drive.fetch_elsewhere("a.raw"))
    assert the_item().state == "unverified"


def test_partial(drive: Drive, killed_at: Callable[[DriveFile, int], object]) -> None:
    """What a killed process left counts, and gaps in it do not."""
    file = drive.add("a.raw", CONTENT, size=True, rate=8 * MIB)
    killed_at(file, 2 * MIB)
    found = the_item()
    assert found.state == "partial"
    assert MIB <= found.held < len(CONTENT)


def test_in_the_way(drive: Drive) -> None:
    """A folder in the place of a file is called by its name."""
    drive.add("a.raw", CONTENT)
    drive.path("a.raw").mkdir(parents=True)
    assert the_item().state == "in the way"


def test_hash_states(drive: Drive) -> None:
    """An unpublished hash is unpinned before the first use, and pinned after it."""
    drive.add("a.raw", CONTENT, pinned=False)
    assert (the_item().hash_state, the_item().sha256) == ("unpinned", None)
    drive.fetch_elsewhere("a.raw")
    assert the_item().hash_state == "pinned"
    assert the_item().sha256 is not None
