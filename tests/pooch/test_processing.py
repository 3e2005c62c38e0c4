"""Processors: what they make is made once, and never half."""

from __future__ import annotations

import bz2
import io
import json
import random
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pooch
import pytest

from evio_data import Registry, retrieve
from evio_data.testing import DriveServer

MEMBERS = {f"folder/{number}.raw": random.Random(number).randbytes(100_000) for number in range(8)}
PROCESSES = 4
FETCH = """
import hashlib, json, os, sys, pooch
from evio_data import Registry
folder, base, name, kind = sys.argv[1:]
registry = Registry.create(folder, base, registry={name: None})
made = registry.fetch(name, processor=getattr(pooch, kind)())
paths = [made] if isinstance(made, str) else made
print(json.dumps({os.path.basename(path): os.path.getsize(path) for path in paths}))
"""
HALF = """
import os, sys
from evio_data import Registry
folder, base, name = sys.argv[1:]

class Decompress:
    def __call__(self, path, action, pup):
        with open(path + ".decomp", "wb") as file:
            file.write(b"half")
            file.flush()
            os.kill(os.getpid(), 9)

Registry.create(folder, base, registry={name: None}).fetch(name, processor=Decompress())
"""


def packed(kind: str) -> tuple[str, bytes]:
    """Return an archive's name and bytes."""
    buffer = io.BytesIO()
    if kind == "Decompress":
        return "a.raw.bz2", bz2.compress(b"".join(MEMBERS.values()))
    if kind == "Unzip":
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in MEMBERS.items():
                archive.writestr(name, content)
        return "a.zip", buffer.getvalue()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in MEMBERS.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return "a.tar.gz", buffer.getvalue()


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """An ordinary web server, as far as these tests go."""
    with DriveServer() as running:
        yield running


def registry_of(server: DriveServer, folder: Path, name: str, content: bytes) -> Registry:
    """Return a registry of one file."""
    server.add(name, content, large=False)
    return Registry.create(folder, f"{server.endpoint}/plain/", registry={name: None})


class Notes:
    """A processor that takes note of the actions, and can fail."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.fails = False

    def __call__(self, path: str, action: str, pup: Any) -> str:
        self.actions.append(action)
        if self.fails:
            raise RuntimeError("no")
        return path


@pytest.mark.parametrize("kind", ["Decompress", "Unzip", "Untar"])
def test_processes_see_the_whole(kind: str, server: DriveServer, tmp_path: Path) -> None:
    """Of several processes each gets all that the processor makes, whole."""
    name, content = packed(kind)
    registry_of(server, tmp_path, name, content)
    arguments = [str(tmp_path), f"{server.endpoint}/plain/", name, kind]
    processes = [
        subprocess.Popen([sys.executable, "-c", FETCH, *arguments], stdout=subprocess.PIPE)
        for _ in range(PROCESSES)
    ]
    made = [json.loads(process.communicate(timeout=100)[0]) for process in processes]
    whole = {"a.raw.bz2.decomp": 800_000} if kind == "Decompress" else {}
    whole = whole or {Path(each).name: 100_000 for each in MEMBERS}
    assert made == [whole] * PROCESSES


def test_a_killed_processor_leaves_nothing_that_is_taken_for_whole(
    server: DriveServer, tmp_path: Path
) -> None:
    """What a killed processor left half made is made again, although pooch would take it."""
    name, content = packed("Decompress")
    registry = registry_of(server, tmp_path, name, content)
    arguments = [str(tmp_path), registry.base_url, name]
    killed = subprocess.run([sys.executable, "-c", HALF, *arguments], check=False)
    assert killed.returncode == -9
    assert (tmp_path / f"{name}.decomp").read_bytes() == b"half"
    made = registry.fetch(name, processor=pooch.Decompress())
    assert Path(made).read_bytes() == b"".join(MEMBERS.values())


def test_a_failed_processor_is_told_that_the_file_is_new(
    server: DriveServer, tmp_path: Path
) -> None:
    """A processor that failed makes everything again at the next call; one that ended does not."""
    registry = registry_of(server, tmp_path, "a.raw", b"% evt 3.0")
    notes = Notes()
    notes.fails = True
    with pytest.raises(RuntimeError):
        registry.fetch("a.raw", processor=notes)
    notes.fails = False
    for _ in range(2):
        registry.fetch("a.raw", processor=notes)
    assert notes.actions == ["download", "update", "fetch"]


def test_an_update_by_somebody_else_reaches_the_processor(
    server: DriveServer, tmp_path: Path
) -> None:
    """A file that was updated by a call without the processor is new to it."""
    registry = registry_of(server, tmp_path, "a.raw", b"one")
    notes = Notes()
    registry.registry["a.raw"] = pooch_hash(b"one")
    registry.fetch("a.raw", processor=notes)
    server.add("b.raw", b"two", large=False)
    registry.registry["a.raw"], registry.urls["a.raw"] = (
        pooch_hash(b"two"),
        f"{registry.base_url}b.raw",
    )
    registry.fetch("a.raw")
    registry.fetch("a.raw", processor=notes)
    assert notes.actions == ["download", "update"]


def pooch_hash(content: bytes) -> str:
    """Return a known hash of a weak kind."""
    import hashlib

    return f"sha1:{hashlib.sha1(content).hexdigest()}"


def test_a_processor_may_fetch_its_own_file(server: DriveServer, tmp_path: Path) -> None:
    """A processor that fetches the file that it is called for does not wait for itself."""
    registry = registry_of(server, tmp_path, "a.raw", b"% evt 3.0")

    def again(path: str, action: str, pup: Any) -> str:
        return str(pup.fetch("a.raw", processor=Notes()))

    assert registry.fetch("a.raw", processor=again) == str(tmp_path / "a.raw")


def test_a_folder_that_takes_no_notes(server: DriveServer, tmp_path: Path) -> None:
    """Where our folder cannot be written to, a processor is called as pooch calls it."""
    registry = registry_of(server, tmp_path, "a.raw", b"% evt 3.0")
    registry.fetch("a.raw")
    (tmp_path / ".evio-data" / "a.raw" / "processors").write_bytes(b"in the way")
    notes = Notes()
    assert registry.fetch("a.raw", processor=notes) == str(tmp_path / "a.raw")
    assert notes.actions == ["fetch"]


def test_retrieve_processes_once(server: DriveServer, tmp_path: Path) -> None:
    """`retrieve` has the same lock and the same notes."""
    name, content = packed("Unzip")
    server.add(name, content, large=False)
    url = f"{server.endpoint}/plain/{name}"
    first = retrieve(url, None, name, tmp_path, processor=pooch.Unzip())
    before = {path: Path(path).stat().st_mtime_ns for path in first}
    assert retrieve(url, None, name, tmp_path, processor=pooch.Unzip()) == first
    assert {path: Path(path).stat().st_mtime_ns for path in first} == before
