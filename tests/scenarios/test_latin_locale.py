"""A locale of one byte a character: names that it has are shown, and others fail alone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import noise
from tests.scenarios.test_locales import MAIN, run

if TYPE_CHECKING:
    from tests.conftest import Drive

LATIN, FAN = "L\u00fcfter.raw", "\u6247.raw"
NAME = "en_US.ISO-8859-1"


@pytest.fixture(scope="session")
def latin(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A real Latin-1 locale, made where glibc's sources of locales are."""
    tool, folder = shutil.which("localedef"), tmp_path_factory.mktemp("locales")
    if tool is None:
        pytest.skip("there is no localedef to make a Latin-1 locale with")
    subprocess.run([tool, "-i", "en_US", "-f", "ISO-8859-1", folder / NAME], check=False)
    settings = {"LOCPATH": str(folder), "LC_ALL": NAME}
    settings |= {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
    said = run("import sys; print(sys.getfilesystemencoding())", settings=settings)
    if said.stdout != b"iso8859-1\n":
        pytest.skip("localedef has no sources to make a Latin-1 locale of")
    return settings


@pytest.fixture(autouse=True)
def _three_files(drive: Drive) -> None:
    for seed, name in enumerate((LATIN, FAN, "plain.raw")):
        drive.add(name, noise(1000, seed), size=True, pinned=name != LATIN)


def test_what_it_can_spell_comes(drive: Drive, latin: dict[str, str]) -> None:
    """A prefetch has the files whose names the locale has, under these names."""
    done = run(MAIN, "prefetch", "--yes", "--json", settings=latin)
    found = {file["name"]: file["status"] for file in json.loads(done.stdout)["files"]}
    assert found == {LATIN: "fetched", FAN: "failed", "plain.raw": "fetched"}
    assert done.returncode == 1
    names = os.listdir(os.fsencode(drive.cache))  # noqa: PTH208 - bytes
    assert LATIN.encode("latin-1") in names


def test_commands(tmp_path: Path, latin: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command takes and prints the name in the locale's encoding, and ends as elsewhere."""
    monkeypatch.chdir(tmp_path)
    typed = os.fsdecode(LATIN.encode("latin-1"))
    fetched = run(MAIN, "fetch", typed, settings=latin)
    assert fetched.stdout.endswith(LATIN.encode("latin-1") + b"\n"), fetched.stderr
    assert fetched.returncode == 0
    for words, code in {
        ("list",): 0,
        ("verify", typed): 0,
        ("info", typed): 0,
        ("path", typed): 0,
        ("unpin", "--yes", typed): 0,
        ("clean", "--yes", typed): 0,
    }.items():
        done = run(MAIN, *words, settings=latin)
        assert done.returncode == code, (words, done)
    assert json.loads(run(MAIN, "list", "--json", settings=latin).stdout)["files"]
