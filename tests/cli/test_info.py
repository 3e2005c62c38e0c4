"""``evio-data info``: a block a file, whole where it is copied, and a picture on a terminal."""

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
from evio_data.testing import write_evt3

if TYPE_CHECKING:
    from tests.conftest import Drive


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
