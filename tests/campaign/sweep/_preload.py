"""The library that counts calls, and fails or kills at one of them."""

from __future__ import annotations

import shutil
import subprocess
from enum import IntEnum
from pathlib import Path

SOURCE = Path(__file__).with_name("preload.c")


class How(IntEnum):
    """What is done at a call; the numbers are those of preload.c."""

    COUNT = 0
    ERROR = 1
    DISK = 2  # from this call on, every call fails: a file system that has died
    KILL = 3


def compiled(folder: Path) -> Path:
    """Build the library that counts and fails calls."""
    library = folder / "preload.so"
    compiler = shutil.which("cc") or shutil.which("gcc") or "cc"
    command = [compiler, "-shared", "-fPIC", "-O2", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(command, check=True)
    return library
