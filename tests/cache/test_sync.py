"""A flush, and what the system tells of bytes that it could not write."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from evio_data._cache.sync import Sync

TWICE = """
import sys
from pathlib import Path
from evio_data._cache.sync import Sync
path = Path(sys.argv[1])
first = Sync(path, [(0, 6)])
first.join()
second = Sync(path, [(0, 6)], after=first)
try:
    second.wait()
except OSError as error:
    print(error.strerror, first.held, second.held)
"""
RECEIVED = """
import os, sys
from pathlib import Path
from evio_data._cache.partial import STEP, SYNC_STEP, Partial
partial = Partial(Path(sys.argv[1]))
partial.open()
span = partial.span_at(0)
while span[1] < 2 * SYNC_STEP:
    span[1] += STEP
    os.truncate(partial.path, span[1])
    partial.checkpoint()
"""
traced = pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace")


def _strace(log: Path, option: str, code: str, argument: Path) -> str:
    traced = ["strace", "-f", "-qq", "-y", "-o", str(log), "-e", option]
    done = subprocess.run(
        [*traced, sys.executable, "-c", code, str(argument)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody be traced")
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_what_is_held(tmp_path: Path) -> None:
    """After a flush, what was there when it began is on the disk."""
    (tmp_path / "file").write_bytes(b"events")
    sync = Sync(tmp_path / "file", [(0, 6)])
    sync.wait()
    assert (sync.is_over(), sync.held, sync.lost) == (True, [(0, 6)], None)


def test_a_missing_file_is_no_loss(tmp_path: Path) -> None:
    """A flush of a file that has gone fails; a later one of the file that is there does not."""
    first = Sync(tmp_path / "file", [(0, 6)])
    first.join()
    (tmp_path / "file").write_bytes(b"events")
    second = Sync(tmp_path / "file", [(0, 6)], after=first)
    second.wait()
    with pytest.raises(FileNotFoundError):
        first.wait()


@traced
def test_a_loss_is_told_to_who_waits_later(tmp_path: Path) -> None:
    """The system tells of a failed write once; a later flush that went well is not believed."""
    (tmp_path / "file").write_bytes(b"events")
    told = _strace(tmp_path / "log", "inject=fsync:error=EIO:when=1", TWICE, tmp_path / "file")
    assert told == "Input/output error [] []\n"


@traced
def test_flushed_while_it_is_received(tmp_path: Path) -> None:
    """A file that arrives in order is flushed by and by, not all at its end."""
    _strace(tmp_path / "log", "trace=fsync", RECEIVED, tmp_path)
    flushes = re.findall(r"fsync\(\d+<[^>]*\.part>", (tmp_path / "log").read_text())
    assert flushes
