"""A file's bytes, its hash, and what it may do to ranges."""

from __future__ import annotations

import hashlib
import shlex

import pytest

from evio_data.testing import DriveFile
from tests.testing.asking import DATA, SIZE, Ask, bytes_url


def test_hash_and_size_are_those_of_the_bytes(small: DriveFile) -> None:
    """A file knows the SHA-256 and the size that a registry needs."""
    assert small.sha256 == hashlib.sha256(DATA).hexdigest()
    assert small.size == SIZE


def test_ignored_range(ask: Ask, small: DriveFile) -> None:
    """A12: a server that ignores Range sends 200 and everything."""
    small.ranges = "ignore"
    answer = ask(bytes_url(small), Range="bytes=100-")
    assert (answer.status_code, answer.content) == (200, DATA)


@pytest.mark.parametrize(("asked", "start"), [("bytes=100-", 99), ("bytes=0-", 1)])
def test_wrong_start(ask: Ask, small: DriveFile, asked: str, start: int) -> None:
    """A12: a 206 from another start says so, and sends those bytes."""
    small.ranges = "wrong-start"
    answer = ask(bytes_url(small), Range=asked)
    assert answer.status_code == 206
    assert answer.headers["Content-Range"] == f"bytes {start}-{SIZE - 1}/{SIZE}"
    assert answer.content == DATA[start:]


def test_short_range(ask: Ask, small: DriveFile) -> None:
    """A12: a 206 that ends early says so."""
    small.ranges = "short"
    answer = ask(bytes_url(small), Range="bytes=0-99")
    assert answer.headers["Content-Range"] == f"bytes 0-49/{SIZE}"
    assert answer.content == DATA[:50]


def test_other_total(ask: Ask, small: DriveFile) -> None:
    """A12: the right bytes under another total."""
    small.ranges = "other-total"
    answer = ask(bytes_url(small), Range="bytes=100-")
    assert answer.headers["Content-Range"] == f"bytes 100-{SIZE - 1}/{SIZE + 1}"
    assert answer.content == DATA[100:]


def test_missing_content_range(ask: Ask, small: DriveFile) -> None:
    """A12: a 206 that does not say which part it is."""
    small.ranges = "no-content-range"
    answer = ask(bytes_url(small), Range="bytes=100-")
    assert answer.status_code == 206
    assert "Content-Range" not in answer.headers


def test_replaced_file(ask: Ask, small: DriveFile) -> None:
    """A12: the same id can later serve other bytes, with another total and hash."""
    before = small.sha256
    small.replace(b"another version")
    answer = ask(bytes_url(small), Range="bytes=8-")
    assert answer.headers["Content-Range"] == "bytes 8-14/15"
    assert answer.content == b"version"
    assert small.sha256 not in (before, "")


def test_ranges_end_after_so_many_bytes(ask: Ask, small: DriveFile) -> None:
    """A12: a server may stop honouring ranges in the course of a download."""
    small.ranges_after_bytes = 100
    assert ask(bytes_url(small), Range="bytes=0-99").status_code == 206
    assert ask(bytes_url(small), Range="bytes=100-").status_code == 200


def test_registry_line(file: DriveFile) -> None:
    """A registry line has three columns, quoted as a shell would read them."""
    assert shlex.split(file.registry_line()) == ["fan raw", file.sha256, file.url]
    line = file.registry_line("fan/a.raw", pinned=False, size=True)
    assert line == f"fan/a.raw unpinned {file.url}#size={len(DATA)}"
