"""A power cut: what was told of as there is there and right, or it can be fetched again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evio_data._collection import open_collection
from tests.campaign.power import can_mount, cut
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive

NAME = "fan/fan.raw"
DATA = noise(2**20)


@pytest.mark.parametrize("stranger", [False, True], ids=["alone", "beside a stranger's fsync"])
@pytest.mark.parametrize(
    "kind", ["ext4", *(pytest.param(kind, marks=pytest.mark.slow) for kind in ("xfs", "btrfs"))]
)
def test_what_a_disk_holds_at_the_moment(
    drive: Drive, tmp_path: Path, kind: str, *, stranger: bool
) -> None:
    """At the moment of success the disk holds the bytes, the pin, the name and the stamp."""
    if not can_mount(kind):
        pytest.skip(f"needs root, and what makes and mounts {kind}")
    drive.add(NAME, DATA, pinned=False, size=True)
    try:
        left = cut(kind, tmp_path, NAME, stranger=stranger)
    except OSError as error:
        pytest.skip(f"this machine mounts no images: {error}")
    assert left.content == DATA
    assert left.state == "pinned"
    entry = open_collection().registry.find(NAME)
    assert entry.hash is None
    assert left.pin is not None


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which tells the calls")
@pytest.mark.parametrize("how", ["fetch", "import"])
def test_bytes_then_pin_then_name_then_stamp(drive: Drive, tmp_path: Path, how: str) -> None:
    """Each is flushed before the next one comes, by a fetch as by an import."""
    drive.add("fan.raw", DATA, pinned=False)
    log = tmp_path / "log"
    brought = tmp_path / "brought" / "fan.raw"
    brought.parent.mkdir()
    brought.write_bytes(DATA)
    code = "import evio_data; evio_data.fetch('fan.raw')"
    if how == "import":
        code = (
            "import sys; sys.argv = ['evio-data', 'import', '--yes', sys.argv[1]]\n"
            "from evio_data._cli.main import main; main()"
        )
    calls = "trace=fsync,rename,renameat,renameat2,link,linkat"
    done = subprocess.run(
        [
            "strace",
            "-f",
            "-y",
            "-e",
            calls,
            "-o",
            str(log),
            sys.executable,
            "-c",
            code,
            str(brought),
        ],
        capture_output=True,
        text=True,
        env=os.environ,
        timeout=60,
        check=False,
    )
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody be traced")
    assert done.returncode == 0, done.stderr
    lines = log.read_text().splitlines()

    def first(pattern: str) -> int:
        return next(i for i, line in enumerate(lines) if re.search(pattern, line))

    data = first(r"fsync\(.*\.evio-data/fan\.raw/[^/]*\.(part|import)>")
    pin = first(r"link(at)?\(.*\.pins/fan\.raw")
    name = first(r"rename.*\"fan\.raw\"\)|rename.*, \"fan\.raw\"")
    folder = next(
        i for i in range(name, len(lines)) if re.search(r"fsync\(\d+<[^>]*cache>", lines[i])
    )
    stamp = first(r"rename.*\"stamp\"")
    assert data < pin < name < folder < stamp
    assert any("fsync" in line and ".pins/fan.raw" in line for line in lines[pin - 1 : name])
    assert "fsync" in lines[-1] or any("fsync" in line for line in lines[stamp:])
