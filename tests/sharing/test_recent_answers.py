"""Answers with small files, given again for as long as the files are the same."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from evio_data._sharing.http_request import Request
from evio_data._sharing.recent_answers import MAX_ANSWERS, RecentAnswers
from tests.sharing.clients import (
    fill,
    serving,
)


def test_small_file_that_changes(tmp_path: Path) -> None:
    """A small file that was sent before is sent again while it is the same, and no longer."""
    fill(tmp_path, {"small.raw": b"small", "other.raw": b"other"})
    path = tmp_path / "cache/small.raw"
    ask = b"GET /small.raw HTTP/1.1\r\nHost: x\r\n"
    with serving(tmp_path) as server:
        last = ask + b"Connection: close\r\n\r\n"
        twice = server.message((ask + b"\r\n") * 2 + last)
        part = server.message((ask + b"\r\n") + ask + b"Range: bytes=1-2\r\n\r\n" + last)
        status = path.stat()
        path.write_bytes(b"SMALL")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 1))
        changed = server.message(ask + b"\r\n" + last)

    assert twice.count(b"\r\n\r\nsmall") == 3
    assert part.count(b"\r\n\r\nma") == 1
    assert changed.count(b"HTTP/1.1 404 ") == 2


def asked(*, method: str = "GET", keep_alive: bool = True, **headers: str) -> Request:
    """Return a request for a file."""
    fields = {name.replace("_", "-"): value for name, value in headers.items()}
    return Request(method, "/a.raw", fields, keep_alive)


@pytest.fixture
def recent(tmp_path: Path) -> RecentAnswers:
    """The answer to one plain request."""
    (tmp_path / "a.raw").write_bytes(b"12345")
    made = RecentAnswers()
    made.keep(asked(), str(tmp_path / "a.raw"), (tmp_path / "a.raw").stat(), b"answer")
    return made


def test_the_same_words(recent: RecentAnswers) -> None:
    """The same request has the same answer; headers that select nothing do not matter."""
    assert recent.find(asked()) == (5, b"answer")
    assert recent.find(asked(accept="*/*")) == (5, b"answer")


@pytest.mark.parametrize(
    "other",
    [
        asked(method="HEAD"),
        asked(keep_alive=False),
        asked(range="bytes=0-"),
        asked(if_none_match='"x"'),
        asked()._replace(target="/b.raw"),
    ],
)
def test_other_words(recent: RecentAnswers, other: Request) -> None:
    """A request in other words has to be answered anew."""
    assert recent.find(other) is None


@pytest.mark.parametrize("change", ["written", "replaced", "gone"])
def test_another_file(recent: RecentAnswers, tmp_path: Path, change: str) -> None:
    """Whatever became of the file, the old answer is not given any more."""
    path = tmp_path / "a.raw"
    if change == "written":
        path.write_bytes(b"1234")
    elif change == "replaced":
        (tmp_path / "b").write_bytes(b"54321")
        (tmp_path / "b").replace(path)
    else:
        path.unlink()
    assert recent.find(asked()) is None


def test_not_for_ever(recent: RecentAnswers, tmp_path: Path) -> None:
    """However many files are asked for, the memory has a bound."""
    status = (tmp_path / "a.raw").stat()
    for number in range(10 * MAX_ANSWERS):
        request = asked()._replace(target=f"/{number}")
        recent.keep(request, str(tmp_path / "a.raw"), status, b"x")
    kept = [
        number
        for number in range(10 * MAX_ANSWERS)
        if recent.find(asked()._replace(target=f"/{number}"))
    ]
    assert 0 < len(kept) <= MAX_ANSWERS
