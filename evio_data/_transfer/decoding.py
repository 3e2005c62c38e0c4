"""Undo a content coding that a server applied unasked."""

import os
import zlib
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from .._cache.hashing import Digests
from .._files import open_nofollow, write_all
from ..errors import ChecksumError, DownloadError

BLOCK = 256 * 1024  # bytes
_GZIP = ("gzip", "x-gzip")
_MAGIC = b"\x1f\x8b"  # a gzip member begins so
DECODABLE = (*_GZIP, "deflate")
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL


def is_applied(coding: str, name: str, part: Path) -> bool:
    """Say whether the bytes are in the coding that the server named.

    Some servers label a ``.tar.gz`` as gzip-coded because it is one, and some label what is not
    coded at all: the bytes themselves tell.
    """
    if not coding or (coding in _GZIP and name.lower().endswith((".gz", ".tgz"))):
        return False
    with part.open("rb") as file:
        return file.read(2) == _MAGIC if coding in _GZIP else True


def decoded(part: Path, coding: str, kind: str, size: int | None) -> tuple[Path, str]:
    """Decode a file beside itself; return the new file and its hash.

    Parameters
    ----------
    part : Path
    coding : str
        As the server called it; of several, the last one was applied last.
    kind : str
        Of hash.
    size : int or None
        Bytes that the decoded file must have, where the registry says so.

    Raises
    ------
    DownloadError
        If the bytes are not in this coding, or it is one that is not understood.
    ChecksumError
        If the decoded file has another size than the registered one.
    """
    codings = coding.split(", ")
    if not set(codings) <= set(DECODABLE):
        raise DownloadError(
            f"the server sends {coding!r}-coded bytes although none were asked for.",
            advice="A proxy may do this: try another network. "
            "With a published hash a wrong label does no harm.",
        )
    target = part.with_name(f"{part.stem}-decoded{part.suffix}")
    target.unlink(missing_ok=True)
    digests = Digests((kind,))
    try:
        with part.open("rb") as source, open_nofollow(target, _NEW) as file:
            blocks: Iterator[bytes] = iter(lambda: source.read(BLOCK), b"")
            for applied in reversed(codings):
                blocks = _decoded_blocks(blocks, applied)
            _write(file, blocks, digests, size)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return target, digests.hashes()[kind]


def _write(file: BinaryIO, blocks: Iterator[bytes], digests: Digests, size: int | None) -> None:
    written = 0
    for block in blocks:
        written += len(block)
        if size is not None and written > size:
            break
        write_all(file, block)
        digests.update(block)
    if size is not None and written != size:
        raise _wrong_size(written, size)
    os.fsync(file.fileno())


def _decoded_blocks(blocks: Iterator[bytes], coding: str) -> Iterator[bytes]:
    """Undo one coding, in bounded pieces; if it is a mere label, pass the bytes on."""
    start = b""
    while len(start) < len(_MAGIC) and (block := next(blocks, b"")):
        start += block
    blocks = chain([start], blocks)
    if coding in _GZIP and not start.startswith(_MAGIC):
        return blocks
    # Some servers send raw deflate data where RFC 9110 §8.4.1.2 wants the zlib format.
    is_raw = coding == "deflate" and (len(start) < 2 or int.from_bytes(start[:2], "big") % 31 != 0)
    bits = -zlib.MAX_WBITS if is_raw else zlib.MAX_WBITS | 32  # 32: gzip or zlib, as it comes
    return _inflated(blocks, coding, bits)


def _inflated(blocks: Iterator[bytes], coding: str, bits: int) -> Iterator[bytes]:
    decoder = zlib.decompressobj(bits)
    try:
        for block in blocks:
            data = block
            while data:
                if decoder.eof:
                    if not _is_member(data, coding):
                        return  # padding, or whatever else: browsers take no notice of it either
                    decoder = zlib.decompressobj(bits)
                yield decoder.decompress(data, BLOCK)
                data = decoder.unconsumed_tail or decoder.unused_data
        yield decoder.flush()
    except zlib.error as error:
        raise DownloadError(
            f"the server says that its bytes are {coding}-coded, and they are not.",
            advice="Publish the file's hash in the registry: then the label does no harm.",
        ) from error
    if not decoder.eof:
        raise DownloadError("the coded bytes were cut short.", advice="Run again.")


def _is_member(data: bytes, coding: str) -> bool:
    """Say whether a gzip file goes on with another member."""
    return coding in _GZIP and data[: len(_MAGIC)] == _MAGIC[: len(data)]


def _wrong_size(actual: int, expected: int) -> ChecksumError:
    error = ChecksumError(
        f"has more or fewer than {expected:,} bytes when decoded.",
        advice="The published file changed: ask for a new registry.",
    )
    error.expected, error.actual = str(expected), str(actual)
    return error
