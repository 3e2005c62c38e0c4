"""``clean``, ``serve`` and ``mirror push`` as they are typed: what they say, and what they ask."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.cli.programs import CONTENT, EVIO_DATA, run

if TYPE_CHECKING:
    from tests.conftest import Drive


@pytest.fixture
def litter(drive: Drive) -> Path:
    """A file in the cache, and a lock that nobody holds."""
    drive.add("fan/a.raw", CONTENT)
    evio_data.fetch("a.raw")
    lock = drive.state("fan/a.raw") / "lock"
    lock.touch()
    return lock


def test_clean_of_nothing(drive: Drive) -> None:
    """Where nothing can go, nothing is asked."""
    drive.add("a.raw", CONTENT)
    evio_data.fetch("a.raw")
    done = run(EVIO_DATA, "clean")
    assert (done.code, "Nothing" in done.out + done.err) == (0, True)


def test_clean_without_anybody_to_ask(litter: Path) -> None:
    """Without a terminal and without ``--yes`` it is a dry run that says so."""
    done = run(EVIO_DATA, "clean")
    assert "fan/a.raw/lock: a lock that nobody holds" in done.out
    assert "This was a dry run" in done.err
    assert litter.exists()
    assert run(EVIO_DATA, "clean", "--yes").code == 0
    assert not litter.exists()


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("answer", "gone"), [("y\n", True), ("\n", False)])
def test_clean_asks(litter: Path, answer: str, *, gone: bool) -> None:
    """On a terminal ``clean`` asks before it removes anything, however little it is."""
    import pty

    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    command = [sys.executable, "-m", "evio_data", "clean"]
    done = subprocess.run(
        command, stdin=theirs, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert "[y/N]" in done.stderr
    assert litter.exists() is not gone


def test_push_counts(litter: Path, drive: Drive, tmp_path: Path) -> None:
    """A push says what became of each file, and adds up."""
    drive.add("b.raw", CONTENT)
    done = run(EVIO_DATA, "mirror", "push", str(tmp_path / "mirror"))
    assert done.out.splitlines() == [
        "fan/a.raw: pushed, 293 KiB",
        "1 pushed, 0 present, 1 not verified, 0 failed",
    ]
