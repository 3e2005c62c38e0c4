"""``evio-data fetch``: names, globs and links, and where their files go."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands import completed
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
CONTENT = b"% evt 3.0\n" + bytes(300_000)

Fetch = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The folder that the command runs in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def fetch(here: Path) -> Fetch:
    """Run the command in that folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return completed("fetch", *arguments, cwd=here, **environment)

    return run


def link(identifier: str) -> str:
    """Return a link as people copy it from a browser."""
    return f"https://drive.google.com/file/d/{identifier}/view?usp=sharing"


# --- links ------------------------------------------------------------------------------------


def test_link_becomes_a_file_of_the_servers_name(drive: Drive, here: Path, fetch: Fetch) -> None:
    """A link is fetched past the warning page into the present folder, and nothing else is left."""
    file = drive.server.add("fan one.raw", CONTENT, large=True)
    done = fetch(link(file.id), EVIO_DATA_REGISTRY="/nowhere.txt")
    assert (done.returncode, done.stdout) == (0, "fan one.raw\n")
    assert [path.name for path in here.iterdir()] == ["fan one.raw"]
    assert (here / "fan one.raw").read_bytes() == CONTENT
    assert not drive.cache.exists()


def test_link_is_fetched_once(drive: Drive, fetch: Fetch) -> None:
    """The second time the file is there: a byte is asked for its name and its size, no more."""
    file = drive.server.add("a.raw", CONTENT)
    fetch(link(file.id))
    before = drive.server.sent(file)
    done = fetch(link(file.id))
    assert (done.returncode, done.stdout) == (0, "a.raw\n")
    assert drive.server.sent(file) - before <= 1
    (there,) = json.loads(fetch(link(file.id), "--json").stdout)["files"]
    assert (there["status"], there["state"]) == (
        "present",
        "unpinned",
    )  # only its size was compared


@pytest.mark.parametrize(
    ("offered", "name"),
    [("a:b?.raw", "a%3Ab%3F.raw"), ("../up.raw", "..%2Fup.raw"), (".evio-data", "%2Eevio-data")],
)
def test_servers_names_are_checked(
    drive: Drive, here: Path, fetch: Fetch, offered: str, name: str
) -> None:
    """A name that leads elsewhere, or that some system refuses, is written out."""
    file = drive.server.add(offered, CONTENT)
    assert fetch(link(file.id)).returncode == 0
    assert [path.name for path in here.iterdir()] == [name]


def test_link_goes_where_it_is_told(drive: Drive, here: Path, fetch: Fetch) -> None:
    """``-o`` names the file, or a folder that gets it under the server's name."""
    file = drive.server.add("a.raw", CONTENT)
    (here / "folder").mkdir()
    assert fetch(link(file.id), "-o", "mine.raw").stdout == "mine.raw\n"
    assert fetch(link(file.id), "-o", "folder").stdout == f"{Path('folder', 'a.raw')}\n"
    assert (here / "mine.raw").read_bytes() == (here / "folder" / "a.raw").read_bytes() == CONTENT


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_interrupted_link_goes_on(drive: Drive, here: Path) -> None:
    """An interrupted link keeps what came, under no final name; the next run asks for the rest."""
    file = drive.server.add("a.raw", bytes(4 * MIB), rate=4 * MIB)
    command = [sys.executable, "-m", "evio_data", "fetch", link(file.id)]
    with subprocess.Popen(command, cwd=here, stderr=subprocess.PIPE) as process:
        while drive.server.sent(file) < MIB:
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        words = process.communicate(timeout=60)[1]
    assert process.returncode == 130
    assert b"Run again to go on" in words
    assert not (here / "a.raw").exists()
    subprocess.run(command, cwd=here, check=True, capture_output=True, timeout=60)
    assert max(drive.starts(file)) > MIB // 2
    assert [path.name for path in here.iterdir()] == ["a.raw"]


def test_link_to_a_folder(fetch: Fetch) -> None:
    """A link to a folder is answered with the command that takes folders."""
    done = fetch("https://drive.google.com/drive/folders/1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
    assert done.returncode == 1
    assert "evio-data registry build" in done.stderr


def test_one_refused_link_does_not_stop_the_others(drive: Drive, fetch: Fetch) -> None:
    """A link that Drive refuses is named with the advice; the others are fetched."""
    refused = drive.server.add("b.raw", CONTENT, refuse="denied")
    file = drive.server.add("a.raw", CONTENT)
    done = fetch(link(refused.id), link(file.id))
    assert (done.returncode, done.stdout) == (1, "a.raw\n")
    assert f"error: {link(refused.id)}: Drive denies access" in done.stderr


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


# --- the network ------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [[], ["-o", "mine.raw"]])
def test_link_without_the_network(drive: Drive, here: Path, fetch: Fetch, more: list[str]) -> None:
    """``EVIO_DATA_OFFLINE`` holds for links too."""
    file = drive.server.add("a.raw", CONTENT)
    done = fetch(link(file.id), *more, EVIO_DATA_OFFLINE="1")
    assert done.returncode == 1
    assert "EVIO_DATA_OFFLINE forbids the network" in done.stderr
    assert drive.server.requests == []
    assert list(here.iterdir()) == []


def test_empty_file(drive: Drive, here: Path, fetch: Fetch) -> None:
    """A file without bytes has a name, too."""
    file = drive.server.add("empty.raw", b"")
    assert fetch(link(file.id)).stdout == "empty.raw\n"
    assert (here / "empty.raw").read_bytes() == b""


# --- several links ----------------------------------------------------------------------------


def test_links_come_side_by_side(drive: Drive, here: Path) -> None:
    """Two links are received at the same time; an interrupt keeps what is whole, and the rest."""
    files = [drive.server.add(f"{name}.raw", noise(4 * MIB, name), rate=4 * MIB) for name in (1, 2)]
    small = drive.server.add("small.raw", CONTENT)
    links = [link(file.id) for file in (*files, small)]
    command = [sys.executable, "-m", "evio_data", "fetch", *links]
    with subprocess.Popen(command, cwd=here, stdout=-1, stderr=-1, text=True) as process:
        while min(map(drive.server.sent, files)) < MIB or not (here / "small.raw").exists():
            assert process.poll() is None, process.communicate()
        process.send_signal(signal.SIGINT)
        printed = process.communicate(timeout=60)[0]
    assert (process.returncode, printed) == (130, "small.raw\n")
    again = subprocess.run(command, cwd=here, check=True, capture_output=True, timeout=60)
    assert again.stdout.decode().split() == ["1.raw", "2.raw", "small.raw"]
    assert sorted(path.name for path in here.iterdir()) == ["1.raw", "2.raw", "small.raw"]
    assert min(max(drive.starts(file)) for file in files) > MIB // 2
    assert (here / "2.raw").read_bytes() == noise(4 * MIB, 2)


def test_two_links_to_one_name(drive: Drive, here: Path, fetch: Fetch) -> None:
    """The first has the place; another file of that name is told from it, the same one is there."""
    one, two = (drive.server.add("a.raw", noise(size)) for size in (1000, 2000))
    done = fetch(link(one.id), link(two.id), f"https://drive.google.com/open?id={one.id}")
    assert (done.returncode, done.stdout) == (1, "a.raw\n" * 2), done.stderr
    assert "a.raw exists, and is not this file" in done.stderr
    assert "nobody has published a hash" in " ".join(done.stderr.split())
    assert (here / "a.raw").read_bytes() == noise(1000)
