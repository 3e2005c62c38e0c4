"""``evio-data path``: where files are, whatever they are called."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import CONTENT, EVIO_DATA, run
from tests.commands import CODE

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_path(drive: Drive) -> None:
    """`path` prints where the cache is, or where a file is or would be."""
    drive.add("fan/a.raw", CONTENT)
    assert run(EVIO_DATA, "path").out == f"{drive.cache}\n"
    assert run(EVIO_DATA, "path", "a.raw").out == f"{drive.path('fan/a.raw')}\n"


@pytest.mark.skipif(os.name == "nt", reason="a folder in use cannot be removed there")
def test_present_folder_is_gone(drive: Drive, tmp_path: Path) -> None:
    """A relative path from a folder that was removed is an error, and no traceback."""
    script = (
        f'mkdir gone && cd gone && rmdir ../gone && "$1" -c "$2" {EVIO_DATA} path --cache-dir x'
    )
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, CODE],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_names_that_the_locale_cannot_spell(drive: Drive) -> None:
    """Paths are printed as their bytes are, whatever the locale can spell."""
    drive.add("扇.raw", CONTENT)
    done = subprocess.run(
        [sys.executable, "-c", CODE, EVIO_DATA, "path", "扇.raw"],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        timeout=60,
        check=True,
    )
    assert done.stdout.decode() == f"{drive.path('扇.raw')}\n"
