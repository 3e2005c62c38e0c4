"""What an unpinned file was at its first use is not forgotten, and only that is accepted."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._cache.pins import Pins, pin_of
from tests.commands import run
from tests.conftest import noise

if TYPE_CHECKING:
    from evio_data.testing import DriveFile
    from tests.conftest import Drive

NAME = "fan/fan.raw"
OLD, NEW = noise(50_000, seed=1), noise(50_000, seed=2)


@pytest.fixture
def file(drive: Drive) -> DriveFile:
    """An unpinned file that was fetched, and has other bytes on Drive since."""
    file = drive.add(NAME, OLD, pinned=False)
    evio_data.fetch(NAME)
    file.replace(NEW)
    return file


def lose(drive: Drive, what: str) -> None:
    """Lose the cached file, in one of the ways that there are."""
    if what == "the file and its stamp":
        drive.path(NAME).unlink()
        (drive.state(NAME) / "stamp").unlink()
    elif what == "its folder":
        drive.path(NAME).unlink()
        shutil.rmtree(drive.state(NAME))
    else:
        assert run("clean", *what.split(), "--yes").code == 0
    assert not drive.path(NAME).exists()


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("what", [NAME, "--all", "the file and its stamp", "its folder"])
def test_a_pin_outlives_the_file(drive: Drive, what: str) -> None:
    """After clean, and without a stamp, other bytes are refused; the error says what to do."""
    lose(drive, what)
    with pytest.raises(errors.ChecksumError) as caught:
        evio_data.fetch(NAME)
    assert f"evio-data unpin {NAME}" in caught.value.advice
    assert not drive.path(NAME).exists()


@pytest.mark.usefixtures("file")
def test_unpin_accepts_the_new_bytes(drive: Drive) -> None:
    """Unpin says what it forgets; then the bytes that come are the right ones, and pinned."""
    lose(drive, "--all")
    done = run("unpin", NAME)
    assert (done.code, "--yes" in done.err) == (2, True)  # nobody can be asked
    with pytest.raises(errors.ChecksumError):
        evio_data.fetch(NAME)
    done = run("unpin", "fan.raw", "--yes")
    assert done.code == 0
    assert "1 pin forgotten" in done.out
    assert evio_data.fetch(NAME).read_bytes() == NEW
    (item,) = json.loads(run("list", "--json").out)["files"]
    assert (item["state"], item["hash_state"]) == ("pinned", "pinned")


def test_unpin_of_a_file_that_is_there(drive: Drive) -> None:
    """The file stays; its next use is its first."""
    drive.add(NAME, OLD, pinned=False)
    path = evio_data.fetch(NAME)
    run("unpin", NAME, "--yes")
    assert path.read_bytes() == OLD
    (outcome,) = evio_data.prefetch()
    assert (outcome.status, outcome.first_use) == ("present", True)


def test_another_id_is_another_pin(drive: Drive) -> None:
    """A registry that names another file has nothing to do with the pin; who goes back has it."""
    first = drive.add(NAME, OLD, pinned=False)
    evio_data.fetch(NAME)
    run("clean", "--all", "--yes")
    second = drive.server.add("second", NEW)
    drive.replace(second.registry_line(NAME, pinned=False))
    assert evio_data.fetch(NAME).read_bytes() == NEW
    run("clean", "--all", "--yes")
    drive.replace(first.registry_line(NAME, pinned=False))
    first.replace(NEW)
    with pytest.raises(errors.ChecksumError, match="pinned to its first download"):
        evio_data.fetch(NAME)


def test_a_published_hash_does_not_touch_the_pin(drive: Drive) -> None:
    """Where another registry publishes other bytes of one id, either is told, neither is lost."""
    file = drive.add(NAME, OLD, pinned=False)
    evio_data.fetch(NAME)
    unpinned = drive.registry.read_text()
    file.replace(NEW)
    drive.replace(file.registry_line(NAME))
    assert evio_data.fetch(NAME).read_bytes() == NEW
    drive.registry.write_text(unpinned)
    with pytest.raises(errors.ChecksumError, match="evio-data unpin"):
        evio_data.fetch(NAME)
    assert drive.path(NAME).read_bytes() == NEW
    run("unpin", NAME, "--yes")
    drive.server.forget()
    assert evio_data.fetch(NAME).read_bytes() == NEW
    assert drive.server.requests == []


def test_pooch_s_registry_pins_too(drive: Drive, tmp_path: Path) -> None:
    """In a pooch registry whose hash is None the first bytes count, unlike in pooch's own."""
    file = drive.server.add("a.raw", OLD)
    urls, folder = {"a.raw": file.url}, tmp_path / "pooch"

    def fetch() -> bytes:
        registry = evio_data.Registry(path=folder, base_url="", registry={"a.raw": None}, urls=urls)
        return Path(registry.fetch("a.raw")).read_bytes()

    assert fetch() == OLD
    (folder / "a.raw").unlink()
    file.replace(NEW)
    with pytest.raises(ValueError, match=r"evio-data unpin a\.raw"):
        fetch()
    done = run("unpin", "a.raw", "--yes", "--cache-dir", str(folder))  # in no registry.txt
    assert (done.code, done.err) == (0, "")
    assert fetch() == NEW


def test_the_first_pin_decides(tmp_path: Path) -> None:
    """Of two processes that pin at once, the first one's hash is the one that counts."""
    pins = Pins(str(tmp_path), NAME)
    pins.folder.mkdir(parents=True)
    first, second = (pin_of(c * 64, 1, "drive:1") for c in "ab")
    assert pins.add(first) == first
    assert pins.add(second) == first
    assert pins.add(pin_of("c" * 64, 1, "drive:2")).hash == "c" * 64
    assert {pin.hash[0] for pin in pins.all()} == {"a", "c"}


def test_words(drive: Drive) -> None:
    """A first use is called pinned, and verified is said of published hashes only."""
    drive.add("mine.raw", OLD, pinned=False)
    drive.add("known.raw", NEW)
    done = run("fetch", "mine.raw", "--quiet")
    assert "pinned (no published hash)" in done.err
    assert "verified" not in done.err
    assert "verified" in run("fetch", "known.raw", "--quiet").err
    done = run("verify")
    assert "mine.raw: right, as pinned (no published hash)" in done.out
    assert "known.raw: right\n" in done.out
    states = {
        item["name"]: item["state"] for item in json.loads(run("list", "--json").out)["files"]
    }
    assert states == {"mine.raw": "pinned", "known.raw": "verified"}
    files = json.loads(run("verify", "--json").out)["files"]
    assert {f["name"]: (f["state"], f["hash_state"]) for f in files} == {
        "mine.raw": ("pinned", "pinned"),
        "known.raw": ("verified", "published"),
    }


@pytest.mark.parametrize("pinned", [False, True])
def test_no_mirror_is_offered_without_a_hash(drive: Drive, *, pinned: bool) -> None:
    """What to do about a used-up quota is what is true of this entry."""
    drive.add(NAME, OLD, pinned=pinned, refuse="quota")
    with pytest.raises(errors.QuotaExceededError) as caught:
        evio_data.fetch(NAME)
    assert ("EVIO_DATA_MIRRORS" in caught.value.advice) is pinned
    assert "evio-data import" in caught.value.advice
    assert os.environ["EVIO_DATA_DIR"]
