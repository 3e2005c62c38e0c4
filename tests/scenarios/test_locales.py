"""Names that a locale cannot spell: that file fails alone, and nothing ends in a traceback."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING

import pytest

from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive

# A real locale without an encoding beyond ASCII: Python is told not to help itself.
POSIX = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}
MAIN = "from evio_data._cli.main import main; main()"
PREFETCH = "import evio_data; r = evio_data.prefetch(); print([o.status for o in r])"
FAN = "\u6247.raw"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere names are Unicode")


@pytest.fixture(autouse=True)
def _two_files(drive: Drive) -> None:
    drive.add(FAN, noise(1000), size=True)
    drive.add("plain.raw", noise(1000, 2), size=True)


def run(
    code: str, *words: str, settings: Mapping[str, str] = POSIX
) -> subprocess.CompletedProcess[bytes]:
    """Run Python in a locale, usually one that knows ASCII only."""
    done = subprocess.run(
        [sys.executable, "-c", code, *words],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **settings},
        timeout=60,
        check=False,
    )
    assert b"Traceback" not in done.stderr, done.stderr.decode(errors="replace")
    return done


def test_one_fails_and_the_other_comes() -> None:
    """A prefetch has what it can have."""
    assert run(PREFETCH).stdout == b"['failed', 'fetched']\n"


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["list"], 0),
        (["verify"], 1),
        (["clean"], 0),
        (["clean", "--all", "--yes"], 0),
        (["fetch", "plain.raw"], 0),
        (["prefetch", "--yes"], 1),
        (["prefetch", "--dry-run"], None),
        (["pin", "-o", "new.txt"], None),
    ],
)
def test_commands_end_as_they_should(
    words: list[str], code: int | None, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command says what is wrong with the one file, and does the rest."""
    monkeypatch.chdir(str(tmp_path))
    done = run(MAIN, *words)
    assert code in (None, done.returncode), done.stderr


@pytest.mark.parametrize("words", [["list"], ["verify"], ["prefetch", "--yes"]])
def test_json_is_always_written(words: list[str]) -> None:
    """There is one object on standard output, with both files in it where both were looked at."""
    value = json.loads(run(MAIN, *words, "--json").stdout)
    assert FAN in {file["name"] for file in value["files"]}
