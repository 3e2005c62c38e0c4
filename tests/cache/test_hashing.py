"""A file that grows while it is hashed."""

from __future__ import annotations

import hashlib
import os
import random
import threading
from pathlib import Path

import pytest

from evio_data._cache.hashing import BEHIND, AbandonedError, RunningHash, hash_of

DATA = random.Random(1).randbytes(5 * BEHIND + 77)
RIGHT = hashlib.sha256(DATA).hexdigest()


def test_whole_file(tmp_path: Path) -> None:
    """The hash of a file is that of its bytes."""
    (tmp_path / "a").write_bytes(DATA)
    assert hash_of(tmp_path / "a") == RIGHT


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    """A pipe in a file's place is an error, not a wait for its other end."""
    os.mkfifo(tmp_path / "a")
    with pytest.raises(FileExistsError):
        hash_of(tmp_path / "a")


def test_growing_file(tmp_path: Path) -> None:
    """What is behind the front is hashed while the rest arrives; the digest is of everything."""
    path, front = tmp_path / "a", 0
    path.touch()
    follower = RunningHash(path, lambda: front)
    with path.open("wb", buffering=0) as file:
        for start in range(0, len(DATA), 100_000):
            file.write(DATA[start : start + 100_000])
            front = file.tell()
            follower.wake()
    assert follower.finish() == RIGHT
    assert follower.hashed == len(DATA)


def test_bytes_beyond_the_front_are_not_read(tmp_path: Path) -> None:
    """Bytes that are on disk but not yet vouched for do not go into the digest."""
    (tmp_path / "a").write_bytes(DATA)
    follower = RunningHash(tmp_path / "a", lambda: 1000)
    follower.wake()
    assert follower.finish() == hashlib.sha256(DATA[:1000]).hexdigest()


def test_woken_by_many(tmp_path: Path) -> None:
    """Any number of threads may wake it at once: there is one hash thread, and one digest."""
    (tmp_path / "a").write_bytes(DATA)
    for _ in range(20):
        follower = RunningHash(tmp_path / "a", lambda: len(DATA))
        gate = threading.Barrier(8)

        def wake(follower: RunningHash = follower, gate: threading.Barrier = gate) -> None:
            gate.wait()
            follower.wake()

        threads = [threading.Thread(target=wake) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        hashing = [t for t in threading.enumerate() if t.name == "evio-data-hash"]
        assert len(hashing) <= 1
        assert follower.finish() == RIGHT


def test_abandoned_while_it_finishes(tmp_path: Path) -> None:
    """Who waits for the digest of an abandoned file gets an error, never a wrong digest."""
    path = tmp_path / "a"
    path.touch()
    os.truncate(path, 2**31)
    follower = RunningHash(path, lambda: 2**31)
    caught: list[BaseException] = []

    def finish() -> None:
        try:
            follower.finish()
        except AbandonedError as error:
            caught.append(error)

    thread = threading.Thread(target=finish)
    thread.start()
    while not follower.hashed:
        pass
    follower.abandon()
    thread.join()
    assert len(caught) == 1


def test_replaced_while_it_is_hashed(tmp_path: Path) -> None:
    """The digest is of the file that was opened, whatever has its name by now."""
    path = tmp_path / "a"
    path.write_bytes(DATA)
    follower = RunningHash(path, lambda: len(DATA))
    (tmp_path / "b").write_bytes(b"other")
    (tmp_path / "b").replace(path)
    assert follower.finish() == RIGHT


def test_cut_off_while_it_is_hashed(tmp_path: Path) -> None:
    """A file that has become shorter than its front ends the hash instead of blocking it."""
    (tmp_path / "a").write_bytes(DATA)
    follower = RunningHash(tmp_path / "a", lambda: len(DATA))
    os.truncate(tmp_path / "a", 10)
    assert follower.finish() == hashlib.sha256(DATA[:10]).hexdigest()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="needs /proc")
def test_lets_go(tmp_path: Path) -> None:
    """Neither a finished nor an abandoned one keeps a descriptor."""
    (tmp_path / "a").write_bytes(DATA)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for end in (RunningHash.finish, RunningHash.abandon):
        follower = RunningHash(tmp_path / "a", lambda: len(DATA))
        follower.wake()
        end(follower)
        end_again = follower.abandon
        end_again()
    assert len(list(Path("/proc/self/fd").iterdir())) == before
