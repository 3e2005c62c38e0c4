"""What is looked at: files, folders and links that were named or found, and nothing that blocks."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import noise
from tests.importing.shelf import Shelf, reasons


def test_only_fitting_sizes_are_read(shelf: Shelf) -> None:
    """A file of another size than any that is wanted is not even opened for hashing."""
    shelf.want("fan.raw", noise(5000))
    large = shelf.have / "unreadable"
    with large.open("wb") as file:
        file.truncate(2**40)  # a terabyte of nothing: hashing it would take half an hour

    assert shelf.bring().missing == ["fan.raw"]


def test_links_in_folders(shelf: Shelf) -> None:
    """A symbolic link that was found in a folder is not followed, to a file or to a folder."""
    outside = shelf.have.parent / "outside"
    outside.mkdir()
    (outside / "fan.raw").write_bytes(shelf.want("fan.raw", noise(5000)))
    (shelf.have / "file").symlink_to(outside / "fan.raw")
    (shelf.have / "folder").symlink_to(outside)

    intake = shelf.bring()

    assert shelf.cached() == {}
    assert reasons(intake).count("symbolic link") == 2


def test_link_that_was_named(shelf: Shelf) -> None:
    """A symbolic link that the user names is what the user means."""
    fan = shelf.want("fan.raw", noise(5000))
    link = shelf.have / "link"
    link.symlink_to(shelf.put("x", fan))

    shelf.bring(link)

    assert shelf.cached() == {"fan.raw": fan}


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(path.parent)  # a socket's path may have 107 bytes only
        server.bind(path.name)


@pytest.mark.parametrize("make", [_fifo, _socket])
@pytest.mark.parametrize("named", [True, False])
def test_special_files(
    shelf: Shelf, make: Callable[[Path], None], named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pipe or a socket is told and passed by, and nobody waits for its other end."""
    monkeypatch.chdir(shelf.have)
    make(shelf.have / "special")
    fan = shelf.want("fan.raw", noise(5000))
    shelf.put("x", fan)

    intake = shelf.bring(shelf.have / "special", shelf.have) if named else shelf.bring()

    assert "is not a file" in reasons(intake)
    assert shelf.cached() == {"fan.raw": fan}


def test_device(shelf: Shelf) -> None:
    """A device is no file."""
    shelf.want("fan.raw", noise(5000))

    assert "is not a file" in reasons(shelf.bring(Path("/dev/zero")))


def test_folders_nested_deeply(shelf: Shelf) -> None:
    """A file is found however deep in folders it is."""
    fan = shelf.want("fan.raw", noise(5000))
    folders = [shelf.have]
    for _ in range(700):
        folders.append(folders[-1] / "a")
        folders[-1].mkdir()
    path = folders[-1] / "x"
    path.write_bytes(fan)

    shelf.bring()

    assert shelf.cached() == {"fan.raw": fan}
    path.unlink()
    for folder in reversed(folders):  # pytest's own way to remove them is recursive
        folder.rmdir()


def test_no_such_path(shelf: Shelf) -> None:
    """A path that does not exist is told, and the others are still taken."""
    fan = shelf.want("fan.raw", noise(5000))

    done = shelf.run(shelf.have / "nowhere", shelf.put("x", fan))

    assert "nowhere: does not exist" in done.stderr
    assert done.returncode == 1
    assert shelf.cached() == {"fan.raw": fan}
