"""The folders of a cache: what is in which, with which modes, and never through a link."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._cache.layout import make_again, make_folders
from evio_data._cache.locks import Lock
from evio_data._cache.partial import Partial
from evio_data._collection import open_collection
from tests.cache.conftest import DATA, NAME

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_layout(drive: Drive) -> None:
    """The file has its own name; everything of ours is in one hidden folder, beside a tag."""
    drive.add(NAME, DATA)
    assert evio_data.fetch(NAME) == drive.cache / NAME
    assert drive.names_in(drive.cache) == [".evio-data", "CACHEDIR.TAG", "fan"]
    assert drive.names_in(drive.cache / "fan") == ["fan.raw"]
    assert drive.names_in(drive.state(NAME)) == ["stamp"]
    tag = (drive.cache / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o755), (0o002, 0o775), (0o077, 0o700)])
def test_modes_follow_the_umask(drive: Drive, umask: int, mode: int) -> None:
    """File, stamp, tag and folders have the modes that the umask leaves, so a group can share."""
    drive.add(NAME, DATA)
    before = os.umask(umask)
    try:
        path = evio_data.fetch(NAME)
    finally:
        os.umask(before)
    files = [path, drive.state(NAME) / "stamp", drive.cache / "CACHEDIR.TAG"]
    folders = [path.parent, drive.cache, drive.cache / ".evio-data", drive.state(NAME)]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {mode & 0o666}
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in folders} == {mode}


def test_cache_that_is_a_file(drive: Drive) -> None:
    """A file in the place of the cache is a typed error that names it."""
    drive.add(NAME, DATA)
    drive.cache.write_text("not a folder")
    with pytest.raises(errors.CacheError, match="cache"):
        evio_data.fetch(NAME)
    assert drive.cache.read_text() == "not a folder"


@pytest.mark.parametrize("where", [".evio-data", ".evio-data/fan", ".evio-data/fan/fan.raw", "fan"])
@pytest.mark.parametrize("what", ["file", "link"])
def test_something_else_in_the_place_of_a_folder(
    drive: Drive, tmp_path: Path, where: str, what: str
) -> None:
    """A link in the place of one of the cache's folders is not followed; a file is not replaced."""
    drive.add(NAME, DATA)
    outside = tmp_path / "outside"
    outside.mkdir()
    place = drive.cache / where
    place.parent.mkdir(parents=True)
    if what == "link":
        place.symlink_to(outside, target_is_directory=True)
    else:
        place.write_text("mine")
    with pytest.raises(errors.CacheError, match=where.rpartition("/")[2]):
        evio_data.fetch(NAME)
    assert drive.names_in(outside) == []


def test_link_in_the_place_of_the_state_folder_of_a_right_file(
    drive: Drive, cached: Path, tmp_path: Path
) -> None:
    """A file that is there is served in spite of such a link; still nothing goes through it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(drive.cache / ".evio-data")
    (drive.cache / ".evio-data").symlink_to(outside, target_is_directory=True)
    assert evio_data.fetch(NAME) == cached
    assert drive.names_in(outside) == []


def test_link_in_the_place_of_the_tag(drive: Drive, tmp_path: Path) -> None:
    """The tag is not written through a link."""
    drive.add(NAME, DATA)
    drive.cache.mkdir()
    (drive.cache / "CACHEDIR.TAG").symlink_to(tmp_path / "outside")
    evio_data.fetch(NAME)
    assert not (tmp_path / "outside").exists()


def linked(drive: Drive, folder: Path, content: bytes, *, pinned: bool) -> tuple[Path, Path]:
    """Register a file, and put a link to one that is elsewhere in its place."""
    drive.add(NAME, DATA, pinned=pinned)
    elsewhere = folder / "annex" / "object"
    elsewhere.parent.mkdir()
    elsewhere.write_bytes(content)
    place = drive.path(NAME)
    place.parent.mkdir(parents=True)
    place.symlink_to(elsewhere)
    return place, elsewhere


@pytest.mark.parametrize("pinned", [True, False])
def test_a_link_to_a_good_file_is_read_through(
    drive: Drive, tmp_path: Path, *, pinned: bool
) -> None:
    """What git-annex or a shared disk has put there is hashed once, then warm, and left alone."""
    place, elsewhere = linked(drive, tmp_path, DATA, pinned=pinned)
    before = elsewhere.stat()
    assert evio_data.fetch(NAME) == place
    assert evio_data.fetch(NAME).read_bytes() == DATA
    assert [outcome.status for outcome in evio_data.verify()] == ["present"]
    entry = open_collection().registry.find(NAME)
    opened = open_collection().cached_file(entry).opened(entry.hash)
    assert opened is not None
    opened[0].close()
    assert place.is_symlink()
    assert (elsewhere.stat().st_mtime_ns, elsewhere.stat().st_ino) == (
        before.st_mtime_ns,
        before.st_ino,
    )
    assert drive.server.requests == []


def test_a_link_to_other_bytes_is_left_alone(drive: Drive, tmp_path: Path) -> None:
    """Neither the link nor what it leads to is replaced; the error says what to do."""
    place, elsewhere = linked(drive, tmp_path, b"mine", pinned=True)
    for _ in range(2):
        with pytest.raises(errors.CacheError, match="symbolic link"):
            evio_data.fetch(NAME)
    assert (place.is_symlink(), elsewhere.read_bytes()) == (True, b"mine")
    assert drive.server.requests == []


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="needs two users: root only")
def test_a_stranger_s_link_is_not_read_through(drive: Drive, tmp_path: Path) -> None:
    """In a folder that others may write to, a link that is not the owner's leads nowhere."""
    place, _ = linked(drive, tmp_path, DATA, pinned=True)
    os.lchown(place, 65534, 65534)
    with pytest.raises(errors.CacheError, match="symbolic link"):
        evio_data.fetch(NAME)


@pytest.mark.parametrize("who", ["lock", "partial", "folders"])
@pytest.mark.parametrize("at", [".evio-data", ".evio-data/fan"])
def test_a_link_that_comes_meanwhile(tmp_path: Path, who: str, at: str) -> None:
    """A folder that is made again is not made where somebody's link leads meanwhile.

    A folder of ours was once made outside the cache (campaign 281205).
    """
    outside, state = tmp_path / "outside", tmp_path / "cache" / ".evio-data" / "fan" / "a.raw"
    outside.mkdir()
    state.mkdir(parents=True)
    place = tmp_path / "cache" / at
    shutil.rmtree(place)
    place.symlink_to(outside, target_is_directory=True)
    if who == "lock":
        Lock(state / "lock").acquire()
    elif who == "partial":
        with pytest.raises(errors.CacheError):
            Partial(state).open()
    else:
        with pytest.raises(errors.CacheError):
            make_folders(str(tmp_path / "cache"), [".evio-data", "fan", "a.raw"])
    assert list(outside.iterdir()) == []


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    """The error has the whole path, also where the folders are made one in the other."""
    name = "x" * 300  # longer than any file system takes
    with pytest.raises(OSError, match="long") as caught:
        make_folders(str(tmp_path), ["fan", name])
    assert caught.value.filename == str(tmp_path / "fan" / name)


def test_cache_in_a_link_that_is_called_as_ours(tmp_path: Path) -> None:
    """A cache may be where its owner's own link leads, whatever that is called."""
    (tmp_path / "disk").mkdir()
    (tmp_path / ".evio-data").symlink_to(tmp_path / "disk", target_is_directory=True)
    state = tmp_path / ".evio-data" / "cache" / ".evio-data" / "a.raw"
    make_again(str(state))
    assert (tmp_path / "disk" / "cache" / ".evio-data" / "a.raw").is_dir()


def test_folders_that_are_made(tmp_path: Path) -> None:
    """Only what is missing is made, and whether the last one was is said."""
    assert make_folders(str(tmp_path), ["a", "b"])
    assert not make_folders(str(tmp_path), ["a", "b"])
    assert make_folders(str(tmp_path), ["a", "c"])
    assert not make_folders(str(tmp_path), [])
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["b", "c"]
