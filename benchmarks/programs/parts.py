"""The parts of the work, each alone: what no downloader can go below."""

from __future__ import annotations

import hashlib
import mmap
from collections.abc import Callable

from . import floors
from ._process import MIB, File, clock


def hash_memory(files: list[File]) -> None:
    """Hash as many bytes as the file has, from memory."""
    block = bytes(MIB)
    digest = hashlib.sha256()
    with clock():
        for start in range(0, files[0].size, MIB):
            digest.update(block[: files[0].size - start])


def hash_file(files: list[File]) -> None:
    """Hash the file, which lies in the page cache."""
    with clock():
        files[0].verify()


def receive(files: list[File]) -> None:
    """Receive with requests into a reused buffer, and forget."""
    with clock(), floors.answer(files[0].url) as answer:
        _drain(answer.raw.readinto, files[0].size)


def receive_socket(files: list[File]) -> None:
    """Receive from a bare socket into a reused buffer, and forget."""
    with clock(), floors.connection(files[0].url) as connection:
        _drain(connection.recv_into, files[0].size)


def write(files: list[File]) -> None:
    """Write as many bytes as the file has."""
    block = memoryview(mmap.mmap(-1, floors.BLOCK))
    with clock(), files[0].path.open("wb", buffering=0) as file:
        for start in range(0, files[0].size, len(block)):
            file.write(block[: files[0].size - start])


def _drain(receive_into: Callable[[memoryview], int], size: int) -> None:
    view = memoryview(mmap.mmap(-1, floors.BLOCK))
    got = 0
    while count := receive_into(view):
        got += count
    assert got == size
