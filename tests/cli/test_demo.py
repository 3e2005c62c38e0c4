"""The demonstration, from an empty folder, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

COMMAND = "from evio_data._cli.main import prefetch_datasets; prefetch_datasets()"
NAMES = ["fan.dat", "fan.raw", "fan_slow.raw"]


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """Where the demonstration finds the folder for temporary files."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    return folder


def demo(temporary: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the demonstration, far from its folder."""
    here = temporary.parent / "here"
    here.mkdir(exist_ok=True)
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, "--demo", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        cwd=here,
        env={**os.environ, "TMPDIR": str(temporary), **environment},
        timeout=100,
        check=False,
    )
    assert list(here.iterdir()) == []
    assert "Traceback" not in done.stderr
    return done


def root(temporary: Path) -> Path:
    """Return the demonstration's own folder."""
    (folder,) = temporary.iterdir()
    return folder


@pytest.mark.slow
def test_demo_fetches_cuts_and_resumes(temporary: Path) -> None:
    """All of it is fetched past the warning page, one file is resumed, and the words say so.

    Another run starts afresh, in a folder of its own that nobody else can enter; with a cache that
    has the file, it finds it present.
    A proxy and a switched-off network are no matter: nothing leaves this machine.
    """
    strange = {"http_proxy": "http://127.0.0.1:9", "EVIO_DATA_OFFLINE": "1"}
    first = demo(temporary, "--yes", **strange)
    assert first.returncode == 0, first.stderr
    assert "3 fetched, 0 present, 0 failed" in first.stdout
    assert "resuming saved 60.0 MiB" in first.stdout
    assert "the connection was reset; 60.0 MiB are kept, trying again" in first.stderr
    assert f"On disk in {root(temporary)}/cache" in first.stdout
    cache = root(temporary) / "cache" / "synthetic"
    assert sorted(path.name for path in cache.iterdir()) == NAMES
    assert min(path.stat().st_size for path in cache.iterdir()) > 100 * 2**20

    assert sorted(path.name for path in root(temporary).iterdir()) == ["cache", "registry.txt"]
    assert os.name == "nt" or root(temporary).stat().st_mode & 0o777 == 0o700

    other = ["--quiet", "--cache-dir", str(temporary.parent / "another cache"), "fan.dat"]
    second = demo(temporary, "--yes", *other)
    assert second.returncode == 0
    assert second.stdout.startswith("1 fetched, 0 present")
    assert len(list(temporary.iterdir())) == 2
    copy = temporary.parent / "another cache" / "synthetic" / "fan.dat"
    assert copy.read_bytes() == (cache / "fan.dat").read_bytes()

    third = demo(temporary, "--yes", "--json", *other)
    assert json.loads(third.stdout)["present"] == 1
    assert len(list(temporary.iterdir())) == 2


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there an open file cannot be removed")
def test_demo_that_is_killed_leaves_no_recordings(temporary: Path) -> None:
    """Beside the cache, no more than an empty folder is left of a demonstration that is killed."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--demo", "--yes", "--quiet"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
    ) as process:
        while not any(temporary.glob("*/registry.txt")):
            assert process.poll() is None
            time.sleep(0.01)
        process.kill()
    left = [path for path in root(temporary).rglob("*") if path.is_file()]
    assert [path.name for path in left if "cache" not in path.parts] == ["registry.txt"]


def test_demo_asks_before_it_makes_anything(temporary: Path) -> None:
    """Without --yes and without a terminal nothing is made."""
    done = demo(temporary)
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_demo_dry_run_writes_nothing(temporary: Path, form: list[str]) -> None:
    """A dry run of the demonstration tells sizes, and makes nothing to do so."""
    done = demo(temporary, "--dry-run", *form)
    assert done.returncode == 0
    assert "134,217,728 bytes" in done.stdout or json.loads(done.stdout)["missing"] == 3
    assert list(temporary.iterdir()) == []


def test_demo_knows_its_names(temporary: Path) -> None:
    """A name that the demonstration does not have is an error of usage."""
    done = demo(temporary, "--yes", "fan_fast.raw")
    assert done.returncode == 2
    assert list(temporary.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="a small tmpfs")
def test_demo_without_space(temporary: Path) -> None:
    """Where its recordings do not fit, the demonstration names the variable that moves them."""
    if subprocess.call(["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", temporary]):
        pytest.skip("no tmpfs can be mounted here")
    try:
        done = demo(temporary, "--yes")
        left = list(temporary.iterdir())
    finally:
        subprocess.call(["umount", temporary])
    assert done.returncode == 1
    assert "set TMPDIR" in done.stderr
    assert "EVIO_DATA_DIR" not in done.stderr
    assert left == []


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_demo_that_is_interrupted_leaves_nothing(temporary: Path) -> None:
    """An interrupted demonstration takes its folder away, and says that the next starts afresh."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, "--demo", "--yes"],
        env={**os.environ, "TMPDIR": str(temporary)},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        while not any(temporary.glob("*/cache/.evio-data/synthetic/*/*.part")):
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        words = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert "starts from the beginning" in words
    assert list(temporary.iterdir()) == []
