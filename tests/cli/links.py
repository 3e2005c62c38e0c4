"""Links as people copy them, and ``fetch`` in a folder."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

Fetch = Callable[..., subprocess.CompletedProcess[str]]


def link(identifier: str) -> str:
    """Return a link as people copy it from a browser."""
    return f"https://drive.google.com/file/d/{identifier}/view?usp=sharing"
