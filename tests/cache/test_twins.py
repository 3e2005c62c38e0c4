"""Two keys of one file on Drive: what was verified under one is copied to the other."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive


DATA = noise(300_000)
FIRST, SECOND = "a/fan.raw", "b/fan.raw"


@pytest.fixture
def twins(drive: Drive) -> None:
    """A file with two keys, fetched under the first one."""
    file = drive.add(FIRST, DATA)
    drive.register(file.registry_line(SECOND))
    evio_data.fetch(FIRST)
    drive.server.forget()


@pytest.mark.usefixtures("twins")
def test_nothing_is_downloaded(drive: Drive) -> None:
    """The second key's file comes from the first one, verified, and is a file of its own."""
    (outcome,) = evio_data.prefetch([SECOND])

    assert (outcome.status, outcome.received, outcome.size) == ("fetched", 0, len(DATA))
    assert drive.server.requests == []
    assert drive.path(SECOND).read_bytes() == DATA
    assert drive.path(SECOND).stat().st_ino != drive.path(FIRST).stat().st_ino
    assert drive.names_in(drive.state(SECOND)) == ["stamp"]
    assert [each.status for each in evio_data.prefetch([SECOND])] == ["present"]


@pytest.mark.usefixtures("twins")
def test_damaged_twin(drive: Drive) -> None:
    """A twin that is damaged is not copied, not even one whose time was put back."""
    drive.path(FIRST).write_bytes(DATA[::-1])

    assert evio_data.fetch(SECOND).read_bytes() == DATA
    assert drive.server.sent() >= len(DATA)


@pytest.mark.usefixtures("twins")
def test_damage_that_no_status_shows(drive: Drive) -> None:
    """What the stamp still vouches for is hashed on the way: wrong bytes are not copied."""
    before = drive.path(FIRST).stat()
    with drive.path(FIRST).open("r+b") as file:
        file.write(b"flipped")
    os.utime(drive.path(FIRST), ns=(before.st_atime_ns, before.st_mtime_ns))

    assert evio_data.fetch(SECOND).read_bytes() == DATA
    assert drive.server.sent() >= len(DATA)


def test_without_a_published_hash(drive: Drive) -> None:
    """Where nobody has published a hash each key has its own first use: nothing is copied."""
    file = drive.add(FIRST, DATA, pinned=False)
    drive.register(file.registry_line(SECOND, pinned=False))
    evio_data.fetch(FIRST)
    drive.server.forget()

    assert evio_data.fetch(SECOND).read_bytes() == DATA
    assert drive.server.sent(file) >= len(DATA)


def test_both_at_once(drive: Drive) -> None:
    """Asked for in one run, the file leaves Drive once."""
    file = drive.add(FIRST, DATA)
    drive.register(file.registry_line(SECOND))

    report = evio_data.prefetch()

    assert report.ok
    assert drive.server.sent(file) < 2 * len(DATA)
