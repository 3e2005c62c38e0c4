"""What is known of a key's file, with and without what is written of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._collection import open_collection
from tests.cache.conftest import MINE, NAME, THEIRS, other_registry

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_state_folder_is_expendable(drive: Drive, cached: Path) -> None:
    """Without our folder, the file is hashed and stamped again, not fetched again."""
    shutil.rmtree(drive.cache / ".evio-data")
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert drive.names_in(drive.state(NAME)) == ["stamp"]


def test_killed_before_the_stamp(drive: Drive, cached: Path) -> None:
    """A kill between publication and stamp costs one hash, and leaves nothing behind."""
    (drive.state(NAME) / "stamp").unlink()
    for litter in ("1-2.journal", "3-4.part", "5-6.fresh"):
        (drive.state(NAME) / litter).write_text("litter")
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert drive.names_in(drive.state(NAME)) == ["stamp"]


def test_without_a_stamp_the_pin_tells_whose_it_is(drive: Drive) -> None:
    """A file whose stamp was lost is known by its pin; it is neither taken nor replaced."""
    drive.add(NAME, MINE, pinned=False)
    path = evio_data.fetch(NAME)
    (drive.state(NAME) / "stamp").unlink()
    for pinned in (False, True):
        with pytest.raises(errors.CacheError, match="another one"):
            open_collection(other_registry(drive, THEIRS, pinned=pinned)).fetch(NAME)
    assert path.read_bytes() == MINE
    drive.server.forget()
    assert evio_data.fetch(NAME) == path
    assert drive.server.requests == []


@pytest.mark.parametrize("first", ["fetch", "prefetch", "verify"])
def test_a_stamp_of_an_earlier_version(drive: Drive, first: str) -> None:
    """A stamp that does not say whose the file is counts for the registry that asks first."""
    drive.add(NAME, MINE, pinned=False)
    path = evio_data.fetch(NAME)
    stamp = drive.state(NAME) / "stamp"
    stamp.write_text(" ".join(stamp.read_text().split()[:4]) + "\n")
    for pin in (drive.cache / ".evio-data" / ".pins").rglob("*"):
        if pin.is_file():
            pin.unlink()
    drive.server.forget()
    other = open_collection(other_registry(drive, THEIRS, pinned=False))
    asked: dict[str, Callable[[], object]] = {
        "fetch": lambda: evio_data.fetch(NAME),
        "prefetch": evio_data.prefetch,
        "verify": evio_data.verify,
    }
    asked[first]()
    with pytest.raises(errors.CacheError, match="another one"):
        other.fetch(NAME)
    assert drive.server.requests == []
    path.unlink()
    stamp.unlink()
    drive.server.named(NAME).replace(THEIRS)  # type: ignore[union-attr]
    with pytest.raises(errors.ChecksumError, match="unpin"):  # its hash is the pin
        evio_data.fetch(NAME)
