"""How bytes get into the cache: never shared with what can be edited, never half."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from evio_data._collection import open_collection
from evio_data.errors import CacheError
from tests.conftest import MIB, noise
from tests.importing.shelf import Shelf


def test_source_is_not_shared(shelf: Shelf) -> None:
    """Editing the imported file in place later does not touch the cached one."""
    fan = shelf.want("fan.raw", noise(5000))
    path = shelf.put("x", fan)
    shelf.bring()

    path.write_bytes(b"edited")

    assert shelf.cached() == {"fan.raw": fan}


@pytest.mark.parametrize("link", [True, False])
def test_from_another_file_system(shelf: Shelf, link: bool) -> None:
    """Across file systems, where blocks cannot be shared nor linked, a file is copied."""
    memory = Path("/dev/shm")
    if not memory.is_mount() or memory.stat().st_dev == shelf.have.parent.stat().st_dev:
        pytest.skip("no other file system here")
    fan = shelf.want("fan.raw", noise(20 * MIB))
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        Path(folder, "x").write_bytes(fan)
        (done,) = shelf.bring(Path(folder), link=link).imported

    assert done.how == "copied"
    assert shelf.cached() == {"fan.raw": fan}
    assert shelf.left() == []


def test_hard_link_on_request(shelf: Shelf) -> None:
    """With ``link`` no second copy is made where blocks cannot be shared."""
    path = shelf.put("x", shelf.want("fan.raw", noise(5000)))

    (done,) = shelf.bring(link=True).imported

    assert done.how in ("linked", "cloned")
    linked = path.stat().st_ino == (shelf.cache / "fan.raw").stat().st_ino
    assert linked == (done.how == "linked")
    assert shelf.left() == []


def test_edited_hard_link_is_noticed(shelf: Shelf) -> None:
    """A linked file that is edited in place is not taken for verified any more."""
    path = shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.bring(link=True)
    (shelf.cache / "fan.raw").unlink()
    os.link(path, shelf.cache / "fan.raw")

    path.write_bytes(noise(5000, 2))

    assert not open_collection().cache.cached_file("fan.raw").is_warm(None)


def test_full_disk(shelf: Shelf) -> None:
    """A file that the disk cannot take is refused before a byte is written."""
    memory = Path("/dev/shm")
    if not memory.is_mount():
        pytest.skip("no small file system here")
    free = os.statvfs(memory)
    size = free.f_bavail * free.f_frsize + MIB
    shelf.registry.write_text(f"fan.raw {'0' * 64} https://example.org/x#size={size}\n")
    path = shelf.have / "fan.raw"
    with path.open("wb") as file:
        file.truncate(size)
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        os.environ["EVIO_DATA_DIR"] = folder
        with pytest.raises(CacheError, match="free"):
            shelf.bring(path)
        left = [path for path in Path(folder).rglob("*") if path.is_file()]
        assert [path.name for path in left] == ["CACHEDIR.TAG"]


def test_modes_follow_the_umask(shelf: Shelf) -> None:
    """A private file becomes a cached file that the group can read, as every other one."""
    path = shelf.put("x", shelf.want("fan.raw", noise(5000)))
    path.chmod(0o600)
    mask = os.umask(0o022)
    try:
        shelf.bring()
    finally:
        os.umask(mask)

    assert stat.S_IMODE((shelf.cache / "fan.raw").stat().st_mode) == 0o644


def test_killed_import_leaves_nothing_under_the_key(shelf: Shelf) -> None:
    """After kill -9 the key names nothing, and the next import succeeds and tidies up."""
    fan = noise(48 * MIB)
    shelf.want("fan.raw", fan)
    shelf.zip({"x": fan})
    code = f"""
import os, sys
from evio_data._importing import importer as _importing
from evio_data._collection import open_collection
sys.setswitchinterval(1e-5)
import threading, time
def watch():
    while True:
        for at, _, names in os.walk({str(shelf.cache)!r}):
            for name in names:
                if name.endswith(".import") and os.path.getsize(os.path.join(at, name)):
                    os.kill(os.getpid(), 9)
threading.Thread(target=watch, daemon=True).start()
_importing.import_paths(open_collection(), [{str(shelf.have)!r}])
"""
    killed = subprocess.run([sys.executable, "-c", code], timeout=60, check=False)
    assert killed.returncode == -9
    assert shelf.cached() == {}
    assert any(name.endswith(".import") for name in shelf.left())

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}
    assert shelf.left() == []
