"""``evio-data fetch LINK``: where the file goes, under which name, and never over another one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evio_data._cli.link import copy_to
from evio_data.errors import CacheError
from tests.cli.links import Fetch, link
from tests.cli.programs import CONTENT
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive


MIB = 2**20


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


def test_a_disk_that_takes_a_part_of_the_last_block(tmp_path: Path, short_writes: int) -> None:
    """A copy that did not all get to the disk is an error, and nothing has its name."""
    resource = pytest.importorskip("resource")
    resource.setrlimit(resource.RLIMIT_FSIZE, (-1, -1))
    (tmp_path / "cached").write_bytes(bytes(short_writes + 10))
    resource.setrlimit(resource.RLIMIT_FSIZE, (short_writes, -1))
    with pytest.raises(CacheError, match="larger than a file may be"):
        copy_to(tmp_path / "cached", tmp_path / "copy")
    assert [path.name for path in tmp_path.iterdir()] == ["cached"]
