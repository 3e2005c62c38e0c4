"""A folder for a cache; on request a small tmpfs, which fills up."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path

STATE = ".evio-data"  # our folder in a cache
SPACE = 256 * 1024 * 1024  # bytes once the faults are off
MARGIN = 4096  # bytes that a filler leaves


class Disk:
    """A folder, or a tmpfs of so many bytes."""

    def __init__(self, path: Path, size: int | None) -> None:
        self.path = path
        self._mounted = size is not None
        path.mkdir()
        if size is not None:
            _mount(path, f"size={size}")

    def fill(self) -> None:
        """Leave next to nothing free; only of a tmpfs."""
        if self._mounted:
            free = shutil.disk_usage(self.path).free
            with suppress(OSError), (self.path / "filler").open("wb", buffering=0) as file:
                file.write(bytes(max(0, free - MARGIN)))

    def heal(self) -> None:
        """Free the disk."""
        if self._mounted:
            (self.path / "filler").unlink(missing_ok=True)
            _mount(self.path, f"remount,size={SPACE}")

    def close(self) -> None:
        """Unmount it."""
        if self._mounted:
            self._mounted = False
            subprocess.run(["umount", "-l", str(self.path)], check=False)


@cache
def can_mount() -> bool:
    """Say whether a tmpfs can be mounted here: by root only, and not in every container."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or not shutil.which("mount"):
        return False
    with tempfile.TemporaryDirectory() as folder:
        try:
            disk = Disk(Path(folder) / "disk", 1024 * 1024)
        except (OSError, subprocess.CalledProcessError):
            return False
        disk.close()
    return True


def _mount(path: Path, options: str) -> None:
    subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "campaign", str(path)],
        check=True,
        stderr=subprocess.DEVNULL,
    )
