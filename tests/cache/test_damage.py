"""Damage is a state, from when it is found until it is mended; and doubt is no first use."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from tests.commands import CODE, run
from tests.conftest import noise

if TYPE_CHECKING:
    from evio_data.testing import DriveFile
    from tests.conftest import Drive

NAME = "fan/fan.raw"
DATA = noise(60_000)


@pytest.fixture(params=[True, False], ids=["published", "pinned"])
def file(drive: Drive, request: pytest.FixtureRequest) -> DriveFile:
    """A cached file, damaged since."""
    file = drive.add(NAME, DATA, pinned=request.param)
    evio_data.fetch(NAME)
    damage(drive)
    return file


def damage(drive: Drive) -> None:
    """Change a byte of the cached file."""
    with drive.path(NAME).open("r+b") as cached:
        cached.write(bytes([DATA[0] ^ 1]))


def state() -> str:
    """Return the state that the inventory says."""
    (item,) = json.loads(run("list", "--json").out)["files"]
    return str(item["state"])


@pytest.mark.usefixtures("file")
def test_found_and_said_until_it_is_mended() -> None:
    """Verify finds it, list says so, fetch mends it."""
    assert state() == "unverified"
    for _ in range(2):
        done = run("verify")
        assert done.code == 1
        assert "0 files right, 1 wrong, 0 not cached" in done.out
        assert state() == "damaged"
    (found,) = json.loads(run("verify", "--json").out)["files"]
    assert found["state"] == "damaged"
    evio_data.fetch(NAME)
    assert state() in ("verified", "pinned")
    assert run("verify").code == 0


def test_bit_rot_that_no_status_shows(drive: Drive) -> None:
    """Once found, a file whose status looks right is not handed out any more."""
    import os

    drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    before = path.stat()
    damage(drive)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert run("verify").code == 1
    assert state() == "damaged"
    assert evio_data.fetch(NAME).read_bytes() == DATA


def test_a_repair_that_fails_is_not_forgotten(drive: Drive, file: DriveFile) -> None:
    """While the right file cannot be had, each look says damaged, and exits 1."""
    file.refuse = "quota"
    done = run("verify", "--repair")
    assert done.code == 1
    assert (done.out + done.err).count(f"{NAME}: Drive") == 1  # one file, one message
    for words in (["verify"], ["verify", "--repair"]):
        assert run(*words).code == 1
        assert state() == "damaged"
    assert (drive.state(NAME) / "damaged").exists()
    file.refuse = None
    assert run("verify", "--repair").code == 0
    assert (state() in ("verified", "pinned"), drive.left(NAME)) == (True, [])


@pytest.mark.skipif(sys.platform == "win32", reason="kills as POSIX does")
def test_a_repair_that_is_killed_is_not_forgotten(drive: Drive, file: DriveFile) -> None:
    """Killed while it receives, a repair leaves a damaged file, not a missing one."""
    file.rate = 20_000
    with subprocess.Popen(
        [sys.executable, "-c", CODE, "main", "verify", "--repair"],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if "fetching it again" in line:
                break
        process.send_signal(signal.SIGKILL)
    file.rate = None
    assert not drive.path(NAME).exists()
    assert state() == "damaged"
    done = run("verify")
    assert (done.code, "1 wrong" in done.out) == (1, True)
    assert run("verify", "--repair").code == 0


def test_damaged_and_offline(drive: Drive, file: DriveFile) -> None:
    """What was set aside is told of as that, where it cannot be fetched."""
    file.refuse = "quota"
    run("verify", "--repair")
    done = run("fetch", NAME, EVIO_DATA_OFFLINE="1")
    assert done.code == 1
    assert "was damaged, and is not replaced yet" in done.err


# --- doubt ------------------------------------------------------------------------------------


def pins_of(drive: Drive) -> list[Path]:
    """Return the files of all pins."""
    folder = drive.cache / ".evio-data" / ".pins"
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("stamp", [b"", b"\0" * 90, b"garbled"])
@pytest.mark.parametrize("content", [b"", b"\0" * len(DATA)])
def test_a_spoilt_stamp_is_no_first_use(drive: Drive, stamp: bytes, content: bytes) -> None:
    """What a power cut of an earlier version's cache has left is fetched again, not pinned."""
    drive.add(NAME, DATA, pinned=False)
    path = evio_data.fetch(NAME)
    for pin in pins_of(drive):
        pin.unlink()
    path.write_bytes(content)
    (drive.state(NAME) / "stamp").write_bytes(stamp)
    (outcome,) = evio_data.verify()
    assert isinstance(outcome.error, errors.ChecksumError)
    assert pins_of(drive) == []
    assert evio_data.fetch(NAME).read_bytes() == DATA


@pytest.mark.parametrize("place", [".evio-data/fan", "", "stamp"])
def test_something_else_in_the_place_of_a_stamp_is_no_first_use(drive: Drive, place: str) -> None:
    """A file whose record is gone, with a file or a folder in its place, is not pinned."""
    drive.add(NAME, DATA, pinned=False)
    path = drive.path(NAME)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"another registry's")
    in_the_way = drive.cache / place if place.startswith(".") else drive.state(NAME) / place
    in_the_way.parent.mkdir(parents=True, exist_ok=True)
    in_the_way.mkdir() if place == "stamp" else in_the_way.touch()
    (outcome,) = evio_data.verify()
    assert isinstance(outcome.error, errors.ChecksumError)
    assert pins_of(drive) == []


@pytest.mark.parametrize("size", [True, False])
def test_an_empty_file_is_no_first_use(drive: Drive, *, size: bool) -> None:
    """A file of no bytes without a record is fetched, whatever the registry says of its size."""
    drive.add(NAME, DATA, pinned=False, size=size)
    drive.path(NAME).parent.mkdir(parents=True)
    drive.path(NAME).touch()
    assert [outcome.status for outcome in evio_data.verify()] == ["failed"]
    assert evio_data.fetch(NAME).read_bytes() == DATA


@pytest.mark.parametrize("how", ["fetch", "verify", "pin", "import"])
def test_a_known_size_is_always_compared(drive: Drive, tmp_path: Path, how: str) -> None:
    """A file that is not of the registered size is no first use, by whatever way it is met."""
    drive.add(NAME, DATA, pinned=False, size=True)
    place = tmp_path / "fan.raw" if how == "import" else drive.path(NAME)
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(DATA[:-1])
    if how == "fetch":
        assert evio_data.fetch(NAME).read_bytes() == DATA
    elif how == "import":
        done = run("import", str(place), "--yes")
        assert (done.code, "another size" in done.err) == (1, True)
    else:
        words = ["verify"] if how == "verify" else ["pin", "-o", str(tmp_path / "new.txt")]
        assert run(*words).code == 1
    if how != "fetch":
        assert pins_of(drive) == []
