"""Pushing to a mirror: what becomes of each file, and which words name a place."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._cache.locks import Lock
from evio_data._collection import open_collection
from evio_data._sharing.mirror_push import Pushed, push, target_of
from evio_data._sharing.targets import FolderTarget
from evio_data.errors import EvioDataError
from tests.conftest import noise
from tests.sharing.pushes import pushed

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_each_file_has_its_fate(drive: Drive, tmp_path: Path) -> None:
    """What is verified is pushed, what is there stays, what is not cached or damaged is told."""
    for name in ("a.raw", "b.raw", "c.raw", "d.raw"):
        drive.add(name, noise(1000, ord(name[0])))
    for name in ("a.raw", "b.raw", "c.raw"):
        evio_data.fetch(name)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "b.raw").write_bytes(noise(1000, ord("b")))
    drive.path("c.raw").write_bytes(b"damaged")
    collection, told = open_collection(), list[Pushed]()

    done = push(
        collection, str(tmp_path / "mirror"), collection.registry.entries.values(), tell=told.append
    )

    assert told == done
    assert [(each.name, each.status) for each in done] == [
        ("a.raw", "pushed"), ("b.raw", "present"), ("c.raw", "failed"), ("d.raw", "not verified"),
    ]  # fmt: skip
    assert (tmp_path / "mirror" / "a.raw").read_bytes() == noise(1000, ord("a"))
    assert sorted(os.listdir(tmp_path / "mirror")) == ["a.raw", "b.raw"]  # noqa: PTH208


@pytest.mark.parametrize("check", [False, True])
def test_other_bytes_of_the_same_size(drive: Drive, tmp_path: Path, *, check: bool) -> None:
    """A mirror's file goes by its size; its bytes are read back where somebody asks for that."""
    drive.add("fan.raw", noise(1000))
    evio_data.fetch("fan.raw")
    (tmp_path / "fan.raw").write_bytes(noise(1000, 2))
    collection = open_collection()

    (done,) = push(collection, str(tmp_path), collection.registry.entries.values(), check=check)

    assert done.status == ("pushed" if check else "present")
    assert (tmp_path / "fan.raw").read_bytes() == noise(1000, 1 if check else 2)


def test_two_pushes_of_one_file(drive: Drive, tmp_path: Path) -> None:
    """While one process pushes a file, another one is told so and touches nothing."""
    drive.add("fan.raw", noise(1000))
    evio_data.fetch("fan.raw")
    lock = Lock(tmp_path / "mirror/.fan.raw.lock")
    assert lock.acquire()
    try:
        (tmp_path / "mirror/.fan.raw.part").write_bytes(b"half")

        assert "pushed there by another process" in str(pushed(tmp_path / "mirror").error)
        assert (tmp_path / "mirror/.fan.raw.part").read_bytes() == b"half"
    finally:
        lock.release()


@pytest.mark.parametrize("word", ["https://lab.example/data", "ftp://x/y", "s3://", "nonsense://x"])
def test_no_place_to_write_to(word: str) -> None:
    """A URL that nobody can write to is refused, with what is possible."""
    with pytest.raises(EvioDataError, match="cannot write to that URL") as caught:
        target_of(word)
    assert "folder" in caught.value.advice


def test_a_folder_by_its_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A path may begin with the home folder."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "a.raw").write_bytes(b"12345")
    place = target_of("~/mirror")
    assert isinstance(place, FolderTarget)
    assert (place.size_of("a.raw"), place.size_of("b.raw")) == (5, None)
