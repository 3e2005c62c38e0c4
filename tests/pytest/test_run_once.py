"""Work that several processes want is done by one of them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from evio_data._pytest.run_once import once

WORK = """
import os, sys, time
from pathlib import Path
from evio_data._pytest.run_once import once
folder = Path(sys.argv[1])
def work():
    with open(folder / "log", "a") as log:
        log.write("worked\\n")
    time.sleep(0.2)
    if len(sys.argv) > 2 and not (folder / "died").exists():
        (folder / "died").touch()
        os._exit(9)
    return os.getpid()
print(once(folder / "election", "key", work))
"""


def start(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORK, str(folder), *arguments]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_one_works_for_all(tmp_path: Path) -> None:
    """Of processes that come at once one works, and all have its result."""
    processes = [start(tmp_path) for _ in range(4)]
    results = {process.communicate(timeout=30)[0] for process in processes}
    assert len(results) == 1
    assert (tmp_path / "log").read_text() == "worked\n"


def test_who_dies_is_replaced(tmp_path: Path) -> None:
    """If the one that works is killed, the next one works."""
    processes = [start(tmp_path, "die") for _ in range(3)]
    results = {process.communicate(timeout=30)[0] for process in processes}
    assert len(results - {""}) == 1
    assert (tmp_path / "log").read_text() == "worked\n" * 2


def test_failed_work_is_no_result(tmp_path: Path) -> None:
    """What the work raises goes to the one that did it; the next one works again."""

    def fail() -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        once(tmp_path / "new", "key", fail)
    assert once(tmp_path / "new", "key", lambda: 7) == 7
    assert once(tmp_path / "new", "key", fail) == 7


def test_a_result_that_cannot_be_kept(tmp_path: Path) -> None:
    """Where nothing can be written, each process works for itself, and none fails."""
    (tmp_path / "file").touch()
    folder = tmp_path / "file" / "none"
    assert [once(folder, "key", lambda n=n: n) for n in (1, 2)] == [1, 2]  # type: ignore[misc]


def test_other_work_has_another_result(tmp_path: Path) -> None:
    """Results are kept by key."""
    assert [once(tmp_path, key, lambda key=key: key) for key in ("a", "b")] == ["a", "b"]  # type: ignore[misc]
