"""What a second fetch costs: nothing that grows with the file."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data

if TYPE_CHECKING:
    from tests.conftest import Drive

GIB = 2**30
# Everything that a process does to files and sockets passes an audit hook, C code included.
WATCHED = """
import sys
import evio_data
seen = []
WRITES = ("os.mkdir", "os.rename", "os.remove", "os.link", "os.symlink", "os.truncate", "os.utime",
          "os.chmod", "os.rmdir")
def watch(event, arguments):
    if event == "open":
        path, mode, flags = arguments
        import_file = isinstance(path, str) and path.endswith((".py", ".pyc"))
        if not import_file:
            seen.append(("write" if flags & 0b11 else "read", str(path)))
    elif event in WRITES or event.startswith(("socket.", "fcntl.", "hashlib.", "subprocess.")):
        seen.append((event, ""))
sys.addaudithook(watch)
path = evio_data.fetch(sys.argv[1])
for what, where in seen:
    print(what, where)
HEAVY = {"requests", "urllib3", "pooch", "tqdm", "hashlib", "_hashlib", "fcntl", "mmap", "socket"}
print(*sorted(HEAVY & {name.partition(".")[0] for name in sys.modules}))
"""


@pytest.fixture(autouse=True)
def _nobody_measures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep a coverage measurement out of the processes whose every import is counted."""
    for name in ("COVERAGE_PROCESS_START", "COVERAGE_PROCESS_CONFIG"):
        monkeypatch.delenv(name, raising=False)


def test_warm_fetch(drive: Drive, tmp_path: Path) -> None:
    """A warm fetch reads the registry and the stamp: no hash, no write, no lock, no requests."""
    large = tmp_path / "large"
    large.touch()
    os.truncate(large, GIB)
    drive.add("fan.raw", large, pinned=False)
    path = drive.path("fan.raw")
    path.parent.mkdir(parents=True)
    large.rename(path)  # there already: the first fetch hashes it, for its first use
    assert evio_data.fetch("fan.raw") == path
    stamp = drive.state("fan.raw") / "stamp"
    assert drive.run(WATCHED, "fan.raw").splitlines() == [
        f"read {drive.registry}",
        f"read {stamp}",
        "",
    ]


def test_touched_file_is_hashed(drive: Drive) -> None:
    """The witness of the test above sees the hash, the lock and the write of a touched file."""
    drive.add("fan.raw", random.Random(1).randbytes(1000))
    os.utime(evio_data.fetch("fan.raw"), (1, 1))
    seen = drive.run(WATCHED, "fan.raw")
    assert f"read {drive.path('fan.raw')}" in seen
    assert f"write {drive.state('fan.raw') / 'lock'}" in seen
    assert "os.rename" in seen
    assert "hashlib" in seen.splitlines()[-1]


def test_import_costs_nothing(drive: Drive) -> None:
    """Importing the package opens nothing, and imports none of the heavy modules."""
    code = WATCHED.replace("import evio_data\n", "", 1).replace(
        "path = evio_data.fetch(sys.argv[1])", "import evio_data"
    )
    assert drive.run(code, "unused").split() == []
    assert not drive.cache.exists()
