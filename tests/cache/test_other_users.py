"""Caches of several users: read only, shared, or of somebody without a home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from tests.cache.conftest import DATA, NAME
from tests.conftest import not_measured

if TYPE_CHECKING:
    from tests.conftest import Drive

NOBODY = 65534  # the user and the group that own nothing
STRANGER = 54321  # a user that no passwd file has
TWO_USERS = pytest.mark.skipif(
    os.name == "nt" or os.getuid() != 0, reason="needs two users: root only"
)


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that other users may pass through: each start of a pytest shuts its own to them."""
    places = [Path(place) for place in (tempfile.gettempdir(), "/tmp", "/var/tmp")]
    place = next((place for place in places if place.is_dir() and is_open(place)), places[0])
    with tempfile.TemporaryDirectory(dir=place, ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


def is_open(folder: Path) -> bool:
    """Say whether every user may pass through a folder."""
    return all(each.stat().st_mode & 0o001 for each in (folder, *folder.parents))


AS_NOBODY = """
import os, sys
import evio_data
cache = os.environ["EVIO_DATA_DIR"]
os.environ["EVIO_DATA_DIR"] = sys.argv[1]
evio_data.fetch("any.raw")  # imports whatever another user may not be able to
evio_data.fetch("any.raw", verify=True)
os.environ["EVIO_DATA_DIR"] = cache
if os.getuid() == 0:
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
try:
    print(evio_data.fetch(sys.argv[2], verify="verify" in sys.argv))
except evio_data.errors.EvioDataError as error:
    print(type(error).__name__, error)
"""


def as_nobody(drive: Drive, name: str, *words: str) -> str:
    """Fetch as another user where we are root, else as ourselves."""
    drive.add("any.raw", b"events")
    printed = drive.run(AS_NOBODY, str(drive.registry.parent / "root"), name, *words)
    drive.replace(drive.registry.read_text().rpartition("any.raw")[0])
    return printed


def read_only(folder: Path) -> None:
    """Take the right to write from a whole tree."""
    for path in [folder, *folder.rglob("*")]:
        path.chmod(path.stat().st_mode & ~0o222)


@pytest.fixture
def _writable_again(drive: Drive) -> Iterator[None]:
    yield
    subprocess.run(["chmod", "-R", "u+w", str(drive.cache)], check=True)


@pytest.mark.usefixtures("_writable_again")
@pytest.mark.parametrize("stamped", [True, False])
def test_read_only_cache_serves(drive: Drive, cached: Path, stamped: bool) -> None:
    """A cache that cannot be written to serves what it has, with a stamp or by hashing."""
    if not stamped:
        shutil.rmtree(drive.cache / ".evio-data")
    read_only(drive.cache)
    assert as_nobody(drive, NAME) == f"{cached}\n"
    assert as_nobody(drive, NAME, "verify") == f"{cached}\n"
    assert drive.server.sent(drive.server.named(NAME)) == 0


@pytest.mark.usefixtures("_writable_again")
def test_read_only_cache_without_the_file(drive: Drive) -> None:
    """A missing file in a cache that cannot be written to is a typed error."""
    drive.add(NAME, DATA)
    drive.cache.mkdir()
    read_only(drive.cache)
    assert as_nobody(drive, NAME).startswith(f"CacheError {NAME}: cannot use")
    assert drive.server.sent(drive.server.named(NAME)) == 0


@TWO_USERS
@pytest.mark.parametrize("sticky", [False, True])
def test_another_user_in_a_shared_cache(drive: Drive, sticky: bool) -> None:
    """A lock and a partial that another user left are no obstacle, in a sticky folder neither."""
    file = drive.add(NAME, DATA, cut_after=2**19, quota="on-resume")
    before = os.umask(0o000)
    try:
        with pytest.raises(errors.DownloadError):
            evio_data.fetch(NAME)
    finally:
        os.umask(before)
    (drive.state(NAME) / "lock").touch(0o600)
    assert drive.left(NAME) == [".journal", ".part", "lock"]
    if sticky:
        for folder in [drive.cache, *drive.cache.rglob("*/"), *drive.cache.glob(".evio-data/**/")]:
            if folder.is_dir():
                folder.chmod(0o1777)
    file.cut_after = file.quota = None
    drive.server.forget()
    assert as_nobody(drive, NAME) == f"{drive.path(NAME)}\n"
    assert drive.path(NAME).read_bytes() == DATA
    assert (drive.server.sent(file) < len(DATA)) is not sticky


# --- a cache that was copied elsewhere --------------------------------------------------------


@pytest.mark.usefixtures("_writable_again")
@pytest.mark.parametrize("whole_seconds", [False, True])
def test_a_copied_cache_that_is_read_only_is_warm(
    drive: Drive, cached: Path, tmp_path: Path, *, whole_seconds: bool
) -> None:
    """Other inodes, and times as an archive keeps them, are no reason to hash at every start."""
    copy = tmp_path / "copy"
    shutil.copytree(drive.cache, copy)
    there = copy / NAME
    if whole_seconds:
        os.utime(there, (int(there.stat().st_mtime), int(there.stat().st_mtime)))
    assert there.stat().st_ino != cached.stat().st_ino
    read_only(copy)
    os.environ["EVIO_DATA_DIR"] = str(copy)
    try:
        drive.add("any.raw", b"events")
        printed = drive.run(UNHASHED, str(drive.registry.parent / "root"), NAME)
    finally:
        os.environ["EVIO_DATA_DIR"] = str(drive.cache)
        subprocess.run(["chmod", "-R", "u+w", str(copy)], check=True)
    assert printed == "warm\n"


UNHASHED = """
import os, sys
import evio_data
from evio_data._collection import open_collection
collection = open_collection()
if os.getuid() == 0:
    os.setgroups([])
    os.setegid(65534)
    os.setreuid(65534, 65534)
entry = collection.registry.find(sys.argv[2])
print("warm" if collection.cached_file(entry).is_warm(entry.hash) else "cold")
"""


# --- commands of a real second user ------------------------------------------------------------


def run_as(user: int, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``evio-data`` as another user, from the first instruction on."""
    for needed in (
        evio_data.__file__,
        sys.executable,
        os.path.realpath(sys.executable),
        os.__file__,
    ):
        if not is_open(Path(needed).parent):
            pytest.skip("other users cannot read this Python or this checkout")
    done = subprocess.run(
        [sys.executable, "-c", "from evio_data._cli.main import main; main()", *words],
        user=user,
        group=user,
        extra_groups=[],
        cwd="/",
        env={**not_measured(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


@TWO_USERS
def test_another_user_reads_a_cache(drive: Drive, cached: Path) -> None:
    """Who may only read is served and shown all, and is told what could not be done."""
    assert run_as(NOBODY, "fetch", NAME).stdout == f"{cached}\n"
    assert run_as(NOBODY, "verify", NAME).returncode == 0
    assert run_as(NOBODY, "list").returncode == 0
    cleaned = run_as(NOBODY, "clean", "--yes", NAME)
    assert cleaned.returncode == 1
    assert str(cached) in cleaned.stderr
    unpinned = run_as(NOBODY, "unpin", "--yes", NAME)
    assert unpinned.returncode == ("not pinned" not in unpinned.stdout)
    assert run_as(NOBODY, "fetch", NAME).stdout == f"{cached}\n"
    assert not drive.server.requests


@TWO_USERS
def test_a_user_without_a_home(drive: Drive) -> None:
    """Without HOME and passwd entry the error says what to set, and with it set all works."""
    drive.add(NAME, DATA)
    environment = {"HOME": "", "XDG_CACHE_HOME": ""}
    homeless = run_as(STRANGER, "fetch", NAME, EVIO_DATA_DIR="", **environment)
    assert homeless.returncode != 0
    assert "EVIO_DATA_DIR" in homeless.stderr
    own = drive.registry.parent / "own"
    own.mkdir()
    os.chown(own, STRANGER, STRANGER)
    fetched = run_as(STRANGER, "fetch", NAME, EVIO_DATA_DIR=str(own), **environment)
    assert fetched.stdout == f"{own / NAME}\n", fetched.stderr
    assert (own / NAME).read_bytes() == DATA
