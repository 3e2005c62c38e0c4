"""Without the network: what is there is served, who only copies may copy, and nobody is asked."""

from __future__ import annotations

import os
import shutil
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pooch
import pytest

from evio_data import DriveDownloader, Registry, retrieve
from evio_data.errors import (
    ChecksumError,
    OfflineError,
)
from tests.pooch.data import BYTES, MD5, SHA256

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_offline_serves_what_is_there(drive: Drive) -> None:
    """With EVIO_DATA_OFFLINE a cached file is served, whatever its hash and downloader."""
    drive.add("a.raw", BYTES)
    registry = Registry.open(drive.registry)
    registry.fetch("a.raw")
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    for known_hash in (SHA256, MD5):
        registry.registry["a.raw"] = known_hash
        assert Path(registry.fetch("a.raw")).read_bytes() == BYTES


def asking(url: str, output_file: Any, pup: Any, check_only: bool = False) -> bool:
    """Be a downloader that uses the network in its own way."""
    with urllib.request.urlopen(url) as answer:
        return bool(answer.read())


@pytest.mark.parametrize("known_hash", [SHA256, MD5], ids=["sha256", "md5"])
@pytest.mark.parametrize(
    "downloader",
    [None, pooch.HTTPDownloader(), DriveDownloader(), asking],
    ids=["ours", "pooch's", "DriveDownloader", "somebody's"],
)
def test_offline_asks_nobody(known_hash: str, downloader: Any, drive: Drive) -> None:
    """With EVIO_DATA_OFFLINE nothing is asked of the network, whoever downloads."""
    drive.add("a.raw", BYTES, large=False)
    registry = Registry.open(drive.registry)
    registry.urls["a.raw"] = f"{drive.server.endpoint}/plain/a.raw"
    registry.registry["a.raw"] = known_hash
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    for use in (registry.fetch, registry.is_available):
        with pytest.raises(OfflineError, match="EVIO_DATA_OFFLINE"):
            use("a.raw", downloader=downloader)
    assert drive.server.requests == []


@pytest.mark.parametrize("create", [Registry.open, None], ids=["open", "retrieve"])
def test_offline_does_not_refuse_to_copy(create: Any, drive: Drive, tmp_path: Path) -> None:
    """A downloader that only copies a file works without the network."""
    drive.add("a.raw", BYTES)
    (tmp_path / "here.raw").write_bytes(BYTES)

    def copy(url: str, output_file: Any, pup: Any) -> None:
        shutil.copyfile(tmp_path / "here.raw", output_file)

    os.environ["EVIO_DATA_OFFLINE"] = "1"
    if create is None:
        path = retrieve("https://example.org/a", SHA256, path=tmp_path / "own", downloader=copy)
    else:
        path = create(drive.registry).fetch("a.raw", downloader=copy)
    assert Path(path).read_bytes() == BYTES


def test_offline_does_not_try_again(drive: Drive) -> None:
    """A damaged file is said to be so at once where it cannot be fetched anew."""
    drive.add("a.raw", BYTES)
    registry = Registry.open(drive.registry)
    registry.retry_if_failed = 1000  # pooch's waits would outlast this test
    Path(registry.fetch("a.raw")).write_bytes(b"spoilt")
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    with pytest.raises(ChecksumError) as caught:
        registry.fetch("a.raw")
    assert isinstance(caught.value, ValueError)
