"""Each peer's ways to fetch and verify files, as its documents show them."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ._process import MIB, File, clock, peer

# --- one file ---------------------------------------------------------------------------------


def gdown(files: list[File]) -> None:
    """Fetch with `gdown.download`, then read the file for its hash."""
    download = peer("gdown").download
    with clock():
        download(files[0].url, str(files[0].path), quiet=True)
        files[0].verify()


def gdown_resume(files: list[File]) -> None:
    """Go on with `gdown.download`, then read the file for its hash."""
    download = peer("gdown").download
    with clock():
        download(files[0].url, str(files[0].path), quiet=True, resume=True)
        files[0].verify()


def gdown_hasher(files: list[File]) -> None:
    """Fetch with `gdown.download` and its ``hasher``."""
    download = peer("gdown").download
    with clock():
        digest = hashlib.sha256()
        download(files[0].url, str(files[0].path), quiet=True, hasher=digest)
        files[0].verify(digest.hexdigest())


def gdown_cached(files: list[File]) -> None:
    """Fetch with `gdown.cached_download` and the known hash."""
    cached = peer("gdown").cached_download
    with clock():
        file = files[0]
        cached(file.url, str(file.path), quiet=True, hash=f"sha256:{file.sha256}")


def pypdl(files: list[File], segments: str = "1") -> None:
    """Fetch with pypdl in so many segments, then read the file for its hash."""
    downloader = peer("pypdl").Pypdl()
    with clock():
        downloader.start(
            files[0].url, str(files[0].path), segments=int(segments), display=False, block=True
        )
        assert not downloader.failed
        files[0].verify()


def hf_transfer(files: list[File], connections: str) -> None:
    """Fetch with hf_transfer over so many connections, then read the file for its hash."""
    download = peer("hf_transfer").download
    with clock():
        download(files[0].url, str(files[0].path), int(connections), 10 * MIB)
        files[0].verify()


def hf_http_get(files: list[File]) -> None:
    """Fetch with huggingface_hub's `http_get`, then read the file for its hash."""
    http_get = peer("huggingface_hub.file_download").http_get
    peer("huggingface_hub.utils").disable_progress_bars()
    with clock():
        # Moved when it is complete, as the hub's own downloads are.
        incomplete = files[0].path.with_name(f"{os.getpid()}.incomplete")
        with incomplete.open("wb") as file:
            http_get(files[0].url, file)
        incomplete.replace(files[0].path)
        files[0].verify()


# --- one or many files ------------------------------------------------------------------------


def pooch(files: list[File], threads: str = "1", chunk: str = "", retries: str = "0") -> None:
    """Fetch with `Pooch.fetch` in threads, with its own or another chunk size."""
    http = peer("pooch").HTTPDownloader
    downloader = http(chunk_size=int(chunk)) if chunk else http()
    with clock():
        there = pup(files, int(retries))
        with ThreadPoolExecutor(int(threads)) as pool:
            list(pool.map(lambda file: there.fetch(file.name, downloader=downloader), files))


def pup(files: list[File], retries: int = 0) -> Any:
    """Return a Pooch for the files."""
    pooch = peer("pooch")
    pooch.get_logger().setLevel("WARNING")
    return pooch.create(
        files[0].folder,
        base_url="",
        registry={file.name: file.sha256 for file in files},
        urls={file.name: file.url for file in files},
        retry_if_failed=retries,
    )


def parfive(files: list[File], connections: str, splits: str) -> None:
    """Fetch with parfive, which compares the hashes itself where it is told them."""
    downloaders = peer("parfive").Downloader
    with clock():
        downloader = downloaders(int(connections), int(splits), progress=False)
        for file in files:
            known = {"checksum": f"sha-256={file.sha256}"} if file.sha256 else {}
            downloader.enqueue_file(file.url, file.folder, file.name, **known)
        results = downloader.download()
    assert not results.errors, results.errors


# --- a registry -------------------------------------------------------------------------------


def pooch_registry(files: list[File], registry: str) -> None:
    """Load a registry file into a plain Pooch."""
    pooch = peer("pooch")
    assert not files
    with clock():
        pooch.create("cache", base_url="").load_registry(registry)
