"""The places that become mirrors: a folder, and stores without calls of their own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.conftest import MIB, noise
from tests.sharing.pushes import MAIN, pushed

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
