"""A file that is there already: seconds a call, of what checks it, asks, or believes."""

from __future__ import annotations

import hashlib
import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ._process import File, peer
from .peers import pup

CALLS = 1000
FEW_CALLS = 3  # of tools that hash the file in each call
REPOSITORY = "benchmark/recordings"  # as the hub of huggingface_hub would name it


def ours(files: list[File]) -> None:
    """Time calls of `evio_data.fetch`."""
    import evio_data

    began = time.perf_counter()
    evio_data.fetch(files[0].name)
    first = time.perf_counter() - began
    _print_median(lambda: evio_data.fetch(files[0].name), first=first)


def stat(files: list[File]) -> None:
    """Time calls of `os.stat`."""
    _print_median(files[0].path.stat)


def stamp(files: list[File]) -> None:
    """Time the reading of a JSON stamp beside the file, and its comparison with `os.stat`."""
    path = files[0].path
    at = path.with_suffix(".stamp")
    found = path.stat()
    at.write_text(json.dumps([found.st_size, found.st_mtime_ns, files[0].sha256]), encoding="utf-8")

    def call() -> None:
        size, modified, _ = json.loads(at.read_text(encoding="utf-8"))
        now = path.stat()
        assert (size, modified) == (now.st_size, now.st_mtime_ns)

    _print_median(call)


def digest(files: list[File]) -> None:
    """Time calls of `hashlib.file_digest`."""

    def call() -> None:
        with files[0].path.open("rb") as file:
            hashlib.file_digest(file, "sha256")

    _print_median(call, FEW_CALLS)


def pooch(files: list[File]) -> None:
    """Time calls of `Pooch.fetch`."""
    there = pup(files)
    _print_median(lambda: there.fetch(files[0].name), FEW_CALLS)


def gdown_cached(files: list[File]) -> None:
    """Time calls of `gdown.cached_download` with the hash."""
    cached = peer("gdown").cached_download
    file, known = files[0], f"sha256:{files[0].sha256}"
    _print_median(lambda: cached(file.url, str(file.path), quiet=True, hash=known), FEW_CALLS)


def gdown_resume(files: list[File]) -> None:
    """Time calls of `gdown.download` that would resume."""
    download = peer("gdown").download
    file = files[0]
    _print_median(lambda: download(file.url, str(file.path), quiet=True, resume=True))


def hub_fill(files: list[File]) -> None:
    """Fetch once from the hub that the server imitates."""
    peer("huggingface_hub").hf_hub_download(**_hub(files[0]))


def hub_try(files: list[File]) -> None:
    """Time calls of `try_to_load_from_cache`."""
    load = peer("huggingface_hub").try_to_load_from_cache
    file = files[0]
    assert Path(load(REPOSITORY, file.name, file.folder)).exists()
    _print_median(lambda: load(REPOSITORY, file.name, file.folder))


def hub_local(files: list[File]) -> None:
    """Time calls of `hf_hub_download` that may not ask."""
    download = peer("huggingface_hub").hf_hub_download
    _print_median(lambda: download(**_hub(files[0]), local_files_only=True))


def hub_ask(files: list[File]) -> None:
    """Time calls of `hf_hub_download`, which asks with a HEAD."""
    download = peer("huggingface_hub").hf_hub_download
    _print_median(lambda: download(**_hub(files[0])))


def _hub(file: File) -> dict[str, Any]:
    return {
        "repo_id": REPOSITORY,
        "filename": file.name,
        "cache_dir": file.folder,
        "endpoint": file.url.rpartition("/")[0],
    }


def _print_median(call: Callable[[], object], times: int = CALLS, **extra: float) -> None:
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        call()
        taken.append(time.perf_counter() - began)
    print(json.dumps({"seconds": statistics.median(taken), **extra}))
