"""C: many files of one size over three connections of one speed."""

from __future__ import annotations

from . import _capped
from ._bench import Bench

TITLE = "Bulk: 14 files of 40 MiB, 20 MB/s a connection, 3 connections"
FILES, SIZE = 14, 40  # MiB each


def run(bench: Bench) -> str:
    """Return the section's text."""
    return _capped.run(bench, [bench.bytes_of(SIZE)] * FILES, unsized=False)
