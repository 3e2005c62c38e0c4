"""A registry on a local Drive, and processes that fetch from it."""

from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evio_data.testing import DriveFile, DriveServer, write_dat
from tests.http.wire import Wire

MIB = 2**20
# One connection: a split would let a cut range's last bytes be sent for nothing.
FETCH = """
import sys, evio_data
(outcome,) = evio_data.prefetch([sys.argv[1]], concurrency=1)
if outcome.error:
    raise outcome.error
print(outcome.path)
"""


def noise(size: int, seed: int = 1) -> bytes:
    """Return bytes of which no two stretches are alike."""
    return random.Random(seed).randbytes(size)


def not_measured() -> dict[str, str]:
    """Return the environment without coverage, whose data another user may not write."""
    return {name: text for name, text in os.environ.items() if not name.startswith("COVERAGE_")}


class Drive:
    """A running `DriveServer`, the registry of its files, and the cache of this test."""

    def __init__(self, server: DriveServer, folder: Path) -> None:
        self.server = server
        self.registry = folder / "registry.txt"
        self.cache = Path(os.environ["EVIO_DATA_DIR"])
        self.registry.touch()

    def add(
        self,
        name: str,
        content: bytes | Path,
        *,
        pinned: bool = True,
        size: bool = False,
        **switches: object,
    ) -> DriveFile:
        """Serve a file, and register it."""
        file = self.server.add(name, content, **switches)  # type: ignore[arg-type]
        self.register(file.registry_line(name, pinned=pinned, size=size))
        return file

    def register(self, line: str) -> None:
        """Append a line to the registry."""
        with self.registry.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def replace(self, line: str) -> None:
        """Make the registry this one line."""
        self.registry.write_text(line + "\n", encoding="utf-8")

    def path(self, name: str) -> Path:
        """Return where a file is, or will be."""
        return self.cache / name

    def state(self, name: str) -> Path:
        """Return the hidden folder beside it."""
        return self.cache / ".evio-data" / name

    def left(self, name: str) -> list[str]:
        """Return what kinds of things are in that folder, apart from the stamp."""
        folder = self.state(name)
        names = self.names_in(folder) if folder.is_dir() else []
        return sorted(Path(name).suffix or name for name in names if name != "stamp")

    @staticmethod
    def names_in(folder: Path) -> list[str]:
        """Return the names of what is in a folder."""
        return sorted(path.name for path in folder.iterdir())

    def part(self, name: str) -> Path:
        """Return the one partial of a file."""
        (part,) = self.state(name).glob("*.part")
        return part

    def starts(self, file: DriveFile) -> list[int]:
        """Return the first byte that each answered data request asked for."""
        asked = [r for r in self.server.requests if r.file_id == file.id and r.kind == "data"]
        return [int((r.range or "bytes=0-")[6:].partition("-")[0]) for r in asked]

    def spawn(self, code: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        """Start a Python process with this registry and cache."""
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, code: str, *arguments: str, **environment: str) -> str:
        """Run a Python process to its good end, and return what it printed."""
        with self.spawn(code, *arguments, **environment) as process:
            printed, complaint = process.communicate(timeout=60)
        assert process.returncode == 0, complaint
        return printed

    def fetch_elsewhere(self, name: str, **environment: str) -> Path:
        """Fetch a file in a process of its own."""
        return Path(self.run(FETCH, name, **environment).strip())


@pytest.fixture
def drive(tmp_path: Path) -> Iterator[Drive]:
    """A Drive whose registry and cache are those that the environment names."""
    with DriveServer() as server:
        made = Drive(server, tmp_path)
        os.environ["EVIO_DATA_REGISTRY"] = str(made.registry)
        os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
        yield made


@pytest.fixture
def short_writes() -> Iterator[int]:
    """Let no file become longer than so many bytes: a write that would is cut, as by a full disk.

    What raises is the next one.
    """
    resource = pytest.importorskip("resource")
    limit, before = 250_000, resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield limit
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def fan(drive: Drive, tmp_path: Path) -> str:
    """A registered DAT recording, fetched."""
    drive.register("# license[fan/*]: CC0-1.0")
    drive.register("# citation: A & B, <2025>.")
    drive.add("fan/fan.dat", write_dat(tmp_path / "fan.dat", events=2000).path, size=True)
    drive.fetch_elsewhere("fan/fan.dat")
    return "fan/fan.dat"


@pytest.fixture
def killed_at(drive: Drive) -> Callable[[DriveFile, int], subprocess.Popen[str]]:
    """Fetch in a process that is killed (-9) once so many bytes have been sent to it."""

    def fetch(file: DriveFile, sent: int) -> subprocess.Popen[str]:
        before = drive.server.sent(file)
        process = drive.spawn(FETCH, file.name)
        while drive.server.sent(file) - before < sent:
            assert process.poll() is None, "it ended before it could be killed"
        process.kill()
        process.communicate()
        return process

    return fetch


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    """A real S3 server on loopback: its URL."""
    pytest.importorskip("s3fs", reason="the extra test-mirror is not installed")
    pytest.importorskip("moto", reason="the extra test-mirror is not installed")
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        lines = (re.search(r"Running on (http://[0-9.:]+)", line) for line in process.stderr)
        try:
            yield next(found[1] for found in lines if found)
        finally:
            process.kill()


@pytest.fixture
def bucket(s3: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A bucket of this test's own, and the environment that leads to it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    name = re.sub(r"[^a-z0-9]", "-", request.node.name)[:50].strip("-")
    code = f"import s3fs; s3fs.S3FileSystem().mkdir({name!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
    return f"s3://{name}/data"


@pytest.fixture
def wire() -> Iterator[Wire]:
    """A server that says just what it is told."""
    server = Wire()
    yield server
    server.close()
