"""``evio-data fetch``: names, globs and links, and where their files go."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.links import Fetch, link
from tests.cli.programs import CONTENT, EVIO_DATA, run

if TYPE_CHECKING:
    from tests.conftest import Drive


# --- never over other bytes -------------------------------------------------------------------


@pytest.mark.parametrize("way", ["link", "name"])
@pytest.mark.parametrize("trap", ["file", "folder", "dangling link"])
def test_nothing_is_overwritten(
    drive: Drive, here: Path, fetch: Fetch, way: str, trap: str
) -> None:
    """Whatever has the name and is not the file stays; the error says how to go on."""
    file = drive.add("a.raw", CONTENT)
    place = here / "a.raw"
    if trap == "file":
        place.write_bytes(b"other bytes")
    elif trap == "folder":
        (place / "a.raw").mkdir(parents=True)
    else:
        place.symlink_to(here / "nothing")
    done = fetch(link(file.id) if way == "link" else "a.raw", "-o", "a.raw")
    assert (done.returncode, done.stdout) == (1, "")
    assert "a.raw exists" in done.stderr
    assert "-o FILE" in done.stderr
    assert trap != "file" or place.read_bytes() == b"other bytes"
    assert [path.name for path in here.iterdir()] == ["a.raw"]


def test_equal_bytes_may_stay(drive: Drive, here: Path, fetch: Fetch) -> None:
    """A copy that has been made before is found, and not made again."""
    drive.add("fan/a.raw", CONTENT)
    first = fetch("a.raw", "-o", "mine.raw")
    inode = (here / "mine.raw").stat().st_ino
    assert first.stdout == fetch("a.raw", "-o", "mine.raw").stdout == "mine.raw\n"
    assert (here / "mine.raw").stat().st_ino == inode
    assert drive.path("fan/a.raw").read_bytes() == (here / "mine.raw").read_bytes()


# --- names and globs --------------------------------------------------------------------------


def test_globs(drive: Drive, fetch: Fetch) -> None:
    """A glob means all that it matches, in registry order, again if it is typed again."""
    for name in ("fan/a.raw", "fan/b.dat", "c.raw"):
        drive.add(name, CONTENT)
    done = fetch("*.raw", "fan/*")
    wanted = ["fan/a.raw", "c.raw", "fan/a.raw", "fan/b.dat"]
    assert done.stdout.splitlines() == [str(drive.path(name)) for name in wanted]


def test_several_files_go_into_a_folder(drive: Drive, here: Path, fetch: Fetch) -> None:
    """``-o`` takes several files only where it is a folder."""
    drive.add("fan/a.raw", CONTENT)
    drive.add("fan/b.raw", CONTENT)
    refused = fetch("fan/*", "-o", "out.raw")
    assert refused.returncode == 2
    assert "2 files are wanted" in refused.stderr
    assert not drive.cache.exists()
    (here / "out").mkdir()
    assert fetch("fan/*", "-o", "out").returncode == 0
    assert sorted(path.name for path in (here / "out").iterdir()) == ["a.raw", "b.raw"]


def test_json(drive: Drive, fetch: Fetch) -> None:
    """``--json`` prints one object: names and links, each with its path or its error."""
    drive.add("a.raw", CONTENT)
    drive.add("gone.raw", CONTENT, refuse="not-found")
    file = drive.server.add("b.raw", CONTENT)
    done = fetch("a.raw", "gone.raw", link(file.id), "--json")
    value = json.loads(done.stdout)
    assert done.returncode == 1
    assert (value["ok"], value["fetched"], value["failed"]) == (False, 2, 1)
    assert [each["path"] for each in value["files"]] == [str(drive.path("a.raw")), None, "b.raw"]
    assert value["files"][1]["error"]["type"] == "NotFoundError"


@pytest.mark.parametrize("pinned", [True, False])
def test_json_of_a_file_that_is_there(drive: Drive, fetch: Fetch, *, pinned: bool) -> None:
    """The second time there is a hash, too: the published one, or that of the first use."""
    drive.add("a.raw", CONTENT, pinned=pinned)
    first, second = (json.loads(fetch("a.raw", "--json").stdout)["files"][0] for _ in range(2))
    assert (first["status"], second["status"]) == ("fetched", "present")
    assert first["hash"] == second["hash"] == second["sha256"] is not None
    assert second["state"] == ("verified" if pinned else "pinned")


# --- what is printed --------------------------------------------------------------------------


def test_fetch_prints_paths_only(drive: Drive) -> None:
    """`fetch` prints a path for each name, in their order, and nothing else there."""
    drive.add("fan/a name.raw", CONTENT)
    drive.add("b.raw", CONTENT)
    result = run(EVIO_DATA, "fetch", "b.raw", "a name.raw", "b.raw")
    assert result.code == 0
    assert result.out.splitlines() == [
        str(drive.path(name)) for name in ("b.raw", "fan/a name.raw", "b.raw")
    ]


def test_fetch_names_what_failed(drive: Drive) -> None:
    """`fetch` prints the paths that it has, and says the others' errors, once, beside them."""
    drive.add("a.raw", CONTENT)
    drive.add("b.raw", CONTENT, refuse="denied")
    result = run(EVIO_DATA, "fetch", "a.raw", "b.raw")
    assert result.code == 1
    assert result.out == f"{drive.path('a.raw')}\n"
    assert "error: b.raw: Drive denies access" in result.err
    assert result.err.count("denies access") == 1
