"""A folder to fetch into."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cli.links import Fetch
from tests.commands import completed


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """The folder that the command runs in."""
    folder = tmp_path / "here"
    folder.mkdir()
    return folder


@pytest.fixture
def fetch(here: Path) -> Fetch:
    """Run the command in that folder."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return completed("fetch", *arguments, cwd=here, **environment)

    return run
