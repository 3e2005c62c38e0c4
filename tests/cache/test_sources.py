"""Two registries over one cache: a file belongs to its source, a pin to its source and its key."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._collection import Collection, open_collection
from tests.cache.conftest import MINE, NAME, THEIRS, other_registry
from tests.commands import run
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive


# --- whose file it is -------------------------------------------------------------------------


@pytest.mark.parametrize("theirs_pinned", [False, True])
@pytest.mark.parametrize("mine_pinned", [False, True])
def test_another_source_is_refused(drive: Drive, *, mine_pinned: bool, theirs_pinned: bool) -> None:
    """Whoever asks for another file under the same key is told whose it is; nothing changes."""
    mine = drive.add(NAME, MINE, pinned=mine_pinned)
    path = evio_data.fetch(NAME)
    before = {file: file.read_bytes() for file in drive.cache.rglob("*") if file.is_file()}
    other = open_collection(other_registry(drive, THEIRS, pinned=theirs_pinned))
    for attempt in (other.fetch, lambda name: other.fetch(name, verify=True)):
        with pytest.raises(errors.CacheError) as caught:
            attempt(NAME)
        assert caught.value.name == NAME
        for word in (f"drive:{mine.id}", "cache_dir", "EVIO_DATA_DIR"):
            assert word in str(caught.value)
    (outcome,) = other.prefetch()
    assert isinstance(outcome.error, errors.CacheError)
    (outcome,) = other.verify()
    assert isinstance(outcome.error, errors.CacheError)
    after = {file: file.read_bytes() for file in drive.cache.rglob("*") if file.is_file()}
    assert after == before
    assert evio_data.fetch(NAME) == path


def test_only_another_s_damaged_copy_is_there(drive: Drive) -> None:
    """Then the error says where that copy is, and that it may be removed; it is not replaced."""
    drive.add(NAME, MINE)
    evio_data.fetch(NAME)
    copy = drive.path(NAME).rename(drive.state(NAME) / "damaged")
    other = open_collection(other_registry(drive, THEIRS, pinned=True))
    with pytest.raises(errors.CacheError, match="damaged copy of another file") as caught:
        other.fetch(NAME)
    assert str(copy) in str(caught.value)
    assert copy.read_bytes() == MINE
    copy.unlink()
    assert other.fetch(NAME).read_bytes() == THEIRS


def test_equal_published_hashes_are_the_same_file(drive: Drive) -> None:
    """Where the published hash is the same, so are the bytes, whoever sends them."""
    drive.add(NAME, MINE)
    path = evio_data.fetch(NAME)
    drive.server.forget()
    other = open_collection(other_registry(drive, MINE, pinned=True))
    assert other.fetch(NAME) == path
    assert [outcome.status for outcome in other.verify()] == ["present"]
    assert drive.server.requests == []
    assert evio_data.fetch(NAME) == path


def test_a_folder_of_its_own_is_the_way_out(drive: Drive, tmp_path: Path) -> None:
    """What the error advises works: both files, each in its own cache."""
    drive.add(NAME, MINE, pinned=False)
    evio_data.fetch(NAME)
    registry = other_registry(drive, THEIRS, pinned=False)
    theirs = open_collection(registry, tmp_path / "own").fetch(NAME)
    assert (theirs.read_bytes(), evio_data.fetch(NAME).read_bytes()) == (THEIRS, MINE)


def test_partials_belong_to_their_source(drive: Drive) -> None:
    """What arrived of one file is not gone on from for another, though nothing else differs."""
    file = drive.add(NAME, noise(3 * 2**20, 5), pinned=False, cut_after=2**21, quota="on-resume")
    with pytest.raises(errors.DownloadError):
        evio_data.fetch(NAME)
    assert drive.left(NAME) == [".journal", ".part"]
    content = noise(3 * 2**20, 6)
    other = open_collection(other_registry(drive, content, pinned=False))
    assert other.fetch(NAME).read_bytes() == content
    file.cut_after = file.quota = None


# --- all that looks at a cached file ----------------------------------------------------------


@pytest.fixture
def foreign(drive: Drive, monkeypatch: pytest.MonkeyPatch) -> Collection:
    """A registry, the environment's, whose one key another registry has filled."""
    drive.add(NAME, MINE, pinned=False)
    evio_data.fetch(NAME)
    registry = other_registry(drive, THEIRS, pinned=False)
    monkeypatch.setenv("EVIO_DATA_REGISTRY", str(registry))
    return open_collection()


def test_commands_obey(drive: Drive, foreign: Collection, tmp_path: Path) -> None:
    """List names the state; clean, pin, mirror push and import leave the file alone, and say so."""
    del foreign
    (item,) = json.loads(run("list", "--json").out)["files"]
    assert (item["state"], item["size"]) == ("another source's", None)
    assert "another source's" in run("list").out
    done = run("clean", NAME, "--yes")
    assert (done.code, "left alone" in done.err) == (1, True)
    assert run("clean", "--all", "--yes").code == 0
    done = run("pin", "-o", str(tmp_path / "new.txt"))
    assert (done.code, "another one" in done.err) == (1, True)
    assert "0 pushed" in run("mirror", "push", str(tmp_path / "mirror")).out
    bring = tmp_path / "fan.raw"
    bring.write_bytes(THEIRS)
    done = run("import", str(bring), "--yes")
    assert (done.code, "another one" in done.err) == (1, True)
    done = run("prefetch", "--dry-run")
    assert (done.code, "another one" in done.out) == (1, True)
    assert drive.path(NAME).read_bytes() == MINE


def test_nothing_foreign_is_served(drive: Drive, foreign: Collection) -> None:
    """What another registry has put there is not handed out under this one's name."""
    from evio_data._sharing.handler import verified

    assert list(verified(foreign)) == []
    assert foreign.cached_file(foreign.registry.find(NAME)).opened(None) is None
    assert drive.path(NAME).exists()


def test_pooch_s_registry_obeys(drive: Drive, foreign: Collection) -> None:
    """A pooch registry gets the same error, and changes as little."""
    del foreign
    registry = evio_data.Registry.open(os.environ["EVIO_DATA_REGISTRY"])
    with pytest.raises(errors.CacheError, match="another one"):
        registry.fetch(NAME)
    assert drive.path(NAME).read_bytes() == MINE
