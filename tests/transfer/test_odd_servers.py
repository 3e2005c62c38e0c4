"""Servers that behave oddly, though harmlessly: the file arrives all the same."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import errors
from tests.conftest import noise

if TYPE_CHECKING:
    from evio_data.testing import DriveFile
    from tests.conftest import Drive

DATA = noise(600_000)
SLOW = {"rate": 1_500_000}  # bytes/s; long enough for a second connection to be tried

HARMLESS: dict[str, dict[str, Any]] = {
    **{f"second connection: {n}": {"connection_limit": 1, "over_limit": n, **SLOW}
       for n in (403, 429, 503, "quota")},
    "quota on resume": {"quota": "on-resume", **SLOW},
    **{f"nodes: {n}": {"nodes": n, **SLOW}
       for n in ("etag", "weak", "gzip-suffix", "second-off", "on-and-off")},
    **{f"nodes, cut: {n}": {"nodes": n, "cut_after": 150_000}
       for n in ("etag", "weak", "gzip-suffix", "second-off", "on-and-off")},
    "no last chunk": {"length": "chunked", "last_chunk": "close"},
    "trailers": {"length": "chunked", "trailers": 3},
    **{f"label: {n}": {"content_encoding": n}
       for n in ("gzip", "x-gzip", "aws-chunked", "utf-8", "binary", "none", "8bit")},
    "transfer coding: identity": {"transfer_encoding": "identity"},
    **{f"compressed: {n}": {"compress": n} for n in ("gzip", "deflate", "raw-deflate")},
    **{f"range refused: {n}": {"range_status": n} for n in (400, 403, 405, 406, 416, 501)},
    "203": {"ok_status": 203},
    "no total": {"ranges": "no-total"},
    "another total": {"ranges": "other-total"},
    "multipart": {"ranges": "multipart"},
    "length twice": {"length": "twice"},
    "informational": {"informational": 3},
}  # fmt: skip


def serve(drive: Drive, options: dict[str, Any], *, pinned: bool) -> DriveFile:
    """Serve the file at a plain URL, and register that."""
    file = drive.server.add("fan.raw", DATA, **options)
    known_hash = file.sha256 if pinned else "unpinned"
    drive.register(f"fan.raw {known_hash} {drive.server.plain_url(file)}")
    return file


@pytest.mark.parametrize("pinned", [True, False], ids=["hash", "no hash"])
@pytest.mark.parametrize("options", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless(drive: Drive, options: dict[str, Any], pinned: bool) -> None:
    """What is odd, and does no harm to the bytes, does none to the download."""
    serve(drive, options, pinned=pinned)
    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_a_label_that_means_a_coding_needs_a_hash(drive: Drive) -> None:
    """Bytes that may be in a coding which nobody here understands are not pinned."""
    file = serve(drive, {"content_encoding": "br"}, pinned=False)
    with pytest.raises(errors.DownloadError, match="'br'-coded"):
        evio_data.fetch("fan.raw")
    drive.replace(f"fan.raw {file.sha256} {drive.server.plain_url(file)}")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_a_label_where_no_last_chunk_comes(drive: Drive) -> None:
    """Where the registered size may be that of decoded bytes, the hash says what is whole."""
    options = {"content_encoding": "gzip", "length": "chunked", "last_chunk": "close"}
    file = drive.server.add("fan.raw", DATA, **options)  # type: ignore[arg-type]
    url = drive.server.plain_url(file)
    drive.register(f"fan.raw {file.sha256} {url}#size={len(DATA)}")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA


@pytest.mark.parametrize("length", ["chunked", "exact", "absent"])
def test_what_came_before_a_break_is_kept(drive: Drive, length: str) -> None:
    """However a body is delimited, the bytes before a break count."""
    os.environ["EVIO_DATA_RETRIES"] = "0"
    serve(drive, {"length": length, "cut_after": 200_000, "chunk_size": 90_000}, pinned=True)
    (outcome,) = evio_data.prefetch(concurrency=1)
    if outcome.error is not None:
        assert isinstance(outcome.error, errors.DownloadError)
        assert outcome.error.received >= 180_000
    else:
        assert outcome.resumed >= 180_000


PAGE = b"<!DOCTYPE html><html><title>Sign in</title>"


@pytest.mark.parametrize("kind", ["text/plain", "application/octet-stream", ""])
def test_a_page_is_not_pinned(drive: Drive, kind: str) -> None:
    """A page of the network's is no first use, whatever type it claims."""
    file = drive.server.add("fan.raw", PAGE * 20, content_type=kind)
    drive.register(f"fan.raw unpinned {drive.server.plain_url(file)}")
    with pytest.raises(errors.DownloadError, match="web page"):
        evio_data.fetch("fan.raw")
    assert not (drive.cache / "fan.raw").exists()


def test_nothing_is_not_pinned(drive: Drive) -> None:
    """An empty answer is no first use where nobody has said that the file is empty."""
    file = drive.server.add("fan.raw", b"")
    drive.register(f"fan.raw unpinned {drive.server.plain_url(file)}")
    with pytest.raises(errors.DownloadError, match="empty"):
        evio_data.fetch("fan.raw")
    drive.replace(f"fan.raw unpinned {drive.server.plain_url(file)}#size=0")
    assert evio_data.fetch("fan.raw").read_bytes() == b""


@pytest.mark.parametrize("pinned", [True, False])
def test_compressed_parts_of_a_line_that_falls_silent(drive: Drive, *, pinned: bool) -> None:
    """A second run, which finds bytes of a compressed answer, is as bounded as the first."""
    os.environ.update(EVIO_DATA_TIMEOUT="0.2", EVIO_DATA_RETRIES="1")
    drive.add("fan.raw", DATA[:57_000], pinned=pinned, gzip=True, stall_after=32_000)
    for _ in range(2):
        with pytest.raises(errors.DownloadError):
            evio_data.fetch("fan.raw")
    assert len(drive.server.requests) < 20
