"""Who works in a folder: known across threads and processes, until they leave or die."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evio_data._pooch.folder_lock import SharedFolderLock

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="folders cannot be locked there")
BE_THERE = """
import sys
from evio_data._pooch.folder_lock import SharedFolderLock
lock = SharedFolderLock(sys.argv[1])
print("here", flush=True)
sys.stdin.read()
"""


def test_alone(tmp_path: Path) -> None:
    """Who is alone may tidy up; nothing is written for that."""
    lock = SharedFolderLock(str(tmp_path))
    assert lock.is_exclusive()
    assert list(tmp_path.iterdir()) == []
    lock.release()
    lock.release()
    assert not lock.is_exclusive()


def test_two_in_one_process(tmp_path: Path) -> None:
    """Of two threads' locks neither is alone before the other one is gone."""
    one, other = SharedFolderLock(str(tmp_path)), SharedFolderLock(str(tmp_path))
    assert not one.is_exclusive()
    one.release()
    assert other.is_exclusive()
    other.release()


def test_another_process_that_dies(tmp_path: Path) -> None:
    """A process that was killed is there no longer."""
    process = subprocess.Popen(
        [sys.executable, "-c", BE_THERE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
        lock = SharedFolderLock(str(tmp_path))
        assert not lock.is_exclusive()
        process.kill()
        process.wait()
        assert lock.is_exclusive()
        lock.release()


def test_folder_that_cannot_be_opened(tmp_path: Path) -> None:
    """Where nothing is known nobody is alone."""
    lock = SharedFolderLock(str(tmp_path / "none"))
    assert not lock.is_exclusive()
    lock.release()
