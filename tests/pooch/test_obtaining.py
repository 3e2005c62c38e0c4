"""One file for a caller of pooch: once, with its words, and never hammered for."""

from __future__ import annotations

import hashlib
import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

from evio_data import Registry
from evio_data.errors import (
    QuotaExceededError,
)
from evio_data.testing import DriveServer
from tests.pooch.data import BYTES, MIB, registry_at

if TYPE_CHECKING:
    from tests.conftest import Drive


@pytest.mark.parametrize("kind", ["sha256", "md5", "sha1"])
def test_cut_download_is_resumed(drive: Drive, kind: str) -> None:
    """What arrived before an error is not asked for again, whatever the kind of hash."""
    file = drive.add("a.raw", BYTES, large=True, cut_after=2 * MIB, quota=MIB)
    registry = Registry.open(drive.registry)
    registry.registry["a.raw"] = f"{kind}:{hashlib.new(kind, BYTES).hexdigest()}"
    with pytest.raises(QuotaExceededError):
        registry.fetch("a.raw")
    file.cut_after = file.quota = None
    drive.server.forget()
    assert Path(registry.fetch("a.raw")).read_bytes() == BYTES
    assert min(drive.starts(file)) > 0


def test_quota_is_asked_for_once(drive: Drive) -> None:
    """``retry_if_failed`` never hammers a file whose quota is used up."""
    drive.add("a.raw", BYTES, refuse="quota")
    registry = Registry.open(drive.registry)
    registry.retry_if_failed = 10
    with pytest.raises(QuotaExceededError) as caught:
        registry.fetch("a.raw")
    assert not isinstance(caught.value, ValueError | requests.RequestException)
    assert len(drive.server.requests) <= 2


def test_threads_download_once(drive: Drive) -> None:
    """Threads with registries of their own that want one file cause one download."""
    file = drive.add("a.raw", BYTES, rate=20 * MIB)
    registries = [Registry.open(drive.registry) for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        paths = set(pool.map(lambda registry: registry.fetch("a.raw"), registries))
    assert paths == {str(drive.cache / "a.raw")}
    assert drive.server.sent(file) == len(BYTES)


def test_poochs_logger_says_what_pooch_says(
    server: DriveServer, tmp_path: Path, said: list[tuple[int, str]]
) -> None:
    """Downloads and updates are told as pooch tells them, at INFO; a warm file is silent."""
    for name in ("a.raw", "b.raw"):
        server.add(name, name.encode(), large=False)
    base = f"{server.endpoint}/plain/"
    registry = registry_at(f"{base}a.raw", tmp_path)
    registry.registry["a.raw"] = "md5:" + hashlib.md5(b"a.raw").hexdigest()
    registry.fetch("a.raw")
    registry.fetch("a.raw")
    registry.registry["a.raw"] = "md5:" + hashlib.md5(b"b.raw").hexdigest()
    registry.urls["a.raw"] = f"{base}b.raw"
    registry.fetch("a.raw")
    assert said == [
        (logging.INFO, f"Downloading file 'a.raw' from '{base}a.raw' to '{tmp_path}'."),
        (logging.INFO, f"Updating file 'a.raw' from '{base}b.raw' to '{tmp_path}'."),
    ]
