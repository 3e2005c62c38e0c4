"""Bytes, and registries and plain Pooches of one file."""

from __future__ import annotations

import hashlib
import random
from pathlib import Path
from typing import Any

import pooch

from evio_data import DriveDownloader, Registry
from evio_data.testing import DriveFile

MIB = 2**20
BYTES = random.Random(1).randbytes(3 * MIB)
SHA256 = hashlib.sha256(BYTES).hexdigest()
MD5 = f"md5:{hashlib.md5(BYTES).hexdigest()}"
URL = "https://data.example.org/a.raw"


def registry_at(url: str, folder: Path, **options: Any) -> Registry:
    """Return a registry of one file."""
    return Registry.create(folder, "", registry={"a.raw": None}, urls={"a.raw": url}, **options)


def pup_of(folder: Path, file: DriveFile, known_hash: str | None = "", **options: Any) -> Any:
    """Return a plain Pooch that has one file, ``a.raw``."""
    options.setdefault("urls", {"a.raw": file.url})
    known_hash = file.sha256 if known_hash == "" else known_hash
    return pooch.create(folder, "", registry={"a.raw": known_hash}, **options)


def fetched(pup: Any) -> bytes:
    """Return what the Pooch has of ``a.raw``, with our downloader."""
    return Path(pup.fetch("a.raw", downloader=DriveDownloader())).read_bytes()


def everything_in(folder: Path) -> list[str]:
    """Return all files and folders, hidden ones too."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
