"""Faults of the disk told as what they are, and files that are written whole or not at all."""

from __future__ import annotations

import errno
import io
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._files import (
    COPY_STEP,
    Folder,
    as_cache_error,
    check_free_space,
    copy_all,
    write_atomically,
)

if TYPE_CHECKING:
    from tests.conftest import Drive


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "quota"),
        (errno.EFBIG, "larger than a file may be"),
        (errno.EMFILE, "this process has too many files open"),
        (errno.ENFILE, "this machine has too many files open"),
        (errno.EROFS, "read-only file system"),
        (errno.EACCES, "no permission"),
    ],
)
def test_a_fault_is_told_as_what_it_is(tmp_path: Path, code: int, words: str) -> None:
    """Each kind of fault has its own words, and keeps its number."""
    error = as_cache_error(OSError(code, os.strerror(code)), tmp_path / "fan.raw")
    assert words in error.message
    assert "fan.raw" in error.message
    assert error.errno == code


def test_no_space_is_told_before_the_first_byte(tmp_path: Path) -> None:
    """What a disk cannot take is refused, also where the folder is still to be made."""
    check_free_space(1, tmp_path / "not" / "there")
    with pytest.raises(errors.CacheError, match=r"needs 4\.00 TiB"):
        check_free_space(4 * 2**40, tmp_path / "not")


@pytest.fixture
def tiny_disk(tmp_path: Path) -> Path:
    """Mount a disk in memory that takes few files."""
    if sys.platform != "linux" or os.getuid() != 0:
        pytest.skip("mounts a disk: root on Linux only")
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m,nr_inodes=6", "tmpfs", str(place)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this machine mounts nothing")
    return place


def test_inodes_that_are_used_up(
    drive: Drive, tiny_disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk that has space but takes no further file is not called full."""
    drive.add("fan/deep/down.raw", b"events")
    monkeypatch.setenv("EVIO_DATA_DIR", str(tiny_disk / "cache"))
    try:
        with pytest.raises(errors.CacheError, match="inodes are used up"):
            evio_data.fetch("fan/deep/down.raw")
    finally:
        subprocess.run(["umount", "-l", str(tiny_disk)], check=True)


LIMITED = """
import resource, sys, evio_data
kind, limit = getattr(resource, sys.argv[2]), int(sys.argv[3])
import evio_data._transfer.engine, signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(kind, (limit, limit))
(outcome,) = evio_data.prefetch([sys.argv[1]])
print(outcome.error)
"""


@pytest.mark.skipif(os.name == "nt", reason="needs limits of POSIX")
def test_the_limit_of_a_file_s_size(drive: Drive) -> None:
    """A file that is larger than this user's files may be is told so, and not as a full disk."""
    drive.add("fan.raw", bytes(3 * 2**20))
    printed = drive.run(LIMITED, "fan.raw", "RLIMIT_FSIZE", str(2**20))
    assert "larger than a file may be here" in printed


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    """New bytes take the place of old ones in one step; what cannot be written leaves nothing."""
    place = tmp_path / "file"
    write_atomically(place, b"one")
    write_atomically(place, b"two")
    assert place.read_bytes() == b"two"
    with Folder(str(tmp_path)) as folder, pytest.raises(FileExistsError):
        folder.write("file", b"three", exclusive=True)
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(tmp_path / "folder", b"four")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
    assert place.read_bytes() == b"two"


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which tells the calls")
def test_bytes_then_name_then_folder(tmp_path: Path) -> None:
    """The bytes are on the disk before the name, and the name before success is told."""
    log, place = tmp_path / "log", tmp_path / "file"
    code = "import sys; from evio_data._files import write_atomically as w; w(sys.argv[1], b'new')"
    calls = "trace=fsync,fdatasync,rename,renameat,renameat2"
    traced = ["strace", "-qq", "-e", calls, "-o", str(log)]
    subprocess.run(  # -I -B: no coverage and no compiled modules, which are written in this way too
        [*traced, sys.executable, "-IB", "-c", code, str(place)], check=True, env={}
    )
    names = [line.partition("(")[0] for line in log.read_text().splitlines() if "(" in line]
    assert [name[:6] for name in names][-3:] == ["fsync", "rename", "fsync"]


@pytest.mark.parametrize("buffering", [0, -1])
def test_a_short_write_is_an_error(tmp_path: Path, short_writes: int, buffering: int) -> None:
    """A last block that a full disk takes a part of is not taken for written."""
    with (
        pytest.raises(OSError, match="large"),
        (tmp_path / "copy").open("wb", buffering) as target,
    ):
        copy_all(io.BytesIO(bytes(short_writes + 10)), target)


def test_copy_to_a_file_of_somebody_else_s() -> None:
    """An object whose ``write`` returns nothing has taken all."""
    taken: list[bytes] = []

    class Sink:
        def write(self, data: bytes) -> None:
            taken.append(bytes(data))

    data = bytes(2 * COPY_STEP + 10)
    copy_all(io.BytesIO(data), Sink())  # type: ignore[arg-type]
    assert b"".join(taken) == data
