"""The entry that one of pooch's files is: its name, its hash, its size."""

from __future__ import annotations

from pathlib import Path

import pooch
import pytest

from evio_data import DriveDownloader
from evio_data._pooch.entries import as_entry
from evio_data.errors import (
    ChecksumError,
    DownloadError,
)
from evio_data.testing import DriveServer
from tests.pooch.data import BYTES, fetched, pup_of

pytestmark = pytest.mark.usefixtures("google")


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("ftp://example.org/a", "pooch.FTPDownloader"),
        ("sftp://example.org/a", "pooch.SFTPDownloader"),
        ("file:///etc/passwd", "pooch"),
        ("a.raw", "pooch"),
        ("https://example.org\\@evil.example", "pooch"),
    ],
)
def test_other_protocols_are_refused(url: str, advice: str, folder: Path) -> None:
    """What is not HTTP is refused at once, with the downloader to use instead."""
    pup = pooch.create(
        folder, "", registry={"a.raw": None}, urls={"a.raw": url}, retry_if_failed=10
    )
    with pytest.raises(DownloadError, match=advice):
        fetched(pup)


def test_wrong_size_is_found_at_once(server: DriveServer, folder: Path) -> None:
    """A ``#size=`` that the server contradicts is an error before the bytes have come."""
    file = server.add("a.raw", BYTES)
    pup = pup_of(folder, file, urls={"a.raw": f"{file.url}#size=5"})
    with pytest.raises(ChecksumError, match="5 in the registry"):
        fetched(pup)


def test_names_that_share_a_url_have_their_own_hashes(server: DriveServer, folder: Path) -> None:
    """Of two names with one URL, the one whose hash is right is served."""
    file = server.add("a.raw", BYTES)
    pup = pup_of(folder, file, urls={"a.raw": file.url, "old.raw": file.url})
    pup.registry["old.raw"] = "0" * 64
    assert fetched(pup) == BYTES
    with pytest.raises(ValueError, match="0" * 64):
        pup.fetch("old.raw", downloader=DriveDownloader())


@pytest.mark.parametrize(
    ("fragment", "size"),
    [
        ("", None),
        ("#size=12", 12),
        ("#size=", None),
        ("#size=-1", None),
        ("#12", None),
        (f"#size={'9' * 5000}", None),
    ],
)
def test_fragment_is_a_size_or_nothing(fragment: str, size: int | None) -> None:
    """A URL's fragment is not sent; it is a size, or says nothing."""
    entry = as_entry("a.raw", None, f"https://example.org/a?b=c{fragment}")
    assert (entry.url, entry.size) == ("https://example.org/a?b=c", size)
