"""Places that are there, and those that are not: home folders, the cache, the registry."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evio_data._collection import open_collection
from evio_data.errors import EvioDataError

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """``~`` is expanded in the registry's path as in the cache's, given or from the environment."""
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "r.txt").write_text("a.raw unpinned https://lab.example/a.raw\n")
    monkeypatch.setenv("EVIO_DATA_DIR", "~/cache")
    for registry in ("~/r.txt", None):
        if registry is None:
            monkeypatch.setenv("EVIO_DATA_REGISTRY", "~/r.txt")
        collection = open_collection(registry)
        assert list(collection.registry.entries) == ["a.raw"]
        assert collection.cache.root == str(tmp_path / "cache")


@pytest.mark.parametrize("variable", ["EVIO_DATA_REGISTRY", "EVIO_DATA_DIR"])
def test_a_tilde_that_is_nobody_s(
    variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there is no such home it is an error, and no folder of that name is made."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(variable, "~nobody-of-this-name/x")
    with pytest.raises(EvioDataError, match="no such home folder"):
        open_collection()
    assert list(tmp_path.iterdir()) == []


HOMELESS = """
import os, sys
os.umask(0)
os.setreuid(48621, 0)  # a user without an entry in passwd; still able to read this Python's files
sys.argv = ["evio-data", *sys.argv[1:]]
if sys.argv[1:] == ["api"]:
    import evio_data
    print(evio_data.names())
elif sys.argv[1:] == ["pooch"]:
    import evio_data, pooch
    pup = pooch.create("own", "", registry={"a.raw": None}, urls={"a.raw": os.environ["URL"]})
    print(open(pup.fetch("a.raw", downloader=evio_data.DriveDownloader())).read())
else:
    from evio_data._cli.main import main
    main()
"""


@pytest.mark.skipif(os.name == "nt" or os.getuid() != 0, reason="becomes another user: root only")
@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["api"], 0, "['a.raw']"),
        (["pooch"], 0, "events"),
        (["list", "--cache-dir", "here"], 0, "a.raw"),
        (["fetch", "a.raw", "--cache-dir", "here"], 0, "a.raw"),
        (["list"], 1, "EVIO_DATA_DIR"),
        (["fetch", "a.raw"], 1, "EVIO_DATA_DIR"),
    ],
)
def test_without_a_home(
    drive: Drive, tmp_path: Path, words: list[str], code: int, told: str
) -> None:
    """With no HOME and no entry in passwd all works that names its folder; the rest says so."""
    file = drive.add("a.raw", b"events")
    for folder in (tmp_path, *tmp_path.parents):
        folder.chmod(folder.stat().st_mode | 0o011)
    unset = ("HOME", "XDG_CACHE_HOME", "EVIO_DATA_DIR")
    environment = {key: text for key, text in os.environ.items() if key not in unset}
    done = subprocess.run(
        [sys.executable, "-c", HOMELESS, *words],
        cwd=tmp_path,
        env={**environment, "URL": file.url},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    assert done.returncode == code, done.stderr
    assert told in done.stdout + done.stderr
    assert not (tmp_path / "~").exists()
