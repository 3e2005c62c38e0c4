"""Content codings that were applied unasked."""

from __future__ import annotations

import gzip
import hashlib
import os
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._transfer.decoding import decoded, is_applied
from evio_data.errors import ChecksumError, DownloadError
from tests.conftest import noise

if TYPE_CHECKING:
    from pathlib import Path

    from evio_data.testing import DriveFile
    from tests.conftest import Drive


Killed = Callable[["DriveFile", int], subprocess.Popen[str]]

DATA = noise(700_000)  # more bytes when they are compressed
SHA256 = hashlib.sha256(DATA).hexdigest()


def raw_deflate(data: bytes) -> bytes:
    """Compress without zlib's frame, as some servers do."""
    maker = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return maker.compress(data) + maker.flush()


@pytest.mark.parametrize(
    ("coding", "data"),
    [
        ("gzip", gzip.compress(DATA)),
        ("x-gzip", gzip.compress(DATA)),
        ("gzip", gzip.compress(DATA[:5]) + gzip.compress(DATA[5:])),
        ("deflate", zlib.compress(DATA)),
        ("deflate", raw_deflate(DATA)),
    ],
)
def test_decoded(tmp_path: Path, coding: str, data: bytes) -> None:
    """The decoded file lies beside the received one, with its hash."""
    part = tmp_path / "a.part"
    part.write_bytes(data)
    path, found = decoded(part, coding, "sha256", len(DATA))
    assert (path.read_bytes(), found) == (DATA, SHA256)
    assert part.read_bytes() == data


@pytest.mark.parametrize(
    ("coding", "data", "error"),
    [
        ("gzip", b"a mere label", ChecksumError),
        ("gzip", b"\x1f\x8bno gzip", DownloadError),
        ("gzip", gzip.compress(DATA)[:-9], DownloadError),
        ("br", DATA, DownloadError),
        ("gzip", gzip.compress(DATA + b"!"), ChecksumError),
        ("gzip", gzip.compress(DATA[:-1]), ChecksumError),
        ("gzip", gzip.compress(bytes(50 * 2**20)), ChecksumError),
    ],
)
def test_what_cannot_be_decoded(
    tmp_path: Path, coding: str, data: bytes, error: type[Exception]
) -> None:
    """Bytes in another coding, cut ones, and ones of another size are errors."""
    part = tmp_path / "a.part"
    part.write_bytes(data)
    with pytest.raises(error):
        decoded(part, coding, "sha256", len(DATA))


@pytest.mark.parametrize(
    ("coding", "name", "start", "applied"),
    [
        ("", "a.raw", b"\x1f\x8b", False),
        ("gzip", "a.raw", b"\x1f\x8b", True),
        ("gzip", "a.raw", b"% ", False),
        ("x-gzip", "a.tar.gz", b"\x1f\x8b", False),
        ("gzip", "A.TGZ", b"\x1f\x8b", False),
        ("deflate", "a.raw", b"\x78\x9c", True),
        ("br", "a.raw", b"% ", True),
    ],
)
def test_a_label_is_not_a_coding(
    tmp_path: Path, coding: str, name: str, start: bytes, applied: bool
) -> None:
    """Whether bytes are coded is told by the bytes, and for archives by the name."""
    part = tmp_path / "a.part"
    part.write_bytes(start)
    assert is_applied(coding, name, part) is applied


# --- through a whole download -----------------------------------------------------------------


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize("length", ["exact", "chunked"])
def test_registered_size_is_that_of_the_decoded_bytes(
    drive: Drive, *, pinned: bool, length: str
) -> None:
    """A server that compresses unasked may send more bytes than the registry says, or fewer."""
    for name, content in (("more.raw", DATA), ("fewer.raw", bytes(700_000))):
        drive.add(name, content, size=True, pinned=pinned, compress="gzip", length=length)
        assert evio_data.fetch(name).read_bytes() == content


@pytest.mark.parametrize("pinned", [True, False])
def test_range_is_of_the_bytes_before_they_were_coded(drive: Drive, *, pinned: bool) -> None:
    """A 206 in chunks whose bytes are coded has more of them than its ``Content-Range`` says."""
    drive.add("fan.raw", DATA, size=True, pinned=pinned, gzip=True, length="chunked")
    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_what_cannot_be_decoded_is_not_kept(drive: Drive) -> None:
    """Bytes that are no coding of anything are fetched anew by the next run; none is left."""
    file = drive.add("fan.raw", b"\x1f\x8b" + DATA, content_encoding="gzip", pinned=False)
    with pytest.raises(DownloadError, match="gzip-coded, and they are not"):
        evio_data.fetch("fan.raw")
    assert drive.left("fan.raw") == []
    file.content_encoding = None
    assert evio_data.fetch("fan.raw").read_bytes() == b"\x1f\x8b" + DATA


@pytest.mark.skipif(os.name == "nt", reason="kills as POSIX does")
@pytest.mark.parametrize("then", ["gzip", None])
@pytest.mark.parametrize("pinned", [True, False])
def test_what_is_there_is_known_to_be_coded(
    drive: Drive, killed_at: Killed, *, pinned: bool, then: str | None
) -> None:
    """After a kill the next process knows that the bytes are coded, and mixes them with none."""
    file = drive.add("fan.raw", DATA, size=True, pinned=pinned, compress="gzip", rate=1e6)
    killed_at(file, 300_000)
    file.rate, file.compress = None, then  # type: ignore[assignment]
    assert evio_data.fetch("fan.raw").read_bytes() == DATA


def test_a_disk_that_takes_a_part_of_the_last_block(tmp_path: Path, short_writes: int) -> None:
    """Decoded bytes that did not all get to the disk are an error, and leave nothing.

    They once got the file's name: the hash was that of all of them (campaign 281204000792).
    """
    part = tmp_path / "1.part"
    part.write_bytes(zlib.compress(bytes(short_writes + 10)))
    with pytest.raises(OSError, match="large"):
        decoded(part, "deflate", "sha256", None)
    assert list(tmp_path.iterdir()) == [part]
