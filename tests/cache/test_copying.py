"""Copies within the machine: hashed as they are stored, never longer than declared."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import pytest

from evio_data._cache.copying import (
    STEP,
    TooLongError,
    clone,
    copy_file,
    copy_stream,
    hash_stream,
)
from evio_data._cache.hashing import Digests
from tests.conftest import noise


@pytest.mark.parametrize("size", [0, 1, 300_000, STEP + 17])
def test_file(tmp_path: Path, size: int) -> None:
    """A copy has the bytes, from the first one on, whatever was read of the source before."""
    data = noise(size)
    (tmp_path / "a").write_bytes(data)
    digests = Digests(("sha256", "md5"))
    with (tmp_path / "a").open("rb", 0) as source, (tmp_path / "b").open("w+b", 0) as target:
        source.read(10)
        copy_file(source, target, size, digests)
    assert (tmp_path / "b").read_bytes() == data
    assert digests.hashes()["sha256"] == hashlib.sha256(data).hexdigest()
    assert digests.hashes()["md5"] == f"md5:{hashlib.md5(data).hexdigest()}"


def test_file_that_grew(tmp_path: Path) -> None:
    """A source that is longer than it was is refused."""
    (tmp_path / "a").write_bytes(noise(1000))
    with (
        (tmp_path / "a").open("rb", 0) as source,
        (tmp_path / "b").open("w+b", 0) as target,
        pytest.raises(TooLongError),
    ):
        copy_file(source, target, 999, Digests(("sha256",)))


def test_stream(tmp_path: Path) -> None:
    """A stream that no kernel can copy is stored block by block."""
    data = noise(300_000)
    digests = Digests(("sha256",))
    with (tmp_path / "b").open("w+b", 0) as target:
        copy_stream(io.BytesIO(data), target, len(data), digests)
    assert (tmp_path / "b").read_bytes() == data
    assert digests.hashes()["sha256"] == hashlib.sha256(data).hexdigest()


def test_stream_without_end(tmp_path: Path) -> None:
    """A stream that goes on is left where it passes its declared length."""

    class Endless:
        given = 0

        def read(self, size: int, /) -> bytes:
            self.given += size
            return bytes(size)

    stream = Endless()
    with (tmp_path / "b").open("w+b", 0) as target, pytest.raises(TooLongError):
        copy_stream(stream, target, 1_000_000, Digests(("sha256",)))
    assert stream.given < 2_000_000


def test_hash_of_a_stream() -> None:
    """A stream is hashed to its end, and nothing of it is stored."""
    digests = Digests(("sha256",))
    hash_stream(io.BytesIO(noise(600_000)), digests)
    assert digests.hashes()["sha256"] == hashlib.sha256(noise(600_000)).hexdigest()


def test_clone(tmp_path: Path) -> None:
    """A clone has the bytes; where the file system shares no blocks, nothing is written."""
    data = noise(50_000)
    (tmp_path / "a").write_bytes(data)
    with (tmp_path / "a").open("rb", 0) as source, (tmp_path / "b").open("w+b", 0) as target:
        done = clone(source, target)
    assert (tmp_path / "b").read_bytes() == (data if done else b"")
