"""Every kind of hash gets the whole service: one download, resumed, warm, verified."""

from __future__ import annotations

import hashlib
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pooch
import pytest
import xxhash

from evio_data import DriveDownloader, Registry, retrieve
from evio_data.errors import ChecksumError
from evio_data.testing import DriveFile, DriveServer

MIB = 2**20
BYTES = random.Random(15).randbytes(3 * MIB)
KINDS = ["md5", "sha1", "sha512", "blake2b", "xxh64", "xxh3_128", "sha256", ""]
PROCESSES = 4
TWICE = 1.5 * len(BYTES)  # fewer are one download: a split may let some bytes come again
# One connection: a split would let a cut range's last bytes be sent for nothing.
FETCH = """
import sys
from evio_data import DriveDownloader, Registry
folder, base, name, known_hash = sys.argv[1:]
registry = Registry.create(folder, base, registry={name: known_hash})
print(registry.fetch(name, downloader=DriveDownloader(connections=1)))
"""


def known(kind: str, content: bytes = BYTES) -> str:
    """Return a known hash as pooch's users write it."""
    digest = getattr(xxhash, kind)() if kind.startswith("xxh") else hashlib.new(kind or "sha256")
    digest.update(content)
    return f"{kind}:{digest.hexdigest()}" if kind else str(digest.hexdigest())


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """An ordinary web server, as far as these tests go."""
    with DriveServer() as running:
        yield running


def base_of(server: DriveServer) -> str:
    """Return the URL below which the server's files are."""
    return f"{server.endpoint}/plain/"


def spawn(folder: Path, server: DriveServer, file: DriveFile, known_hash: str) -> Any:
    """Fetch in a process of its own."""
    arguments = [str(folder), base_of(server), file.name, known_hash]
    return subprocess.Popen(
        [sys.executable, "-c", FETCH, *arguments], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.parametrize("kind", ["md5", "blake2b"])
def test_processes_download_once(kind: str, server: DriveServer, tmp_path: Path) -> None:
    """Several processes cause one download, whatever the kind of hash."""
    file = server.add("a.raw", BYTES, large=False)
    processes = [spawn(tmp_path, server, file, known(kind)) for _ in range(PROCESSES)]
    paths = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert paths == {str(tmp_path / "a.raw")}
    assert (tmp_path / "a.raw").read_bytes() == BYTES
    assert server.sent(file) == len(BYTES)


@pytest.mark.parametrize("kind", KINDS)
def test_warm_file_is_not_hashed(kind: str, server: DriveServer, tmp_path: Path) -> None:
    """A verified file is served by its stamp, even if its bytes could not be read any more."""
    file = server.add("a.raw", BYTES, large=False)
    registry = Registry.create(tmp_path, base_of(server), registry={"a.raw": known(kind)})
    path = Path(registry.fetch("a.raw"))
    status = path.stat()
    path.write_bytes(bytes(len(BYTES)))  # other bytes, and a status that says nothing of them
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert registry.fetch("a.raw") == str(path)
    assert registry.verify()[0].status == "failed"
    assert server.sent(file) < TWICE


@pytest.mark.parametrize("kind", ["md5", "xxh64"])
def test_killed_download_is_resumed(kind: str, server: DriveServer, tmp_path: Path) -> None:
    """After a kill -9 in mid-download only a small tail comes again."""
    content = random.Random(2).randbytes(24 * MIB)
    file = server.add("a.raw", content, large=False, rate=24 * MIB)
    with spawn(tmp_path, server, file, known(kind, content)) as process:
        while server.sent(file) < 14 * MIB:
            assert process.poll() is None, "it ended before it could be killed"
        process.kill()
    registry = Registry.create(tmp_path, base_of(server), registry={"a.raw": known(kind, content)})
    path = registry.fetch("a.raw", downloader=DriveDownloader(connections=1))
    assert Path(path).read_bytes() == content
    assert server.sent(file) - len(content) <= 8 * MIB


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["fetch", "retrieve", "prefetch", "DriveDownloader"])
def test_wrong_bytes_are_refused(kind: str, way: str, server: DriveServer, tmp_path: Path) -> None:
    """Bytes with another hash never get the file's name, and the error is pooch's, too."""
    file = server.add("a.raw", BYTES, large=False)
    wrong = known(kind, b"other bytes")
    url = base_of(server) + file.name
    registry = Registry.create(tmp_path, base_of(server), registry={"a.raw": wrong})
    plain = pooch.create(tmp_path, base_of(server), registry={"a.raw": wrong})
    if way == "prefetch":
        (outcome,) = registry.prefetch()
        assert isinstance(outcome.error, ChecksumError)
    else:
        uses: dict[str, Callable[[], object]] = {
            "fetch": lambda: registry.fetch("a.raw"),
            "retrieve": lambda: retrieve(url, wrong, "a.raw", tmp_path),
            "DriveDownloader": lambda: plain.fetch("a.raw", downloader=DriveDownloader()),
        }
        with pytest.raises(ChecksumError) as caught:
            uses[way]()
        assert isinstance(caught.value, ValueError)
    assert not (tmp_path / "a.raw").exists()


def test_several_names_of_one_file_are_one_download(server: DriveServer, tmp_path: Path) -> None:
    """Keys with the same source and hash are downloaded once, in bulk and one after the other."""
    file = server.add("a.raw", BYTES, large=False)
    names = ["a.raw", "b/a.raw", "c.raw"]
    registry = Registry.create(
        tmp_path,
        base_of(server),
        registry=dict.fromkeys(names, known("md5")),
        urls=dict.fromkeys(names, base_of(server) + file.name),
    )
    assert Path(registry.fetch("c.raw")).read_bytes() == BYTES
    report = registry.prefetch()
    assert {path.read_bytes() for path in report.paths.values()} == {BYTES}
    assert len({path.stat().st_ino for path in report.paths.values()}) == len(names)
    assert server.sent(file) < TWICE


def test_a_mirror_serves_strong_hashes_only(server: DriveServer, tmp_path: Path) -> None:
    """A mirror is not trusted with a file whose known hash somebody could make other bytes for."""
    with DriveServer() as mirror:
        for kind in ("md5", "sha512"):
            server.add(f"{kind}.raw", BYTES, large=False)
            mirror.add(f"{kind}.raw", BYTES, large=False)
        os.environ["EVIO_DATA_MIRRORS"] = base_of(mirror)
        registry = Registry.create(
            tmp_path,
            base_of(server),
            registry={f"{kind}.raw": known(kind) for kind in ("md5", "sha512")},
        )
        assert registry.prefetch().ok
        asked = [request.path for request in mirror.requests]
    assert [path for path in asked if "md5" in path] == []
    assert [path for path in asked if "sha512" in path] != []
