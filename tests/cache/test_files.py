"""What is under a registry key, what vouches for it, and what happens where that is wrong."""

from __future__ import annotations

import os
import shutil
import stat
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


def same_status(path: Path, status: os.stat_result) -> None:
    """Give a file the times it had."""
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


# --- the layout -------------------------------------------------------------------------------


def test_layout(drive: Drive) -> None:
    """The file has its own name; everything of ours is in one hidden folder, beside a tag."""
    drive.add(NAME, DATA)
    assert evio_data.fetch(NAME) == drive.cache / NAME
    assert drive.names_in(drive.cache) == [".evio-data", "CACHEDIR.TAG", "fan"]
    assert drive.names_in(drive.cache / "fan") == ["fan.raw"]
    assert drive.names_in(drive.state(NAME)) == ["stamp"]
    tag = (drive.cache / "CACHEDIR.TAG").read_text()
    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55")


def test_what_others_leave_beside_it(drive: Drive, cached: Path) -> None:
    """Files that readers leave beside a recording are none of our business."""
    index = cached.with_name("fan.raw.tmp_index")
    index.write_text("theirs")
    evio_data.prefetch(verify=True)
    evio_data.verify()
    assert index.read_text() == "theirs"


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


# --- what vouches for it ----------------------------------------------------------------------


def test_state_folder_is_expendable(drive: Drive, cached: Path) -> None:
    """Without our folder, the file is hashed and stamped again, not fetched again."""
    shutil.rmtree(drive.cache / ".evio-data")
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert drive.names_in(drive.state(NAME)) == ["stamp"]


def test_touched(drive: Drive, cached: Path) -> None:
    """A file whose time has changed is hashed again, and stamped again."""
    os.utime(cached, (1, 1))
    stamp = drive.state(NAME) / "stamp"
    before = stamp.read_text()
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert stamp.read_text() != before


def test_replaced_by_equal_bytes(drive: Drive, cached: Path) -> None:
    """A file with another inode, but the same time and size, is hashed again."""
    status = cached.stat()
    twin = cached.with_name("twin")
    twin.write_bytes(b"!" + DATA[1:])
    same_status(twin, status)
    twin.replace(cached)
    assert evio_data.fetch(NAME).read_bytes() == DATA
    assert drive.server.requests != []


def test_damaged_by_a_writer(drive: Drive, cached: Path) -> None:
    """A file that was written to is found damaged by the next fetch, and fetched again."""
    with cached.open("r+b") as file:
        file.write(b"damage")
    assert evio_data.fetch(NAME).read_bytes() == DATA
    assert drive.left(NAME) == []


def test_cut_off(drive: Drive, cached: Path) -> None:
    """A file that was cut off is fetched again."""
    os.truncate(cached, 1000)
    assert evio_data.fetch(NAME).read_bytes() == DATA


def test_flipped_byte_with_its_time_restored(drive: Drive, cached: Path) -> None:
    """What no status shows, ``verify`` finds; it reports, and changes nothing."""
    status = cached.stat()
    with cached.open("r+b") as file:
        file.seek(500)
        file.write(bytes([DATA[500] ^ 1]))
    same_status(cached, status)
    assert evio_data.fetch(NAME) == cached
    damaged = cached.read_bytes()
    (outcome,) = evio_data.verify()
    assert (outcome.name, outcome.status) == (NAME, "failed")
    assert isinstance(outcome.error, errors.ChecksumError)
    assert outcome.error.name == NAME
    assert cached.read_bytes() == damaged


@pytest.mark.parametrize("how", ["fetch", "prefetch"])
def test_flipped_byte_is_mended(drive: Drive, cached: Path, how: str) -> None:
    """``verify=True`` finds such a file and fetches it again."""
    status = cached.stat()
    with cached.open("r+b") as file:
        file.write(bytes([DATA[0] ^ 1]))
    same_status(cached, status)
    if how == "fetch":
        evio_data.fetch(NAME, verify=True)
    else:
        assert [outcome.status for outcome in evio_data.prefetch(verify=True)] == ["fetched"]
    assert cached.read_bytes() == DATA


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


def test_another_hash_in_the_registry(drive: Drive) -> None:
    """A stamp vouches for the registered hash only: another one means to look, and to fetch."""
    file = drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    file.replace(DATA[::-1])
    drive.replace(file.registry_line(NAME))
    assert evio_data.fetch(NAME).read_bytes() == DATA[::-1]
    assert path.exists()


def test_killed_before_the_stamp(drive: Drive, cached: Path) -> None:
    """A kill between publication and stamp costs one hash, and leaves nothing behind."""
    (drive.state(NAME) / "stamp").unlink()
    for litter in ("1-2.journal", "3-4.part", "5-6.fresh"):
        (drive.state(NAME) / litter).write_text("litter")
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert drive.names_in(drive.state(NAME)) == ["stamp"]


GARBAGE = {
    "empty": b"",
    "binary": bytes(range(256)),
    "one word": b"abc\n",
    "not numbers": b"a" * 64 + b" x y z\n",
    "long": b"9" * 5000,
    "a path": b"../../../etc/passwd 1 1 1\n",
    "numbers beyond belief": b"a" * 64 + b" -1 99999999999999999999999999 0\n",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_in_the_stamp(drive: Drive, text: bytes) -> None:
    """A stamp of any content vouches for nothing: the file is hashed, and stamped again."""
    drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    right = (drive.state(NAME) / "stamp").read_bytes()
    (drive.state(NAME) / "stamp").write_bytes(text)
    drive.server.forget()
    assert evio_data.fetch(NAME) == path
    assert drive.server.requests == []
    assert (drive.state(NAME) / "stamp").read_bytes() == right


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_something_else_in_the_place_of_the_stamp(
    drive: Drive, cached: Path, tmp_path: Path, what: str
) -> None:
    """Whatever is in the place of a stamp, the file is served, and nothing outside is written."""
    stamp, outside = drive.state(NAME) / "stamp", tmp_path / "outside"
    stamp.unlink()
    if what == "folder":
        stamp.mkdir()
    elif what == "link":
        stamp.symlink_to(outside)
    else:
        os.mkfifo(stamp)
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert not outside.exists()


# --- things in the way ------------------------------------------------------------------------


def test_cache_that_is_a_file(drive: Drive) -> None:
    """A file in the place of the cache is a typed error that names it."""
    drive.add(NAME, DATA)
    drive.cache.write_text("not a folder")
    with pytest.raises(errors.CacheError, match="cache"):
        evio_data.fetch(NAME)
    assert drive.cache.read_text() == "not a folder"


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


# --- time -------------------------------------------------------------------------------------


def test_written_to_as_soon_as_it_is_there(drive: Drive) -> None:
    """The stamp is of the file that was hashed: who changes it once it is public is noticed."""
    drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    words = (drive.state(NAME) / "stamp").read_text().split()
    status = path.stat()
    assert words[1:4] == [str(status.st_size), str(status.st_mtime_ns), str(status.st_ino)]
    assert status.st_mtime_ns <= time.time_ns()


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


# --- links to files that are elsewhere --------------------------------------------------------


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
