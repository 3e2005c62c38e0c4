"""Limits of a process, and a disk that fails for it: by prlimit, and by a preloaded library."""

from __future__ import annotations

import atexit
import errno
import random
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

from .sweep._preload import How, compiled

# Of address space: enough for the imports, and from few threads of ours to all of them. With less
# than that Python itself ends or hangs: it waits for a thread that has no memory to begin with.
LIMITS = ("--as=70000000", "--as=80000000", "--as=100000000", "--nofile=24", "--nproc=3")
MOST_CALLS = 150  # of one process, about


class Broken(NamedTuple):
    """A disk that fails for one process."""

    process: int  # the how manieth that is started
    at: int  # the first call that fails
    how: How
    number: int  # errno

    def __str__(self) -> str:
        what = "all calls fail from" if self.how is How.DISK else "one call fails,"
        return f"process {self.process}: {what} the {self.at}th on ({errno.errorcode[self.number]})"

    def environment(self, root: Path) -> dict[str, str]:
        """Return what makes a process live with it."""
        made = library()
        assert made is not None  # no schedule has one where there is no compiler
        words = f"{self.at} {int(self.how)} {self.number}"
        return {"LD_PRELOAD": str(made), "SWEEP_ROOT": str(root), "SWEEP_AT": words}


def drawn(dice: random.Random) -> Broken:
    """Draw one."""
    return Broken(
        dice.randrange(3),
        dice.randrange(MOST_CALLS),
        dice.choice([How.ERROR, How.DISK]),
        dice.choice([errno.EIO, errno.ENOSPC, errno.EACCES, errno.ESTALE, errno.EDQUOT]),
    )


@cache
def can_limit() -> bool:
    """Say whether processes can be limited here."""
    return shutil.which("prlimit") is not None


@cache
def library() -> Path | None:
    """Return the library that fails calls, or None where there is no compiler."""
    if not sys.platform.startswith("linux") or not shutil.which("cc"):
        return None
    folder = Path(tempfile.mkdtemp(prefix="campaign-calls-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    try:
        return compiled(folder)
    except (OSError, subprocess.CalledProcessError):
        return None
