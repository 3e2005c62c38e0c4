"""Clean: what nobody misses goes when asked to; what was paid for, or is none of ours, stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._cache.cleaning import Selection, find_removable, remove
from evio_data._cache.locks import Lock
from evio_data._collection import open_collection
from tests.commands import completed
from tests.conftest import not_measured

if TYPE_CHECKING:
    from tests.conftest import Drive

MAIN = "from evio_data._cli.main import main; main()"
DATA = os.urandom(100_000)
DAY = 86400  # seconds


def clean(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``evio-data clean``."""
    return completed("clean", *arguments)


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return everything below a folder, with the files' bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None
        for path in sorted(folder.rglob("*"))
    }


def put(path: Path, content: bytes = b"x", *, age: float = 0.0) -> Path:
    """Make a file that was last written some seconds ago."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def partial(drive: Drive, name: str, *, age: float = 0.0) -> Path:
    """Leave a partial as a killed download does."""
    put(drive.state(name) / "1-ab.journal", b'{"identity": null, "held": [[0, 9]]}', age=age)
    return put(drive.state(name) / "1-ab.part", DATA[:9], age=age)


# --- dry run ----------------------------------------------------------------------------------


def test_shows_and_touches_nothing(drive: Drive) -> None:
    """Without ``--yes`` it only says what would go, why, and what that frees."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    put(drive.state("fan.raw") / "lock")
    put(drive.state("fan.raw") / "damaged", DATA)
    before = tree(drive.cache)

    done = clean()

    assert done.returncode == 0
    assert f"{drive.state('fan.raw') / 'lock'}: a lock that nobody holds" in done.stdout
    assert "damaged: a damaged copy that was set aside, 97.7 KiB" in done.stdout
    assert "2 files, 97.7 KiB" in done.stdout
    assert "This was a dry run: add --yes" in done.stderr
    assert tree(drive.cache) == before


def test_dry_run_wins_over_yes(drive: Drive) -> None:
    """``--dry-run`` keeps everything even beside ``--yes --all``."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")

    clean("--yes", "--all", "--dry-run")

    assert drive.path("fan.raw").exists()


def test_nothing_to_do(drive: Drive) -> None:
    """A tidy cache, and none at all, are said to be so."""
    assert "is left over" in clean().stdout
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")

    done = clean("--yes")

    assert "is left over" in done.stdout
    assert done.returncode == 0


# --- what goes --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "age"),
    [
        ("lock", 0),
        ("damaged", 0),
        ("2-cd.part", 0),
        ("2-cd.journal", 0),
        ("2-cd.fresh", 2 * 3600),
        ("2-cd.import", 2 * 3600),
        ("2-cd.link", 2 * 3600),
    ],
)
def test_leftovers_beside_a_verified_file(drive: Drive, name: str, age: int) -> None:
    """What is left beside a verified file goes; file and stamp stay, and the file stays warm."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    left = put(drive.state("fan.raw") / name, age=age)

    assert "freed" in clean("--yes").stdout
    assert not left.exists()
    assert drive.path("fan.raw").read_bytes() == DATA
    assert open_collection().cache.cached_file("fan.raw").is_warm(None)


@pytest.mark.parametrize("name", ["2-cd.part", "2-cd.journal"])
def test_half_of_a_partial(drive: Drive, name: str) -> None:
    """Bytes without a journal, and a journal without bytes, are of no use to any download."""
    drive.add("fan.raw", DATA)
    left = put(drive.state("fan.raw") / name, age=2 * 3600)

    clean("--yes")

    assert not left.exists()


def test_partial_of_a_file_that_is_not_registered(drive: Drive) -> None:
    """A partial that this registry does not name goes after a week without a touch, not before."""
    new = partial(drive, "new.raw", age=6 * DAY)
    old = partial(drive, "old.raw", age=8 * DAY)

    clean("--yes")

    assert new.exists()
    assert not old.exists()


def test_temporary_files_of_others(drive: Drive) -> None:
    """In the system's own folder for temporary files, they may be anybody's: they stay."""
    drive.add("fan/fan.raw", DATA)
    old = put(drive.cache / "tmpab12_cd9", age=2 * DAY)
    os.environ["TMPDIR"] = str(drive.cache)

    clean("--yes")

    assert old.exists()


@pytest.mark.parametrize("folder", [".", "fan"])
def test_temporary_files_of_pooch(drive: Drive, folder: str) -> None:
    """What a killed pooch left where it writes goes once it is a day old."""
    drive.add("fan/fan.raw", DATA)
    old = put(drive.cache / folder / "tmpab12_cd9", age=2 * DAY)
    new = put(drive.cache / folder / "tmpxy34_ef8")

    clean("--yes")

    assert not old.exists()
    assert new.exists()


def test_empty_folders(drive: Drive) -> None:
    """Folders of ours that are empty afterwards go with what was in them."""
    drive.add("a/b/fan.raw", DATA)
    put(drive.state("a/b/fan.raw") / "lock")

    clean("--yes")

    assert tree(drive.cache) == {}


def test_folders_that_others_have_just_made(drive: Drive) -> None:
    """A folder from which nothing was removed stays: a download may be about to use it."""
    drive.add("fan.raw", DATA)
    put(drive.state("fan.raw") / "lock")
    theirs = drive.state("a/hover.raw")
    theirs.mkdir(parents=True)

    clean("--yes")

    assert theirs.is_dir()
    assert not drive.state("fan.raw").exists()


# --- what stays -------------------------------------------------------------------------------


def test_partial_stays(drive: Drive) -> None:
    """Bytes that the next download goes on from were paid for: they stay unless asked for."""
    drive.add("fan.raw", DATA)
    part = partial(drive, "fan.raw", age=100 * DAY)

    clean("--yes")
    assert part.exists()

    clean("--yes", "--partials")
    assert drive.left("fan.raw") == []


def test_pin_stays(drive: Drive) -> None:
    """The stamp of an unpinned file that is gone stays: it alone knows the right hash."""
    drive.add("fan.raw", DATA, pinned=False)
    evio_data.fetch("fan.raw").unlink()

    clean("--yes", "--partials")

    assert open_collection().cache.cached_file("fan.raw").known_hash(None)


@pytest.mark.parametrize(
    "name",
    [
        "fan/fan.raw.tmp_index",
        "fan/notes.txt",
        "fan/tmp",
        "fan/tmp_mine.txt",
        "fan/TMPAB12_CD9",
        "elsewhere/tmpab12_cd9",
        "CACHEDIR.TAG",
        ".evio-data/fan/fan.raw/notes.txt",
    ],
)
def test_strangers_stay(drive: Drive, name: str) -> None:
    """A file that is none of ours stays, whatever is asked for."""
    drive.add("fan/fan.raw", DATA)
    evio_data.fetch("fan/fan.raw")
    stranger = put(drive.cache / name, age=100 * DAY)

    clean("--yes", "--all")

    assert stranger.exists()
    assert not drive.path("fan/fan.raw").exists()


def test_a_key_that_looks_like_poochs(drive: Drive) -> None:
    """A registered file stays even if it is called as pooch's temporary files are."""
    drive.add("tmpab12_cd9", DATA)
    path = evio_data.fetch("tmpab12_cd9")
    os.utime(path, (0, 0))

    clean("--yes")

    assert path.exists()


def test_what_somebody_works_on(drive: Drive) -> None:
    """While a file's lock is held, nothing of it goes, not even with ``--all``."""
    drive.add("fan.raw", DATA)
    part = partial(drive, "fan.raw")
    lock = Lock(drive.state("fan.raw") / "lock")
    assert lock.acquire()
    try:
        clean("--yes", "--all")
        assert part.exists()
        assert (drive.state("fan.raw") / "lock").exists()
    finally:
        lock.release()


def test_somebody_comes_back_meanwhile(drive: Drive) -> None:
    """What was found and is in use again before it could go, stays."""
    drive.add("fan.raw", DATA)
    part = partial(drive, "fan.raw")
    collection, choice = open_collection(), Selection(partials=True)
    found = find_removable(collection.cache, collection.registry, choice)
    lock = Lock(drive.state("fan.raw") / "lock")
    assert lock.acquire()
    try:
        assert remove(collection.cache, collection.registry, choice, found) == (0, [])
    finally:
        lock.release()
    assert part.exists()


def test_file_that_became_what_stays(drive: Drive) -> None:
    """What was found is looked at once more before it goes."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    part = partial(drive, "fan.raw")
    collection, choice = open_collection(), Selection()
    found = find_removable(collection.cache, collection.registry, choice)
    drive.path("fan.raw").unlink()

    remove(collection.cache, collection.registry, choice, found)

    assert len(found) == 2
    assert part.exists()


# --- verified files ---------------------------------------------------------------------------


def test_verified_file_goes_only_by_name(drive: Drive) -> None:
    """A verified file goes if it is named, with what is known of it, and no other one does."""
    drive.add("fan/fan.raw", DATA)
    drive.add("hover.raw", DATA)
    evio_data.prefetch()

    done = clean("--yes", "fan.raw")

    assert "fan/fan.raw: the verified file, 97.7 KiB" in done.stdout
    assert not drive.path("fan/fan.raw").parent.exists()
    assert not drive.state("fan").exists()
    assert drive.path("hover.raw").exists()


def test_unknown_name(drive: Drive) -> None:
    """A name that the registry has not is an error, and nothing goes."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    put(drive.state("fan.raw") / "lock")

    assert clean("--yes", "fun.raw").returncode == 2
    assert (drive.state("fan.raw") / "lock").exists()


def test_all(drive: Drive) -> None:
    """``--all`` leaves nothing of the registry's, and can be followed by a fetch."""
    drive.add("fan/fan.raw", DATA)
    drive.add("hover.raw", DATA)
    evio_data.prefetch()

    done = clean("--yes", "--all")

    assert "196 KiB freed" in done.stdout
    assert list(tree(drive.cache)) == ["CACHEDIR.TAG"]
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA


def test_all_without_yes_needs_somebody_to_ask(drive: Drive) -> None:
    """Where nobody can be asked, ``--all`` without ``--yes`` is a dry run."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")

    assert "This was a dry run" in clean("--all").stderr
    assert drive.path("fan.raw").exists()


@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("\n", False)])
def test_all_asks_on_a_terminal(drive: Drive, answer: str, gone: bool) -> None:
    """On a terminal ``--all`` shows what would go and asks before anything does."""
    pty = pytest.importorskip("pty", reason="there are no pseudo-terminals here")
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    master, slave = pty.openpty()
    os.write(master, answer.encode())
    command = [sys.executable, "-c", MAIN, "clean", "--all"]
    done = subprocess.run(
        command, stdin=slave, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(master)
    os.close(slave)

    assert "Remove them, freeing 97.8 KiB? [y/N]" in done.stderr
    assert drive.path("fan.raw").exists() is not gone


# --- links ------------------------------------------------------------------------------------


def test_linked_folder(drive: Drive, tmp_path: Path) -> None:
    """Nothing is found or removed through a folder that is a symbolic link."""
    drive.add("fan/fan.raw", DATA)
    outside = tmp_path / "outside"
    put(outside / "fan.raw", DATA)
    put(outside / "tmpab12_cd9", age=2 * DAY)
    drive.cache.mkdir()
    (drive.cache / "fan").symlink_to(outside)

    clean("--yes", "--all")

    assert sorted(path.name for path in outside.iterdir()) == ["fan.raw", "tmpab12_cd9"]
    assert (drive.cache / "fan").is_symlink()


@pytest.mark.parametrize("at", [".evio-data", ".evio-data/fan.raw"])
def test_linked_state(drive: Drive, tmp_path: Path, at: str) -> None:
    """A link in the place of a folder of ours is not followed."""
    drive.add("fan.raw", DATA)
    outside = tmp_path / "outside"
    put(outside / "fan.raw" / "lock")
    put(outside / "lock")
    link = drive.cache / at
    link.parent.mkdir(parents=True)
    link.symlink_to(outside)

    clean("--yes", "--all")

    assert (outside / "fan.raw" / "lock").exists()
    assert (outside / "lock").exists()


def test_folder_that_becomes_a_link_meanwhile(drive: Drive, tmp_path: Path) -> None:
    """A folder that is swapped for a link after the survey leads nowhere."""
    drive.add("fan/fan.raw", DATA)
    put(drive.cache / "fan/tmpab12_cd9", age=2 * DAY)
    collection = open_collection()
    found = find_removable(collection.cache, collection.registry, Selection())
    outside = tmp_path / "outside"
    victim = put(outside / "tmpab12_cd9")
    (drive.cache / "fan").rename(tmp_path / "moved")
    (drive.cache / "fan").symlink_to(outside)

    freed, faults = remove(collection.cache, collection.registry, Selection(), found)

    assert victim.exists()
    assert freed == 0
    assert len(faults) == 1


def test_link_under_a_key(drive: Drive, tmp_path: Path) -> None:
    """A link in a file's place is none of ours, and neither is what it leads to."""
    drive.add("fan.raw", DATA)
    outside = put(tmp_path / "outside", DATA)
    drive.cache.mkdir()
    drive.path("fan.raw").symlink_to(outside)

    clean("--yes", "--all")

    assert drive.path("fan.raw").is_symlink()
    assert outside.exists()


def test_shared_bytes_free_nothing(drive: Drive, tmp_path: Path) -> None:
    """A file that has a second name elsewhere is told to free nothing."""
    drive.add("fan.raw", DATA)
    os.link(evio_data.fetch("fan.raw"), tmp_path / "other")

    done = clean("--yes", "fan.raw")

    assert "fan.raw: the verified file, 0 B" in done.stdout
    assert (tmp_path / "other").read_bytes() == DATA


def test_read_only_cache(drive: Drive) -> None:
    """What cannot be removed is told, as an error."""
    if os.geteuid() == 0:
        pytest.skip("nothing is read-only for root")
    drive.add("fan.raw", DATA)
    left = put(drive.state("fan.raw") / "damaged")
    left.parent.chmod(0o500)
    try:
        done = clean("--yes")
    finally:
        left.parent.chmod(0o700)
    assert done.returncode == 1
    assert "error: " in done.stderr


# --- what cannot be looked into ---------------------------------------------------------------

UNPRIVILEGED = """
import argparse, os, sys
from evio_data._cli.file_commands import clean_up
asked = {"all": "--all" in sys.argv, "yes": "--yes" in sys.argv, "dry_run": False}
options = argparse.Namespace(registry=None, cache_dir="none", patterns=[], partials=False, **asked)
clean_up(options)  # imports whatever another user may not be able to
options.cache_dir = os.environ["EVIO_DATA_DIR"]
os.setgroups([])
os.setegid(65534)
os.setreuid(65534, 65534)
sys.exit(clean_up(options))
"""


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="needs two users: root only")
@pytest.mark.parametrize("where", ["fan", ".evio-data/fan"])
@pytest.mark.parametrize("words", [["--all", "--yes"], ["--all"], []])
def test_a_folder_that_cannot_be_listed(
    drive: Drive, tmp_path: Path, where: str, words: list[str]
) -> None:
    """What could not be looked into is said, and the exit code is 1, dry run or not."""
    drive.add("fan/fan.raw", DATA)
    evio_data.fetch("fan/fan.raw")
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    drive.registry.chmod(0o644)
    (drive.cache / where).chmod(0o700)

    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, "clean", *words],
        env=not_measured(),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )

    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert f"cannot use {drive.cache / where}: this user has no permission" in done.stderr


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which injects the error")
@pytest.mark.parametrize("words", [["--yes"], []], ids=["yes", "dry"])
@pytest.mark.parametrize("what", ["fan.raw", ".evio-data"])
def test_what_cannot_be_looked_at(drive: Drive, words: list[str], what: str) -> None:
    """A file or a folder of which the disk tells nothing is said, and is no success."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    place = drive.cache / what
    inject = ["-e", "inject=?lstat,?newfstatat,?statx:error=EIO", "-P", str(place)]
    command = [sys.executable, "-m", "evio_data", "clean", "--all", *words]
    done = subprocess.run(
        ["strace", "-f", "-qq", "-o", os.devnull, *inject, *command],
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )
    if "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody be traced")
    assert done.returncode == 1, done.stdout + done.stderr
    assert str(place) in done.stderr
    assert "Input/output error" in done.stderr
