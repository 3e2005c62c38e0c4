"""``evio-data unpin``: what it forgets is shown first, and nothing goes unasked."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.cli.programs import CONTENT, EVIO_DATA, run

if TYPE_CHECKING:
    from tests.conftest import Drive

COMMAND = [sys.executable, "-m", "evio_data", "unpin", "a.raw"]


@pytest.fixture(autouse=True)
def _pinned(drive: Drive) -> None:
    """A file that was pinned at its first use, and one that has a published hash."""
    drive.add("fan/a.raw", CONTENT, pinned=False)
    drive.add("b.raw", CONTENT)
    evio_data.prefetch()


def test_what_is_forgotten_is_shown(drive: Drive) -> None:
    """Hash, day and source are shown; the file stays."""
    done = run(EVIO_DATA, "unpin", "a.raw", "--yes")
    assert done.code == 0
    assert "fan/a.raw: SHA-256 " in done.out
    assert "first used on 20" in done.out
    assert "1 pin forgotten" in done.out
    assert drive.path("fan/a.raw").read_bytes() == CONTENT
    assert "not pinned" in run(EVIO_DATA, "unpin", "a.raw", "--yes").out


def test_what_was_never_pinned() -> None:
    """A file with a published hash has no pin, and that is no fault."""
    done = run(EVIO_DATA, "unpin", "b.raw")
    assert (done.code, "b.raw: not pinned in " in done.out) == (0, True)


def test_unknown_name() -> None:
    """A name that neither registry nor cache knows is an error of usage, with a suggestion."""
    done = run(EVIO_DATA, "unpin", "aa.raw")
    assert done.code == 2
    assert "Did you mean" in done.err


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("no\n", 1)])
def test_the_question(answer: str, code: int) -> None:
    """On a terminal it is asked, and anything but yes keeps the pin."""
    import pty

    ours, theirs = pty.openpty()
    os.write(ours, answer.encode())
    done = subprocess.run(
        COMMAND, stdin=theirs, capture_output=True, text=True, timeout=60, check=False
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code
    assert "Forget 1 pin" in done.stderr
    assert ("not pinned" in run(EVIO_DATA, "unpin", "a.raw", "--yes").out) == (code == 0)
