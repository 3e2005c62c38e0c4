"""One holder at a time, and no holder that blocks after its death."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from evio_data._cache.locks import Lock, is_held

HOLD = """
import sys
from pathlib import Path
from evio_data._cache.locks import Lock
lock = Lock(Path(sys.argv[1]))
print(lock.acquire(), flush=True)
sys.stdin.read()
"""


def held_elsewhere(path: Path) -> subprocess.Popen[str]:
    """Return a process that holds the lock until its stdin ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "True\n"
    return process


def test_between_processes(tmp_path: Path) -> None:
    """While one process has it, another one does not get it; then it does."""
    lock = Lock(tmp_path / "lock")
    with held_elsewhere(tmp_path / "lock") as process:
        assert not lock.acquire()
        process.communicate("")
    assert lock.acquire()
    lock.release()


def test_dead_holder(tmp_path: Path) -> None:
    """A holder that was killed holds nothing, although its file is still there."""
    with held_elsewhere(tmp_path / "lock") as process:
        process.kill()
        process.wait()
        lock = Lock(tmp_path / "lock")
        assert (tmp_path / "lock").exists()
        assert lock.acquire()
        lock.release()


def test_between_threads(tmp_path: Path) -> None:
    """Threads of one process exclude each other as processes do."""
    first, second = Lock(tmp_path / "lock"), Lock(tmp_path / "lock")
    assert first.acquire()
    answers: list[bool] = []
    thread = threading.Thread(target=lambda: answers.append(second.acquire()))
    thread.start()
    thread.join()
    assert answers == [False]
    first.release()
    assert second.acquire()
    second.release()


def test_released_leaves_nothing(tmp_path: Path) -> None:
    """A released lock leaves no file, and may be released again."""
    lock = Lock(tmp_path / "a" / "lock")
    assert lock.acquire()
    lock.release()
    lock.release()
    assert list((tmp_path / "a").iterdir()) == []


def test_never_two_holders(tmp_path: Path) -> None:
    """In a crowd that takes and releases, there is one holder at any time."""
    inside, most, rounds = 0, 0, 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal inside, most, rounds
        mine = 0
        while mine < 50:
            lock = Lock(tmp_path / "lock")
            if not lock.acquire():
                continue
            with guard:
                inside, most, rounds = inside + 1, max(most, inside + 1), rounds + 1
            os.sched_yield()
            with guard:
                inside -= 1
            lock.release()
            mine += 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, rounds) == (1, 200)


FORK = "import os\nif os.fork():\n    os._exit(0)\nsys.stdin.read()"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_forked_child_does_not_keep_it(tmp_path: Path) -> None:
    """A child that was forked under the lock does not hold it after its parent's death."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD.replace("sys.stdin.read()", FORK), str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.wait() == 0  # the parent; the child waits for the end of its stdin
        lock = Lock(tmp_path / "lock")
        until = time.monotonic() + 10
        while not lock.acquire():
            assert time.monotonic() < until
            time.sleep(0.01)
        lock.release()


@pytest.mark.parametrize("what", ["folder", "link", "missing root"])
def test_unusable_place(tmp_path: Path, what: str) -> None:
    """A lock that cannot be made stops nobody, and touches nothing."""
    place, outside = tmp_path / "lock", tmp_path / "outside"
    if what == "folder":
        place.mkdir()
    elif what == "link":
        place.symlink_to(outside)
    else:
        tmp_path.joinpath("file").touch()
        place = tmp_path / "file" / "lock"
    lock = Lock(place)
    assert lock.acquire()
    lock.release()
    assert not outside.exists()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
def test_pipe_in_its_place(tmp_path: Path) -> None:
    """A pipe that somebody put in a lock's place makes nobody wait for its other end."""
    os.mkfifo(tmp_path / "lock")
    assert not is_held(tmp_path / "lock")
    assert Lock(tmp_path / "lock").acquire()


TRACED = """
import logging, sys
from pathlib import Path
from evio_data._cache.locks import Lock, is_held
for _ in range(3):
    lock = Lock(Path(sys.argv[1]))
    print(lock.acquire(), is_held(Path(sys.argv[1])))
    lock.release()
"""


@pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace, which injects the error")
@pytest.mark.parametrize(
    ("error", "held"),
    [("EAGAIN", True), ("EBADF", False), ("ESTALE", False), ("EIO", False), ("EPERM", False)],
)
def test_only_would_block_means_held(tmp_path: Path, error: str, *, held: bool) -> None:
    """Any other fault of the lock means to go on without it, and is said once."""
    inject = ["strace", "-f", "-qq", "-o", os.devnull, "-e", f"inject=flock:error={error}"]
    done = subprocess.run(
        [*inject, sys.executable, "-c", TRACED, str(tmp_path / "lock")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode and "ptrace" in done.stderr:
        pytest.skip("this machine lets nobody be traced")
    assert done.stdout == f"{not held} {held}\n" * 3
    assert done.stderr.count("going on without") == (0 if held else 1)
