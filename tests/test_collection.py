"""A registry with its cache: outcomes in the order of the entries, whoever has the bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evio_data._collection import MAX_CONNECTIONS, open_collection
from evio_data.errors import NotFoundError, OfflineError
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_outcomes_are_in_the_order_of_the_entries(drive: Drive) -> None:
    """What is there, what comes and what cannot be had stand where they were asked for."""
    for name in ("a.raw", "b.raw", "d.raw"):
        drive.add(name, noise(1000, ord(name[0])))
    drive.add("c.raw", b"", refuse="not-found")
    collection = open_collection()
    collection.fetch("b.raw")
    entries = [collection.registry.find(name) for name in ("d.raw", "c.raw", "b.raw", "a.raw")]
    outcomes = collection.obtain(entries)
    assert [(each.name, each.status) for each in outcomes] == [
        ("d.raw", "fetched"), ("c.raw", "failed"), ("b.raw", "present"), ("a.raw", "fetched"),
    ]  # fmt: skip
    assert isinstance(outcomes[1].error, NotFoundError)
    assert outcomes[2].hash == entries[2].hash


@pytest.mark.parametrize("connections", [0, -1, MAX_CONNECTIONS + 1])
def test_connections_that_cannot_be(drive: Drive, connections: int) -> None:
    """A number of connections that is none is refused before anything is asked."""
    drive.add("a.raw", b"1")
    collection = open_collection()
    with pytest.raises(ValueError, match=f"1 to {MAX_CONNECTIONS}"):
        collection.obtain(collection.registry.select(), connections=connections)
    assert drive.server.requests == []


@pytest.mark.parametrize(("known", "sources"), [("ab" * 32, 2), ("md5:" + "ab" * 16, 1), (None, 1)])
def test_mirrors_need_a_strong_hash(
    drive: Drive, monkeypatch: pytest.MonkeyPatch, known: str | None, sources: int
) -> None:
    """Where nothing would show other bytes, nobody but the registered source is asked."""
    monkeypatch.setenv("EVIO_DATA_MIRRORS", "https://mirror.example/data")
    drive.register(f"a.raw {known or 'unpinned'} https://example.org/a.raw")
    collection = open_collection()
    found = collection.sources(collection.registry.find("a.raw"))
    assert [source.is_mirror for source in found] == [True, False][-sources:]


def test_names_of_one_file_share_a_lock(drive: Drive) -> None:
    """Two keys of one file are one download: the second waits for the first one's lock."""
    file = drive.add("a.raw", noise(1000))
    drive.register(file.registry_line("b.raw"))
    drive.add("c.raw", noise(1000, 2))
    collection = open_collection()
    one, two, other = (collection.job(entry) for entry in collection.registry.select())
    assert one.lock == two.lock is not None
    assert other.lock is None


def test_offline_of_one_file(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the network what is there is there, and what is not fails alone."""
    drive.add("a.raw", noise(1000))
    drive.add("b.raw", noise(1000))
    open_collection().fetch("a.raw")
    monkeypatch.setenv("EVIO_DATA_OFFLINE", "1")
    drive.server.forget()
    report = open_collection().prefetch()
    assert [each.status for each in report] == ["present", "failed"]
    assert isinstance(report[1].error, OfflineError)
    assert drive.server.requests == []
