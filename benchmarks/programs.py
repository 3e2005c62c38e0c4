"""One tool's way to fetch files, as a process to be measured: ``programs.py NAME LISTING FOLDER``.

Each program imports what it needs, starts the clock, fetches and verifies the files of the
listing, and prints the seconds as JSON. It stands alone, so that the interpreter which has the
peers can run it by its path.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

MIB = 2**20
WARM_CALLS = 1000
SLOW_WARM_CALLS = 3  # of tools that hash the file in each call


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
        """Compare a hash, or else that of the file on disk, with the right one."""
        if actual is None:
            with self.path.open("rb") as file:
                actual = hashlib.file_digest(file, "sha256").hexdigest()
        assert actual == self.sha256, self.name


def peer(name: str) -> Any:
    """Import a module that the type checker need not know."""
    return import_module(name)


@contextmanager
def clock(**extra: float) -> Iterator[None]:
    """Print the seconds that the body takes, as the process's last line."""
    began = time.perf_counter()
    yield
    print(json.dumps({"seconds": time.perf_counter() - began, **extra}), flush=True)


# --- one file ---------------------------------------------------------------------------------


def ours_fetch(files: list[File]) -> None:
    """Fetch with `evio_data.fetch`, the registry and the cache being in the environment."""
    import evio_data
    import evio_data._prefetch  # else imported by the first fetch; the others' are imported, too

    with clock():
        evio_data.fetch(files[0].name)


def floor_threads(files: list[File]) -> None:
    """Do only the work, in three threads."""
    floors = peer("floors")  # beside this file

    with clock():
        files[0].verify(floors.threads(files[0].url, files[0].path))


def floor_one_thread(files: list[File]) -> None:
    """Do only the work, in one thread."""
    floors = peer("floors")  # beside this file

    with clock():
        files[0].verify(floors.one_thread(files[0].url, files[0].path))


def gdown_then_hash(files: list[File]) -> None:
    """Fetch with `gdown.download`, then read the file for its hash."""
    gdown = peer("gdown")
    with clock():
        gdown.download(files[0].url, str(files[0].path), quiet=True)
        files[0].verify()


def gdown_hasher(files: list[File]) -> None:
    """Fetch with `gdown.download` and its ``hasher``."""
    gdown = peer("gdown")
    with clock():
        digest = hashlib.sha256()
        gdown.download(files[0].url, str(files[0].path), quiet=True, hasher=digest)
        files[0].verify(digest.hexdigest())


def gdown_cached(files: list[File]) -> None:
    """Fetch with `gdown.cached_download` and the known hash."""
    gdown = peer("gdown")
    with clock():
        _gdown_cached(gdown, files[0])


def _gdown_cached(gdown: Any, file: File) -> None:
    gdown.cached_download(file.url, str(file.path), quiet=True, hash=f"sha256:{file.sha256}")


def with_pypdl(files: list[File], segments: str = "1") -> None:
    """Fetch with pypdl in so many segments, then read the file for its hash."""
    pypdl = peer("pypdl")
    with clock():
        pypdl.Pypdl().start(
            files[0].url, str(files[0].path), segments=int(segments), display=False, block=True
        )
        files[0].verify()


def with_hf_transfer(files: list[File], connections: str) -> None:
    """Fetch with hf_transfer over so many connections, then read the file for its hash."""
    hf_transfer = peer("hf_transfer")
    with clock():
        hf_transfer.download(files[0].url, str(files[0].path), int(connections), 10 * MIB)
        files[0].verify()


def hf_http_get(files: list[File]) -> None:
    """Fetch with huggingface_hub's `http_get`, then read the file for its hash."""
    http_get = peer("huggingface_hub.file_download").http_get
    peer("huggingface_hub.utils").disable_progress_bars()
    with clock():
        with files[0].path.open("wb") as file:
            http_get(files[0].url, file)
        files[0].verify()


# --- one or many files ------------------------------------------------------------------------


def ours_prefetch(files: list[File], connections: str) -> None:
    """Fetch with `evio_data.prefetch`, the registry and the cache being in the environment."""
    import evio_data
    import evio_data._prefetch

    with clock():
        report = evio_data.prefetch(concurrency=int(connections))
    assert len(report.fetched) == len(files), report.failed


def with_pooch(files: list[File], threads: str = "1", chunk: str = "") -> None:
    """Fetch with `Pooch.fetch` in threads, with its own or another chunk size."""
    http = peer("pooch").HTTPDownloader
    downloader = http(chunk_size=int(chunk)) if chunk else http()
    with clock():
        pup = _pup(files)
        with ThreadPoolExecutor(int(threads)) as pool:
            list(pool.map(lambda file: pup.fetch(file.name, downloader=downloader), files))


def _pup(files: list[File]) -> Any:
    pooch = peer("pooch")
    pooch.get_logger().setLevel("WARNING")
    return pooch.create(
        files[0].folder,
        base_url="",
        registry={file.name: file.sha256 for file in files},
        urls={file.name: file.url for file in files},
    )


def with_parfive(files: list[File], connections: str, splits: str) -> None:
    """Fetch with parfive, which compares the hashes itself."""
    parfive = peer("parfive")
    with clock():
        downloader = parfive.Downloader(int(connections), int(splits), progress=False)
        for file in files:
            downloader.enqueue_file(
                file.url, file.folder, file.name, checksum=f"sha-256={file.sha256}"
            )
        results = downloader.download()
    assert not results.errors, results.errors


# --- a file that is there ---------------------------------------------------------------------


def warm_ours(files: list[File]) -> None:
    """Time calls of `evio_data.fetch`."""
    import evio_data

    began = time.perf_counter()
    evio_data.fetch(files[0].name)
    first = time.perf_counter() - began
    _print_median(lambda: evio_data.fetch(files[0].name), WARM_CALLS, first=first)


def warm_stat(files: list[File]) -> None:
    """Time calls of `os.stat`."""
    _print_median(files[0].path.stat, WARM_CALLS)


def warm_pooch(files: list[File]) -> None:
    """Time calls of `Pooch.fetch`."""
    pup = _pup(files)
    _print_median(lambda: pup.fetch(files[0].name), SLOW_WARM_CALLS)


def warm_gdown(files: list[File]) -> None:
    """Time calls of `gdown.cached_download`."""
    gdown = peer("gdown")
    _print_median(lambda: _gdown_cached(gdown, files[0]), SLOW_WARM_CALLS)


def _print_median(call: Callable[[], object], times: int, **extra: float) -> None:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    print(json.dumps({"seconds": statistics.median(taken), **extra}))


# --- a registry -------------------------------------------------------------------------------


def registry_ours(files: list[File], name: str) -> None:
    """Open the registry in the environment, and find one name in it."""
    import evio_data
    import evio_data._collection

    assert not files
    with clock():
        assert evio_data.names(name) == [name]


def registry_pooch(files: list[File], registry: str) -> None:
    """Load a registry file into a plain Pooch."""
    pooch = peer("pooch")
    assert not files
    with clock():
        pooch.create("cache", base_url="").load_registry(registry)


def _files(listing: str, folder: str) -> list[File]:
    if listing == "-":
        return []
    entries = json.loads(Path(listing).read_text(encoding="utf-8"))
    return [File(Path(folder), **entry) for entry in entries]


if __name__ == "__main__":
    program, listing, folder, *options = sys.argv[1:]
    globals()[program](_files(listing, folder), *options)
