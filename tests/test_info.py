"""What is known of one file without downloading it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data.errors import UnknownDatasetError
from evio_data.testing import write_dat, write_evt3

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
ROOT = Path(__file__).parents[1]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``evio-data info``."""
    return subprocess.run(
        [sys.executable, "-m", "evio_data", "info", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


@pytest.fixture
def fan(drive: Drive, tmp_path: Path) -> str:
    """A registered DAT recording, fetched."""
    drive.register("# license[fan/*]: CC0-1.0")
    drive.register("# citation: A & B, <2025>.")
    drive.add("fan/fan.dat", write_dat(tmp_path / "fan.dat", events=2000).path, size=True)
    drive.fetch_elsewhere("fan/fan.dat")
    return "fan/fan.dat"


def test_of_a_file_that_is_not_there(drive: Drive) -> None:
    """Of a missing file there is what the registry says, and nothing is asked of anybody."""
    file = drive.server.add("a.raw", b"% evt 3.0\n")
    drive.register(file.registry_line("a.raw", pinned=False) + "#about=7340032")
    info = evio_data.info("a.raw")
    assert (info.name, info.state, info.held) == ("a.raw", "missing", 0)
    assert (info.size, info.about, info.size_kind) == (None, 7 * MIB, "documented")
    assert (info.hash, info.hash_kind, info.hash_state) == (None, None, "unpinned")
    assert info.path == drive.path("a.raw")
    assert file.id in info.source
    assert (info.header, info.format, info.width, info.date, info.events) == (None,) * 5
    assert drive.server.requests == []
    assert not drive.cache.exists()


def test_of_a_cached_recording(fan: str) -> None:
    """Of a cached file its exact size, hash and header are known."""
    info = evio_data.info("fan.dat")
    assert (info.name, info.key, info.size_kind) == (fan, fan, "exact")
    assert info.size == info.held == info.path.stat().st_size
    assert (info.hash_kind, info.hash_state) == ("sha256", "published")
    assert info.header is not None
    assert (info.format, info.events, info.width, info.height) == ("DAT", 2000, 1280, 720)
    assert info.duration is not None
    assert info.duration == info.header.duration_us / 1e6  # type: ignore[operator]


def test_licence_and_citation(fan: str) -> None:
    """What the registry says of licence and citation is said of each file."""
    info = evio_data.info(fan)
    assert (info.license, info.citation, info.homepage) == ("CC0-1.0", "A & B, <2025>.", None)
    assert "CC0-1.0" in repr(info)


def test_unknown_licence_says_whom_to_ask() -> None:
    """Of the shipped recordings no licence is known: that, and whom to ask, is said."""
    shown = repr(evio_data.info("fan_const_rpm.raw"))
    assert "unknown: nobody has published one. Ask before you share" in shown
    assert "(Sensofusion, " in shown
    assert "Junction 2025" in shown


def test_unknown_name() -> None:
    """A name that nothing has is an error, as everywhere."""
    with pytest.raises(UnknownDatasetError):
        evio_data.info("nothing.raw")


def test_file_that_is_no_recording(drive: Drive) -> None:
    """Of any other file there is no header, and no error."""
    drive.add("notes.txt", b"no events")
    drive.fetch_elsewhere("notes.txt")
    info = evio_data.info("notes.txt")
    assert info.header is None
    assert "notes.txt" in info._repr_html_()


def test_notebooks_get_a_table_and_a_picture(fan: str) -> None:
    """HTML has the rows as text, never as markup, and the first events as an image."""
    page = evio_data.info(fan)._repr_html_().replace(' style="text-align: left"', "")
    assert "A &amp; B, &lt;2025&gt;." in page
    assert "<td>events</td><td>2,000</td>" in page
    assert page.count('<img width="320"') == 1
    assert "data:image/png;base64," in page


# --- the command ------------------------------------------------------------------------------


def test_command_shows_each(fan: str, drive: Drive) -> None:
    """The command shows a block a file, without a picture where there is no terminal."""
    drive.add("b.raw", b"% evt 3.0\n")
    done = run("b.raw", "fan/*")
    first, second = done.stdout.decode().split("\n\n")
    assert done.returncode == 0
    assert second.splitlines()[0] == "b.raw"
    assert first.splitlines()[0] == fan
    assert "events      2,000" in first
    assert not any(0x2800 <= ord(character) < 0x2900 for character in done.stdout.decode())


def test_command_as_json(fan: str) -> None:
    """``--json`` has every field of `Info`, and the header inside."""
    value: Any = json.loads(run(fan, "--json").stdout)
    (file,) = value["files"]
    assert value["ok"]
    assert set(file) == {each.name for each in fields(evio_data.Info)} | {"hash_kind", "size_kind"}
    assert file["header"]["events"] == 2000


def test_command_with_an_unknown_name(drive: Drive) -> None:
    """An unknown name is an error of usage with a suggestion."""
    drive.add("fan/fan_const_rpm.raw", b"% evt 3.0\n")
    done = run("fan_const_rmp.raw")
    assert done.returncode == 2
    assert b"Did you mean" in done.stderr


def on_terminal(columns: int, **environment: str) -> str:
    """Return what ``evio-data info fan.raw`` shows on a terminal of so many columns."""
    import fcntl
    import pty
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    command = [sys.executable, "-m", "evio_data", "info", "fan.raw"]
    settings = {**os.environ, **environment}
    subprocess.run(command, stdout=theirs, env=settings, timeout=60, check=True)
    os.close(theirs)
    shown = os.read(ours, 100_000).decode()
    os.close(ours)
    return shown


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize("columns", [20, 80, 120])
def test_what_is_copied_is_whole(drive: Drive, columns: int) -> None:
    """A URL or a path is on one line, and begins it where a terminal would break it."""
    cache = drive.registry.parent / ("folder with blanks " + "x" * 40)
    url = f"https://drive.google.com/uc?export=download&id={'A1b2C3d4' * 4}x"
    homepage = (
        "https://drive.google.com/drive/folders/18ORzE9_aHABYqOHzVdL0GANk_eIMaSuE-" + "y" * 30
    )
    drive.replace(f"# homepage: {homepage}\nfan.raw unpinned {url}")
    lines = on_terminal(columns, EVIO_DATA_DIR=str(cache)).splitlines()
    for text in (url, homepage, str(cache / "fan.raw")):
        assert any(text in line and (line == text or len(line) <= columns) for line in lines)


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(("encoding", "drawn"), [("utf-8", True), ("latin-1", False)])
def test_picture_on_a_terminal(drive: Drive, tmp_path: Path, encoding: str, *, drawn: bool) -> None:
    """On a terminal that shows Unicode, and only there, the first events are drawn."""
    drive.add("fan.raw", write_evt3(tmp_path / "fan.raw", events=2000).path)
    drive.fetch_elsewhere("fan.raw")
    shown = on_terminal(80, PYTHONIOENCODING=encoding)
    lines = shown.splitlines()
    assert any(0x2800 < ord(character) < 0x2900 for character in shown) is drawn
    assert all(len(line) <= 80 or "/" in line for line in lines)  # a path is never cut
