"""Processes of two real users, who share a cache as a group or do not."""

from __future__ import annotations

import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, Literal

Users = Literal["a group", "strangers"]

UIDS, GROUP = (61001, 61002), 61000  # of nobody
UMASKS: dict[Users, int] = {"a group": 0o002, "strangers": 0o022}
FOLDERS: dict[Users, int] = {"a group": 0o2775, "strangers": 0o777}


def identity(users: Users | None, number: int) -> dict[str, Any]:
    """Return how `subprocess.Popen` starts a process as the one user or the other."""
    if users is None:
        return {}
    return {
        "user": UIDS[number % 2],
        "group": GROUP,
        "extra_groups": [],
        "umask": UMASKS[users],
    }


def give(path: Path, users: Users | None) -> None:
    """Give a folder, or a file, to the first user, with the modes of such a cache."""
    if users is not None:
        os.chown(path, UIDS[0], GROUP, follow_symlinks=False)
        if not path.is_symlink():
            path.chmod(FOLDERS[users] if path.is_dir() else 0o666 & ~UMASKS[users])


def set_writable(root: Path, *, writable: bool) -> None:
    """Take the right to write from all that is in a cache, or give it back."""
    for folder, _, files in os.walk(root):
        for path in (Path(folder), *(Path(folder, name) for name in files)):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | 0o220 if writable else mode & ~0o222)


@cache
def can_switch() -> bool:
    """Say whether processes of other users can be started here, and can import what they need."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    command = [sys.executable, "-c", "import evio_data._cli.main, requests"]
    try:
        subprocess.run(
            command, cwd="/", check=True, capture_output=True, **identity("strangers", 0)
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return True
