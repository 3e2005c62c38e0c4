"""The wall clock of a client, which jumps between runs and in mid-run: by libfaketime, if there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

HOUR, YEAR = 3600, 365 * 86400  # seconds
JUMPS = {  # seconds that a clock is ahead
    "by nothing": 0,
    "a minute ahead": 60,
    "a minute back": -60,
    "hours ahead": 5 * HOUR,
    "hours back": -5 * HOUR,
    "years ahead": 10 * YEAR,
    "years back": -15 * YEAR,
}
# The monotonic clock stays: with it moved, not even ``threading.Event().wait(1)`` ends.
# The times of files stay too: those of a real file system do not move with the clock.
_SETTINGS = {
    "FAKETIME_NO_CACHE": "1",
    "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    "DONT_FAKE_MONOTONIC": "1",
    "NO_FAKE_STAT": "1",
}
_CODE = """
import time
began = time.monotonic()
time.sleep(0.06)
print(time.time(), time.monotonic() - began)
"""


class Clock:
    """How far the clients' clock is ahead of ours: it stands in a file that they look at."""

    def __init__(self, file: Path, kind: str) -> None:
        self._file = file
        self.jump(kind)

    def jump(self, kind: str) -> None:
        """Set it, for all that run and that are yet to run."""
        fresh = self._file.with_suffix(".fresh")
        fresh.write_text(f"{JUMPS[kind]:+d}\n", encoding="ascii")
        fresh.replace(self._file)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process look at it."""
        library = _library()
        assert library is not None  # no schedule has a clock where there is none
        file = str(self._file)
        return {**_SETTINGS, "FAKETIME_TIMESTAMP_FILE": file, "LD_PRELOAD": str(library)}


def tidy(pid: int) -> None:
    """Remove what the library shares in memory, where a process was killed with it."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        with suppress(OSError):
            Path("/dev/shm", name).unlink()


@cache
def can_jump() -> bool:
    """Say whether a process here can be given another wall clock."""
    return _library() is not None


@cache
def _library() -> Path | None:
    """Return a libfaketime that works: not every version lets a modern Python sleep."""
    folders = [Path("/usr/lib/faketime"), Path("/usr/local/lib/faketime")]
    folders += sorted(Path("/usr/lib").glob("*/faketime"))
    found = [folder / "libfaketimeMT.so.1" for folder in folders]
    package = importlib.util.find_spec("libfaketime")  # of PyPI
    if package is not None and package.origin is not None:
        found += sorted(Path(package.origin).parent.rglob("libfaketime.so.1"))
    return next((path for path in found if path.is_file() and _works(path)), None)


def _works(library: Path) -> bool:
    """Say whether a process with it is years ahead, and sleeps as long as it means to."""
    ahead = f"+{JUMPS['years ahead']}"
    environment = {**os.environ, **_SETTINGS, "FAKETIME": ahead, "LD_PRELOAD": str(library)}
    environment.pop("FAKETIME_TIMESTAMP_FILE", None)
    try:
        told = subprocess.run(
            [sys.executable, "-c", _CODE],
            env=environment,
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        ).stdout
        wall, slept = map(float, told.split())
    except (OSError, ValueError, subprocess.SubprocessError):
        return False
    return wall - time.time() > YEAR and 0.05 <= slept < 5
