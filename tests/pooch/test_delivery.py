"""Where a download goes: the mode, the link, the pipe, the disk that pooch named."""

from __future__ import annotations

import errno
import io
import os
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pooch
import pytest

from evio_data import DriveDownloader
from evio_data._pooch.delivery import Delivery, _copy
from evio_data._registry.registry import Entry
from evio_data.errors import (
    CacheError,
    QuotaExceededError,
)
from evio_data.testing import DriveServer
from tests.pooch.data import BYTES, MIB, everything_in, fetched, pup_of

pytestmark = pytest.mark.usefixtures("google")


def test_fault_of_the_output_is_the_callers(server: DriveServer) -> None:
    """An error of the caller's own file is passed on as it is, and costs no second download."""

    class Broken(io.BytesIO):
        def write(self, data: Any) -> int:
            raise OSError(errno.EPIPE, "nobody reads")

    file = server.add("a.raw", BYTES)
    with pytest.raises(BrokenPipeError, match="nobody reads"):
        DriveDownloader()(file.url, Broken(), None)
    server.forget()
    output = io.BytesIO()
    DriveDownloader()(file.url, output, None)
    assert output.getvalue() == BYTES
    assert server.sent() <= 128 * 1024


@pytest.mark.parametrize("umask", [0o022, 0o002, 0o077])
def test_mode_follows_the_umask(umask: int, server: DriveServer, folder: Path) -> None:
    """The file is as readable as any other that the user makes, not only for its owner."""
    pup = pup_of(folder, server.add("a.raw", BYTES))
    before = os.umask(umask)
    try:
        fetched(pup)
    finally:
        os.umask(before)
    assert stat.S_IMODE((folder / "a.raw").stat().st_mode) == 0o666 & ~umask


def test_link_stays_a_link(server: DriveServer, tmp_path: Path) -> None:
    """Through a symbolic link the bytes go to where it points."""
    (tmp_path / "link").symlink_to(tmp_path / "target")
    DriveDownloader()(server.add("a.raw", BYTES).url, tmp_path / "link", None)
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_bytes() == BYTES


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no named pipes")
def test_pipe_stays_a_pipe(server: DriveServer, tmp_path: Path) -> None:
    """A pipe or a device is written to, and never replaced by a file."""
    pipe, received = tmp_path / "pipe", io.BytesIO()
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: received.write(pipe.read_bytes()))
    reader.start()
    DriveDownloader()(server.add("a.raw", BYTES).url, pipe, None)
    reader.join()
    assert received.getvalue() == BYTES
    assert pipe.is_fifo()


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A folder on another file system than the test's own."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or memory.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("has no second file system")
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        yield Path(folder)


def test_other_file_system(server: DriveServer, folder: Path, elsewhere: Path) -> None:
    """An output on another file system arrives whole, with a normal mode, and without litter."""
    file = server.add("a.raw", BYTES)
    DriveDownloader()(file.url, elsewhere / "out", pup_of(folder, file))
    assert (elsewhere / "out").read_bytes() == BYTES
    (folder / "made").touch()
    assert (elsewhere / "out").stat().st_mode == (folder / "made").stat().st_mode
    (folder / "made").unlink()
    assert everything_in(elsewhere) == ["out"]
    assert everything_in(folder) == []


def test_cache_takes_the_partial(server: DriveServer, folder: Path) -> None:
    """Where neither the Pooch's folder nor the output's can hold a partial, our own cache does."""
    folder.mkdir()
    (folder / ".evio-data").write_text("in the way")
    fetched(pup_of(folder, server.add("a.raw", BYTES)))
    assert (folder / "a.raw").read_bytes() == BYTES
    assert everything_in(folder) == [".evio-data", "a.raw"]


def test_folder_that_takes_no_partial(server: DriveServer, folder: Path, tmp_path: Path) -> None:
    """Where the Pooch's folder cannot hold a partial, it waits beside the output."""
    folder.mkdir()
    (folder / ".evio-data").write_text("in the way")
    file = server.add("a.raw", BYTES)
    (tmp_path / "out").mkdir()
    DriveDownloader()(file.url, tmp_path / "out" / "a.raw", pup_of(folder, file))
    assert (tmp_path / "out" / "a.raw").read_bytes() == BYTES
    assert everything_in(tmp_path / "out") == ["a.raw"]


def test_partial_that_a_stranger_put_there(server: DriveServer, tmp_path: Path) -> None:
    """In a folder like ``/tmp``, nothing goes on from what waits in another user's folder."""
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("only root can play another user")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o1777)
    file = server.add("a.raw", BYTES, cut_after=2 * MIB, quota="on-resume")
    with pytest.raises(QuotaExceededError):
        DriveDownloader()(file.url, shared / "theirs", None)
    for path in (shared / ".evio-data").rglob("*.part"):
        with path.open("r+b") as part:
            part.write(b"poison")
    os.chown(shared / ".evio-data", 65534, 65534)
    file.cut_after, file.quota = None, None

    DriveDownloader()(file.url, shared / "ours", None)

    assert (shared / "ours").read_bytes() == BYTES


@pytest.mark.parametrize("theirs", [".evio-data", ".evio-data/*"])
def test_what_a_stranger_left_is_in_nobody_s_way(
    server: DriveServer, tmp_path: Path, theirs: str
) -> None:
    """Where every place has a folder of another user's for this URL, ours is beside it."""
    if not hasattr(os, "geteuid") or os.geteuid():
        pytest.skip("only root can play another user")
    shared = tmp_path / "shared"
    os.environ["EVIO_DATA_DIR"] = str(shared)
    shared.mkdir()
    shared.chmod(0o777)
    file = server.add("a.raw", BYTES, cut_after=2 * MIB, quota="on-resume")
    with pytest.raises(QuotaExceededError):
        DriveDownloader()(file.url, shared / "theirs", None)
    for path in shared.glob(theirs):
        os.chown(path, 65534, 65534)
    for _ in range(2):
        with pytest.raises(QuotaExceededError):
            DriveDownloader()(file.url, shared / "ours", None)
    file.cut_after, file.quota = None, None
    server.forget()

    DriveDownloader()(file.url, shared / "ours", None)

    assert (shared / "ours").read_bytes() == BYTES
    assert server.sent(file) < len(BYTES) - MIB
    assert not (shared / ".evio-data-0").exists()


def test_no_folder_takes_a_partial(server: DriveServer, folder: Path) -> None:
    """Where no place can hold a partial, the error is typed, and pooch does not repeat it."""
    folder.mkdir()
    (folder / ".evio-data").write_text("in the way")
    Path(os.environ["EVIO_DATA_DIR"]).write_text("in the way")
    pup = pup_of(folder, server.add("a.raw", BYTES), retry_if_failed=10)
    with pytest.raises(CacheError, match=r"\.evio-data"):
        fetched(pup)
    assert everything_in(folder) == [".evio-data"]


def test_long_name_on_another_file_system(server: DriveServer, elsewhere: Path) -> None:
    """A name as long as the file system allows leaves space for our own, and is overwritten."""
    pup = pooch.create(Path(os.environ["EVIO_DATA_DIR"]), "")
    output = elsewhere / ("x" * 255)
    output.write_bytes(b"before")
    DriveDownloader()(server.add("a.raw", BYTES).url, output, pup)
    assert output.read_bytes() == BYTES
    assert everything_in(elsewhere) == [output.name]


WRITE = """
import os, sys, pooch
from evio_data import DriveDownloader
folder, url, output = sys.argv[1:]
assert not os.access(folder, os.W_OK)
pup = pooch.create(folder, "", registry={"a.raw": None}, urls={"a.raw": url})
DriveDownloader()(url, output, pup)
"""


def test_read_only_folder(server: DriveServer, folder: Path, tmp_path: Path) -> None:
    """A Pooch whose folder is read-only can still have a file downloaded to elsewhere."""
    powerless: list[str] = []
    if os.geteuid() == 0:  # whom no mode stops, unless the power to ignore it is given up
        if shutil.which("setpriv") is None:
            pytest.skip("runs as root, and cannot give that up")
        powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]
    folder.mkdir(mode=0o555)
    (tmp_path / "out").mkdir()
    url = server.add("a.raw", BYTES).url
    output = tmp_path / "out" / "a.raw"
    command = [*powerless, sys.executable, "-c", WRITE, str(folder), url, str(output)]
    subprocess.run(command, check=True)
    assert (tmp_path / "out" / "a.raw").read_bytes() == BYTES


@pytest.mark.parametrize("how", ["another file system", "a raw file"])
def test_a_disk_that_takes_a_part_of_the_last_block(
    tmp_path: Path, short_writes: int, how: str
) -> None:
    """Bytes that did not all get to where pooch wants them are an error, not a shorter file."""
    resource = pytest.importorskip("resource")
    part, target = tmp_path / "part", tmp_path / "out" / "a.raw"
    target.parent.mkdir()
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    part.write_bytes(bytes(short_writes + 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (short_writes, -1))
    entry = Entry("a.raw", None, "https://example.org/a.raw")
    with target.open("wb", buffering=0) as file:
        handed_over = Delivery(str(tmp_path), entry, file).publish
        hand_over = _copy if how == "another file system" else lambda *_: handed_over(part, "")
        target.unlink()
        with pytest.raises(OSError, match="large"):
            hand_over(part, str(target))
    assert list(target.parent.iterdir()) == []
