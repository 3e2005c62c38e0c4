"""The two commands, as these tests run them."""

from __future__ import annotations

from pathlib import Path

from tests import commands
from tests.commands import Result

PREFETCH, EVIO_DATA = "prefetch_datasets", "main"
CONTENT = b"% evt 3.0\n" + bytes(300_000)
FRAME = {"schema", "ok", "dry_run", "interrupted", "error", "files"}  # of each command's JSON


def run(command: str, *arguments: str, **environment: str) -> Result:
    """Run a command without a terminal, to its end."""
    return commands.run(*arguments, entry=command, **environment)


def files_in(folder: Path) -> list[Path]:
    """Return everything below a folder."""
    return sorted(folder.rglob("*"))
