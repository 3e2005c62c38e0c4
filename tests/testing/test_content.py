"""The bytes of a version: read anywhere, hashed, compressed, and given back to the disk."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from pathlib import Path

import pytest

from evio_data.testing._content import Content

DATA = bytes(range(256)) * 1000


@pytest.mark.parametrize("kind", ["small", "large", "on disk"])
def test_bytes(tmp_path: Path, kind: str) -> None:
    """In memory, in a nameless file or on the disk: any piece of it can be read."""
    data = DATA[:1000] if kind == "small" else DATA
    if kind == "on disk":
        (tmp_path / "a").write_bytes(data)
    content = Content(tmp_path / "a" if kind == "on disk" else data)
    assert content.size == len(data)
    assert content.read(300, 500) == data[300:800]
    assert content.read(len(data) - 1, 500) == data[-1:]
    assert (content.descriptor is None) == (kind == "small")
    content.close()


def test_hashes() -> None:
    """Hashes are those of the bytes; CRC-32C is the published check value's."""
    content = Content(b"123456789")
    assert content.sha256 == hashlib.sha256(b"123456789").hexdigest()
    assert content.sha1 == hashlib.sha1(b"123456789").hexdigest()
    assert content.md5 == hashlib.md5(b"123456789").hexdigest()
    assert content.crc32c == "4waSgw=="  # 0xE3069283, of RFC 3720's polynomial
    content.close()


def test_compressed() -> None:
    """Each coding is made once, and decodes to the same bytes."""
    content = Content(DATA)
    packed = {coding: content.compressed(coding) for coding in ("gzip", "deflate", "raw-deflate")}
    whole = {coding: each.read(0, each.size) for coding, each in packed.items()}
    assert gzip.decompress(whole["gzip"]) == DATA
    assert zlib.decompress(whole["deflate"]) == DATA
    assert zlib.decompress(whole["raw-deflate"], wbits=-15) == DATA
    assert content.compressed("gzip") is packed["gzip"]
    content.close()
