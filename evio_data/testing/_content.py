"""The bytes of one version of a file, kept on disk or in memory, with their hashes."""

from __future__ import annotations

import base64
import hashlib
import io
import os
import tempfile
import threading
import zlib
from functools import cached_property
from pathlib import Path
from typing import IO

_HASH_SLICE = 2**20  # bytes
_MEMORY_LIMIT = 64 * 1024  # bytes; thousands of small files need no descriptor each
_WINDOW_BITS = {"gzip": 31, "deflate": 15, "raw-deflate": -15}  # what zlib calls the formats
_CASTAGNOLI = 0x82F63B78  # the reflected CRC-32C polynomial (RFC 3720)


class Content:
    """One version of a file: more than a few ``bytes`` go to a nameless temporary file."""

    def __init__(self, source: bytes | Path) -> None:
        self._file = _opened(source)
        self._lock = threading.Lock()
        self._compressing = threading.Lock()
        self._compressed: dict[str, Content] = {}
        self.size: int = self._file.seek(0, os.SEEK_END)

    @property
    def descriptor(self) -> int | None:
        """The descriptor that ``sendfile`` reads from; None if the bytes are in memory."""
        return None if isinstance(self._file, io.BytesIO) else self._file.fileno()

    def read(self, start: int, length: int) -> bytes:
        """Return up to `length` bytes from `start`; safe from any thread."""
        descriptor = self.descriptor
        if descriptor is not None and hasattr(os, "pread"):
            return os.pread(descriptor, length, start)
        with self._lock:
            self._file.seek(start)
            return self._file.read(length)

    def close(self) -> None:
        """Give the disk space back."""
        for content in self._compressed.values():
            content.close()
        self._file.close()

    def compressed(self, coding: str) -> Content:
        """Return the same bytes in a content coding; made once."""
        with self._compressing:
            if coding not in self._compressed:
                packer = zlib.compressobj(wbits=_WINDOW_BITS[coding])
                data = packer.compress(self.read(0, self.size)) + packer.flush()
                self._compressed[coding] = Content(data)
            return self._compressed[coding]

    @cached_property
    def sha256(self) -> str:
        """SHA-256 in hexadecimal."""
        return self._digest("sha256")

    @cached_property
    def sha1(self) -> str:
        """SHA-1 in hexadecimal."""
        return self._digest("sha1")

    @cached_property
    def md5(self) -> str:
        """MD5 in hexadecimal."""
        return self._digest("md5")

    @cached_property
    def crc32c(self) -> str:
        """CRC-32C as Google writes it: base64 of the four big-endian bytes."""
        crc = 0xFFFFFFFF
        for start in range(0, self.size, _HASH_SLICE):
            crc = _crc32c(crc, self.read(start, _HASH_SLICE))
        return base64.b64encode((crc ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()

    def _digest(self, algorithm: str) -> str:
        hasher = hashlib.new(algorithm, usedforsecurity=False)
        for start in range(0, self.size, _HASH_SLICE):
            hasher.update(self.read(start, _HASH_SLICE))
        return hasher.hexdigest()


def _opened(source: bytes | Path) -> IO[bytes]:
    if isinstance(source, Path):
        return source.open("rb", buffering=0)
    if len(source) <= _MEMORY_LIMIT:
        return io.BytesIO(source)
    spool = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 (closed by Content.close)
    view = memoryview(source)
    while view:
        view = view[spool.write(view) :]
    return spool


def _crc32c(crc: int, data: bytes) -> int:
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    return crc


def _crc_row(byte: int) -> int:
    for _ in range(8):
        byte = (byte >> 1) ^ (_CASTAGNOLI if byte & 1 else 0)
    return byte


_CRC_TABLE = [_crc_row(byte) for byte in range(256)]
