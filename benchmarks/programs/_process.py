"""What all programs share: the files of a listing, late imports, and a clock that prints."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

MIB = 2**20


class File:
    """One file of the listing."""

    def __init__(self, folder: Path, name: str, url: str, sha256: str, size: int) -> None:
        self.folder = folder
        self.name = name
        self.url = url
        self.sha256 = sha256
        self.size = size
        self.path = folder / name

    def verify(self, actual: str | None = None) -> None:
        """Compare a hash, or else that of the file on disk, with the right one if it is known."""
        if not self.sha256:
            return
        if actual is None:
            with self.path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        assert actual == self.sha256, self.name


def files(listing: str, folder: str) -> list[File]:
    """Return the files of a listing, which are to be put into a folder."""
    if listing == "-":
        return []
    entries = json.loads(Path(listing).read_text(encoding="utf-8"))
    return [File(Path(folder), **entry) for entry in entries]


def peer(name: str) -> Any:
    """Import a module that the type checker need not know."""
    return import_module(name)


@contextmanager
def clock(**extra: float) -> Iterator[None]:
    """Print the seconds that the body takes, as the process's last line."""
    began = time.perf_counter()
    yield
    print(json.dumps({"seconds": time.perf_counter() - began, **extra}), flush=True)
