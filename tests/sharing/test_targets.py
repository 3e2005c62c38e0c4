"""The places that become mirrors: a folder, and stores without calls of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.conftest import MIB, noise
from tests.sharing.pushes import MAIN, push_by_command, pushed, rot

if TYPE_CHECKING:
    from tests.conftest import Drive


def names(folder: Path) -> list[str]:
    """Return the files in a folder, hidden ones too."""
    return sorted(path.name for path in folder.iterdir())


KILLED = """
import os, threading
from evio_data._collection import open_collection
from evio_data._sharing.mirror_push import push
def watch(target):
    while True:
        for name in os.listdir(target):
            if name.endswith(".part") and os.path.getsize(os.path.join(target, name)):
                os.kill(os.getpid(), 9)
def run(target):
    threading.Thread(target=watch, args=(target,), daemon=True).start()
    collection = open_collection()
    push(collection, target, collection.registry.entries.values())
"""


def test_a_killed_push_leaves_nothing_for_ever(drive: Drive, tmp_path: Path) -> None:
    """What a push that was killed left in a folder is gone after the next one."""
    drive.add("fan.raw", noise(24 * MIB))
    evio_data.fetch("fan.raw")
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    with drive.spawn(KILLED + f"run({str(mirror)!r})") as process:
        assert process.wait(60) == -9
    assert names(mirror) == [".fan.raw.lock", ".fan.raw.part"]

    assert pushed(mirror).status == "pushed"
    assert names(mirror) == ["fan.raw"]


def test_a_part_beside_the_whole_file_goes(drive: Drive, tmp_path: Path) -> None:
    """A part beside a file that is there already is removed as well."""
    drive.add("fan.raw", noise(1000))
    evio_data.fetch("fan.raw")
    pushed(tmp_path / "mirror")
    (tmp_path / "mirror/.fan.raw.part").touch()

    assert pushed(tmp_path / "mirror").status == "present"
    assert names(tmp_path / "mirror") == ["fan.raw"]


def test_a_store_of_another_kind(drive: Drive, tmp_path: Path) -> None:
    """A store without S3's calls gets the file by fsspec's own means, hashed before."""
    pytest.importorskip("fsspec", reason="the extra mirror is not installed")
    drive.add("fan.raw", noise(1000))
    evio_data.fetch("fan.raw")
    code = (
        "import fsspec, sys\n"
        "from fsspec.implementations.local import LocalFileSystem\n"
        "class Store(LocalFileSystem):\n"
        "    protocol = 'oss'\n"
        "    @classmethod\n"
        "    def _strip_protocol(cls, path):\n"
        f"        return str(path).replace('oss://', {str(tmp_path)!r} + '/')\n"
        "fsspec.register_implementation('oss', Store, clobber=True)\n"
    )
    (tmp_path / "bucket").mkdir()
    with drive.spawn(code + MAIN, "oss://bucket") as process:
        printed, said = process.communicate(timeout=60)

    assert "1 pushed" in printed, said
    assert (tmp_path / "bucket/fan.raw").read_bytes() == noise(1000)


# --- a folder, by the command -----------------------------------------------------------------

DATA = noise(6 * MIB, 3)
OTHER = noise(6 * MIB, 4)


def test_push_to_a_folder(drive: Drive, tmp_path: Path) -> None:
    """Verified files are copied under their keys; what was there is left alone."""
    drive.add("fan/fan.raw", DATA)
    drive.add("hover.raw", OTHER)
    evio_data.fetch("fan.raw")
    target = tmp_path / "mirror"

    assert "1 pushed, 0 present, 1 not verified, 0 failed" in push_by_command(drive, str(target))
    assert "0 pushed, 1 present, 1 not verified, 0 failed" in push_by_command(drive, str(target))
    files = [path for path in target.rglob("*") if path.is_file()]
    assert files == [target / "fan/fan.raw"]
    assert files[0].read_bytes() == DATA


def test_push_takes_no_unverified_file(drive: Drive, tmp_path: Path) -> None:
    """A file that changed since it was verified is not given to others, and that is a failure."""
    drive.add("fan.raw", DATA)
    drive.add("never fetched.raw", OTHER)
    evio_data.fetch("fan.raw").write_bytes(b"changed")

    said = push_by_command(drive, str(tmp_path / "mirror"), code=1)
    assert "0 pushed, 0 present, 1 not verified, 1 failed" in said
    assert "`evio-data verify --repair` mends it" in said
    assert not (tmp_path / "mirror").exists()


def test_push_hashes_what_has_no_stamp(drive: Drive, tmp_path: Path) -> None:
    """A right file whose stamp is lost is hashed, and pushed."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    (drive.state("fan.raw") / "stamp").unlink()

    assert "1 pushed" in push_by_command(drive, str(tmp_path / "mirror"))
    assert (tmp_path / "mirror/fan.raw").read_bytes() == DATA


def test_push_mends_on_request(drive: Drive, tmp_path: Path) -> None:
    """With ``--verify`` what is there is read back, and replaced if it is wrong."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    target = tmp_path / "mirror"
    push_by_command(drive, str(target))
    (target / "fan.raw").write_bytes(OTHER)

    assert "1 present" in push_by_command(drive, str(target))
    assert "1 pushed" in push_by_command(drive, str(target), "fan.raw", "--verify")
    assert (target / "fan.raw").read_bytes() == DATA


def test_push_hashes_on_the_way(drive: Drive, tmp_path: Path) -> None:
    """A file that rotted without a trace in its status is not passed on."""
    drive.add("fan.raw", DATA)
    rot(evio_data.fetch("fan.raw"))

    said = push_by_command(drive, str(tmp_path / "mirror"), code=1)

    assert "was damaged since it was verified" in said
    assert list((tmp_path / "mirror").iterdir()) == []


def test_push_to_a_web_server(drive: Drive) -> None:
    """A URL that cannot be written to is an error that says what can."""
    drive.add("fan.raw", DATA)

    assert "Name a folder, or a URL of s3, gs" in push_by_command(
        drive, "http://example.org", code=1
    )


def test_push_into_what_is_no_folder(drive: Drive, tmp_path: Path) -> None:
    """A target that cannot be written is told for each file."""
    drive.add("fan.raw", DATA)
    evio_data.fetch("fan.raw")
    (tmp_path / "file").touch()

    assert "1 failed" in push_by_command(drive, str(tmp_path / "file"), code=1)
