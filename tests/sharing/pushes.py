"""Pushes to a mirror."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from evio_data._collection import open_collection
from evio_data._sharing.mirror_push import Pushed, push

if TYPE_CHECKING:
    from tests.conftest import Drive

MAIN = "from evio_data._cli.main import main; main(['mirror', 'push', *__import__('sys').argv[1:]])"


def pushed(target: str | Path) -> Pushed:
    """Push the one entry of the registry."""
    collection = open_collection()
    (outcome,) = push(collection, os.fspath(target), collection.registry.entries.values())
    return outcome


def push_by_command(drive: Drive, *arguments: str, code: int = 0) -> str:
    """Run ``evio-data mirror push``, and return what it says."""
    with drive.spawn(MAIN, *arguments) as process:
        printed, complaint = process.communicate(timeout=60)
    assert process.returncode == code, complaint
    return printed + complaint


def rot(path: Path) -> None:
    """Change a file behind its stamp's back."""
    status = path.stat()
    with path.open("r+b") as file:
        file.write(b"rotten")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
