"""Stamps: what they say, when they vouch, and what is none."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._cache.stamps import MAX_STAMP, Stamp, parse_stamp, stamp_of
from tests.cache.conftest import DATA, NAME

if TYPE_CHECKING:
    from tests.conftest import Drive


GARBAGE = {
    "empty": b"",
    "binary": bytes(range(256)),
    "one word": b"abc\n",
    "not numbers": b"a" * 64 + b" x y z\n",
    "long": b"9" * 5000,
    "a path": b"../../../etc/passwd 1 1 1\n",
    "numbers beyond belief": b"a" * 64 + b" -1 99999999999999999999999999 0\n",
}


@pytest.mark.parametrize("text", GARBAGE.values(), ids=GARBAGE.keys())
def test_garbage_in_the_stamp(drive: Drive, text: bytes) -> None:
    """A stamp of any content vouches for nothing: the file is hashed, and stamped again."""
    drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    right = (drive.state(NAME) / "stamp").read_bytes()
    (drive.state(NAME) / "stamp").write_bytes(text)
    drive.server.forget()
    assert evio_data.fetch(NAME) == path
    assert drive.server.requests == []
    assert (drive.state(NAME) / "stamp").read_bytes() == right


@pytest.mark.parametrize("what", ["folder", "link", "pipe"])
def test_something_else_in_the_place_of_the_stamp(
    drive: Drive, cached: Path, tmp_path: Path, what: str
) -> None:
    """Whatever is in the place of a stamp, the file is served, and nothing outside is written."""
    stamp, outside = drive.state(NAME) / "stamp", tmp_path / "outside"
    stamp.unlink()
    if what == "folder":
        stamp.mkdir()
    elif what == "link":
        stamp.symlink_to(outside)
    else:
        os.mkfifo(stamp)
    assert evio_data.fetch(NAME) == cached
    assert drive.server.requests == []
    assert not outside.exists()


def test_written_to_as_soon_as_it_is_there(drive: Drive) -> None:
    """The stamp is of the file that was hashed: who changes it once it is public is noticed."""
    drive.add(NAME, DATA)
    path = evio_data.fetch(NAME)
    words = (drive.state(NAME) / "stamp").read_text().split()
    status = path.stat()
    assert words[1:4] == [str(status.st_size), str(status.st_mtime_ns), str(status.st_ino)]
    assert status.st_mtime_ns <= time.time_ns()


HASH = "ab" * 32


@pytest.mark.parametrize(
    "stamp",
    [
        Stamp(HASH, 5, 6, 7),
        Stamp(HASH, 0, 0, 0, "verified"),
        Stamp(HASH, 5, 6, 7, "pinned", "drive:1"),
        Stamp("md5:" + "cd" * 16, 2**60, 2**62, 2**63, "damaged", "https://example.org/a"),
    ],
)
def test_there_and_back(stamp: Stamp) -> None:
    """What a stamp says is read back as it was; what an earlier version did not say is empty."""
    found = parse_stamp(str(stamp).encode("ascii"))
    assert found == stamp
    assert found.is_right == (stamp.state != "damaged")


def test_longest() -> None:
    """The longest stamp of the longest hash is read whole."""
    longest = Stamp("sha512:" + "ab" * 64, 2**63, 2**63, 2**64, "verified", "drive:" + "1" * 44)
    assert len(str(longest)) <= MAX_STAMP


@pytest.mark.parametrize("words", ["5 6 7 broken", "5 6 7 verified drive:1 x", "5 6", "5.0 6 7"])
def test_no_stamp(words: str) -> None:
    """A text with another state, or more or fewer words, is no stamp."""
    assert parse_stamp(f"{HASH} {words}\n".encode()) is None


def test_matches(tmp_path: Path) -> None:
    """A stamp is of one file: of its size, its time and its inode."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    stamp = stamp_of(HASH, path.stat(), state="verified")
    assert stamp.matches(path.stat())
    for other in (stamp._replace(size=1), stamp._replace(mtime_ns=1), stamp._replace(inode=1)):
        assert not other.matches(path.stat())


@pytest.mark.parametrize(
    ("time_ns", "alike"),
    [
        (1_700_000_000_123_456_789, True),
        (1_700_000_000_000_000_000, True),
        (1_700_000_000_123_456_000, False),
        (1_700_000_001_000_000_000, False),
    ],
)
def test_resembles(tmp_path: Path, time_ns: int, *, alike: bool) -> None:
    """A faithful copy has the size and the time, which archives cut to whole seconds."""
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    stamp = Stamp(HASH, 5, 1_700_000_000_123_456_789, inode=-1)
    os.utime(path, ns=(time_ns, time_ns))
    assert stamp.resembles(path.stat()) == alike
    assert not stamp._replace(size=6).resembles(path.stat())
