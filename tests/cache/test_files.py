"""What is under a registry key, what vouches for it, and what happens where that is wrong."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._cache.files import Cache
from evio_data._collection import open_collection
from evio_data._files import Folder
from tests.cache.conftest import DATA, NAME
from tests.conftest import FETCH

if TYPE_CHECKING:
    from tests.conftest import Drive


# --- the layout -------------------------------------------------------------------------------


def test_what_others_leave_beside_it(drive: Drive, cached: Path) -> None:
    """Files that readers leave beside a recording are none of our business."""
    index = cached.with_name("fan.raw.tmp_index")
    index.write_text("theirs")
    evio_data.prefetch(verify=True)
    evio_data.verify()
    assert index.read_text() == "theirs"


# --- what vouches for it ----------------------------------------------------------------------


def test_damaged_bytes_are_kept_until_they_are_replaced(drive: Drive, cached: Path) -> None:
    """While the right file cannot be had, nothing has the name and the damaged one is set aside."""
    cached.write_bytes(b"edited by hand")
    file = drive.server.named(NAME)
    assert file is not None
    file.refuse = "quota"
    with pytest.raises(errors.QuotaExceededError):
        evio_data.fetch(NAME)
    aside = drive.state(NAME) / "damaged"
    assert not cached.exists()
    assert aside.read_bytes() == b"edited by hand"
    file.refuse = None
    assert evio_data.fetch(NAME).read_bytes() == DATA
    assert not aside.exists()


@pytest.mark.parametrize("number", [1, 3])
def test_damaged_file_of_which_nothing_is_known(drive: Drive, number: int) -> None:
    """Where our folder was lost, a damaged file is replaced all the same, and nothing is left."""
    names = [f"{each}.raw" for each in range(number)]
    for name in names:
        drive.add(name, DATA[:1000])
        drive.path(name).parent.mkdir(exist_ok=True)
        drive.path(name).write_bytes(b"damaged")
    assert evio_data.prefetch().ok
    for name in names:
        assert drive.path(name).read_bytes() == DATA[:1000]
        assert drive.names_in(drive.state(name)) == ["stamp"]


# --- things in the way ------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["folder", "dangling link", "link to a folder", "pipe"])
def test_something_else_in_the_place_of_the_file(drive: Drive, tmp_path: Path, what: str) -> None:
    """What is no regular file is neither served nor replaced."""
    drive.add(NAME, DATA)
    place, outside = drive.path(NAME), tmp_path / "outside"
    place.parent.mkdir(parents=True)
    if what == "folder":
        place.mkdir()
    elif what == "pipe":
        os.mkfifo(place)
    else:
        if what == "link to a folder":
            outside.mkdir()
        place.symlink_to(outside)
    before = place.lstat()
    with pytest.raises(errors.CacheError, match=NAME):
        evio_data.fetch(NAME)
    assert place.lstat().st_ino == before.st_ino
    (outcome,) = evio_data.prefetch()
    assert isinstance(outcome.error, errors.CacheError)
    assert [o.status for o in evio_data.verify()] == ["failed"]


# --- time -------------------------------------------------------------------------------------


def test_offline_by_word_of_the_caller(drive: Drive) -> None:
    """Where something else than the environment forbids the network, no error blames it."""
    drive.add(NAME, DATA)
    collection = open_collection()
    collection.settings = collection.settings._replace(offline=True)
    with pytest.raises(errors.OfflineError, match="the network is not allowed") as caught:
        collection.fetch(NAME)
    assert "EVIO_DATA_OFFLINE" not in str(caught.value)


# --- others who may write to it ---------------------------------------------------------------

IN_FOLDERS = pytest.mark.skipif(os.unlink not in os.supports_dir_fd, reason="needs POSIX")


@pytest.fixture
def swapped(tmp_path: Path) -> Callable[[Path], Path]:
    """Put a link to a folder of the victim's, with a file in it, in a folder's place."""
    victim = tmp_path / "victim"
    victim.mkdir()
    (victim / "fan.raw").write_bytes(b"mine")

    def swap(folder: Path) -> Path:
        folder.rename(tmp_path / "aside")
        folder.symlink_to(victim)
        return victim

    return swap


def test_nothing_is_published_through_a_link(
    tmp_path: Path, swapped: Callable[[Path], Path]
) -> None:
    """A folder that became a link after it was looked at takes no file, and gives none away."""
    cached_file = Cache(str(tmp_path / "cache")).cached_file(NAME)
    cached_file.prepare()
    (cached_file.state / "x.part").write_bytes(DATA)
    victim = swapped(cached_file.path.parent)
    with pytest.raises(errors.CacheError):
        cached_file.publish(cached_file.state / "x.part", "ab" * 32)
    with pytest.raises(errors.CacheError):
        cached_file.set_aside()
    assert (victim / "fan.raw").read_bytes() == b"mine"


@IN_FOLDERS
def test_tidying_stays_in_the_folder_it_began_in(
    tmp_path: Path, swapped: Callable[[Path], Path]
) -> None:
    """An open folder stays the one it was, whatever its name leads to since."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "fan.raw").write_bytes(b"ours")
    with Folder(str(tmp_path), "ours") as folder:
        victim = swapped(tmp_path / "ours")
        for name in folder.names():
            folder.unlink(name)
    assert (victim / "fan.raw").read_bytes() == b"mine"
    with pytest.raises(NotADirectoryError):
        Folder(str(tmp_path), "ours")


def test_folder_that_is_cleared_away_meanwhile(drive: Drive) -> None:
    """Who clears away empty folders while a file is received does not keep it from its place."""
    drive.add("fan/fan.raw", DATA, rate=2 * len(DATA))
    with drive.spawn(FETCH, "fan/fan.raw") as process:
        while process.poll() is None:
            with suppress(OSError):
                drive.path("fan/fan.raw").parent.rmdir()
            time.sleep(0.05)
        printed, complaint = process.communicate(timeout=30)
    assert process.returncode == 0, complaint
    assert Path(printed.strip()).read_bytes() == DATA


def test_folder_where_a_damaged_file_would_go(drive: Drive) -> None:
    """What cannot be set aside stays, and the error names what is in the way."""
    drive.add(NAME, DATA)
    cached = evio_data.fetch(NAME)
    cached.write_bytes(b"damaged")
    (drive.state(NAME) / "damaged").mkdir()
    with pytest.raises(errors.CacheError, match="damaged: a folder is in its place"):
        evio_data.fetch(NAME)
    assert cached.read_bytes() == b"damaged"
