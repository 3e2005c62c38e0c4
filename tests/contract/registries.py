"""Real registries of pooch's users, with pooch and with us: `python -m tests.contract.registries`.

The packages come from the package index, and only their registries are read. One file of each is
a stand-in with the same kind of hash, on a server of this machine; it is fetched the way in which
the package fetches: with its downloader, its processor, its number of retries.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import io
import json
import os
import random
import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from evio_data.testing import DriveServer

MIB = 2**20
SIZE = 24 * MIB  # bytes of a stand-in
RATE = 24 * MIB  # bytes a second, where a download is to be killed
PROCESSES = 5
LIBRARIES = ("pooch", "evio-data")
FETCH = """
import json, os, statistics, sys, time
import pooch
pooch.get_logger().setLevel("WARNING")
library, folder, base, times, text = sys.argv[1:]
spec = json.loads(text)
if library == "evio-data":
    import evio_data
    pooch.create = evio_data.Registry.create
pup = pooch.create(folder, base, registry=spec["registry"], urls=spec["urls"],
                   retry_if_failed=spec["retries"])
options = {}
if spec["headers"]:
    options["downloader"] = pooch.HTTPDownloader(headers={"User-Agent": "stand-in"})
seconds = []
for _ in range(int(times)):
    if spec["processor"]:
        options["processor"] = getattr(pooch, spec["processor"])()
    began = time.perf_counter()
    pup.fetch(spec["name"], **options)
    seconds.append(time.perf_counter() - began)
print(statistics.median(seconds))
"""


class Project(NamedTuple):
    """A package that fetches its data with pooch, and how it does so."""

    package: str
    read: Callable[[zipfile.ZipFile], tuple[dict[str, str | None], dict[str, str]]]
    headers: bool = False
    processor: str = ""
    retries: int = 0


class Cell(NamedTuple):
    """What one library does with one project's file."""

    traffic: float  # of the file, by all processes
    warm: float  # ms
    again: float  # MiB after a kill


def _literals(text: str) -> dict[str, Any]:
    """Return the names of a module that are given plain values."""
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            try:
                found[node.targets[0].id] = ast.literal_eval(node.value)
            except ValueError:
                continue
    return found


def _module(path: str) -> Callable[[zipfile.ZipFile], Any]:
    def read(wheel: zipfile.ZipFile) -> Any:
        found = _literals(wheel.read(path).decode())
        return found["registry"], found.get("registry_urls", {})

    return read


def _lines(path: str) -> Callable[[zipfile.ZipFile], Any]:
    def read(wheel: zipfile.ZipFile) -> Any:
        rows = [line.split() for line in wheel.read(path).decode().splitlines()]
        return {row[0]: row[1] for row in rows if len(row) > 1 and row[0] != "#"}, {}

    return read


def _mne(wheel: zipfile.ZipFile) -> Any:
    registry, urls = {}, {}
    for node in ast.walk(ast.parse(wheel.read("mne/datasets/config.py").decode())):
        given = {word.arg: word.value for word in getattr(node, "keywords", [])}
        try:
            wanted = ("archive_name", "hash", "url")
            name, known_hash, url = (ast.literal_eval(given[key]) for key in wanted)
        except (KeyError, ValueError):
            continue
        registry[name], urls[name] = known_hash, url
    return registry, urls


def _pyvista(wheel: zipfile.ZipFile) -> Any:
    text = wheel.read("pyvista/examples/downloads.py").decode()
    names = [
        node.value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    return {name: None for name in names if name.endswith(".zip") and " " not in name}, {}


PROJECTS = {
    "SciPy": Project("scipy", _module("scipy/datasets/_registry.py"), headers=True),
    "scikit-image": Project("scikit-image", _module("skimage/data/_registry.py")),
    "MNE": Project("mne", _mne, headers=True, processor="Untar", retries=2),
    "MetPy": Project("metpy", _lines("metpy/static-data-manifest.txt")),
    "pyvista": Project("pyvista", _pyvista, processor="Unzip", retries=3),
    "librosa": Project("librosa", _lines("librosa/util/example_data/registry.txt")),
}


def wheels(folder: Path) -> Iterator[tuple[str, Project, zipfile.ZipFile]]:
    """Download the packages, and open each."""
    python = sys.executable
    if importlib.util.find_spec("pip") is None:  # an environment made by uv
        venv.create(folder / "pip", with_pip=True)
        python = str(folder / "pip" / "bin" / "python")
    command = [python, "-m", "pip", "download", "--quiet", "--no-deps"]
    packages = [project.package for project in PROJECTS.values()]
    options = ["--only-binary=:all:", "--dest", str(folder)]
    subprocess.run([*command, *options, *packages], check=True)
    for name, project in PROJECTS.items():
        (path,) = folder.glob(f"{project.package.replace('-', '_')}-*.whl")
        with zipfile.ZipFile(path) as wheel:
            yield f"{name} {path.name.split('-')[1]}", project, wheel


def stand_in(processor: str, name: str) -> bytes:
    """Return bytes that a package's processor can unpack."""
    noise = random.Random(name).randbytes(SIZE - 100_000 if processor else SIZE)
    buffer = io.BytesIO()
    if processor == "Untar":
        with tarfile.open(fileobj=buffer, mode="w") as tar:
            info = tarfile.TarInfo("data/noise.raw")
            info.size = len(noise)
            tar.addfile(info, io.BytesIO(noise))
        return buffer.getvalue()
    if processor == "Unzip":
        with zipfile.ZipFile(buffer, "w") as archive:
            archive.writestr("data/noise.raw", noise)
        return buffer.getvalue()
    return noise


def known_hash(kind_of: str | None, content: bytes) -> str | None:
    """Return a hash of the kind that the registry has."""
    if kind_of is None:
        return None
    kind = kind_of.rpartition(":")[0]
    digest = hashlib.new(kind or "sha256", content).hexdigest()
    return f"{kind}:{digest}" if kind else digest


class Trial:
    """One project, ready to be fetched from a server of this machine."""

    def __init__(self, project: Project, wheel: zipfile.ZipFile, server: DriveServer) -> None:
        registry, urls = project.read(wheel)
        ending = {"Untar": (".tar.gz", ".tar"), "Unzip": (".zip",)}.get(project.processor, ("",))
        self.names = len(registry)
        self.name = next(name for name in registry if name.endswith(ending))
        self.kind = _kind(registry[self.name])
        self._content = stand_in(project.processor, self.name)
        self._server = server
        self.registry = {**registry, self.name: known_hash(registry[self.name], self._content)}
        self._urls, self._project = urls, project

    def run(self, library: str, folder: Path) -> Cell:
        """Fetch with many processes at once, warm, and after a kill."""
        spec = self._serve(0)
        processes = [self._spawn(library, folder / "many", spec) for _ in range(PROCESSES)]
        for process in processes:
            _printed(process)
        traffic = self._sent() / len(self._content)
        warm = 1000 * float(_printed(self._spawn(library, folder / "many", spec, times=25)))
        spec = self._serve(RATE)
        with self._spawn(library, folder / "killed", spec) as killed:
            while self._sent() < len(self._content) * 0.7:
                assert killed.poll() is None, "it ended before it could be killed"
            killed.kill()
        _printed(self._spawn(library, folder / "killed", spec))
        return Cell(traffic, warm, (self._sent() - len(self._content)) / MIB)

    def _serve(self, rate: int) -> str:
        options: dict[str, Any] = {"rate": rate} if rate else {}
        served = f"{random.randbytes(6).hex()}.raw"
        self._file = self._server.add(served, self._content, large=False, **options)
        spec = {
            "registry": self.registry,
            "urls": {**self._urls, self.name: f"{self._server.endpoint}/plain/{served}"},
            "name": self.name,
            "headers": self._project.headers,
            "processor": self._project.processor,
            "retries": self._project.retries,
        }
        return json.dumps(spec)

    def _sent(self) -> int:
        return self._server.sent(self._file)

    def _spawn(self, library: str, folder: Path, spec: str, times: int = 1) -> Any:
        base = f"{self._server.endpoint}/plain/"
        command = [sys.executable, "-c", FETCH, library, str(folder), base, str(times), spec]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ})


def _kind(known: str | None) -> str:
    return "none" if known is None else known.rpartition(":")[0] or "sha256"


def _printed(process: Any) -> str:
    text, _ = process.communicate(timeout=300)
    assert process.returncode == 0, text
    return str(text)


def main() -> int:
    """Print the table."""
    titles = ("Registry", "Names", "Hash", "Traffic of five processes", "Warm, ms", "MiB again")
    print(f"| {' | '.join(titles)} after a kill |")
    print("|---|---:|---|---:|---:|---:|")
    folders = tempfile.TemporaryDirectory()
    with folders as folder, DriveServer() as server:
        for label, project, wheel in wheels(Path(folder, "wheels")):
            trial = Trial(project, wheel, server)
            cells = [trial.run(each, Path(folder, label, each)) for each in LIBRARIES]
            columns = [
                " / ".join(f"{cell.traffic:.2f}x" for cell in cells),
                " / ".join(f"{cell.warm:.2f}" for cell in cells),
                " / ".join(f"{cell.again:.1f}" for cell in cells),
            ]
            row = [label, f"{trial.names:,}", trial.kind, *columns]
            print(f"| {' | '.join(row)} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
