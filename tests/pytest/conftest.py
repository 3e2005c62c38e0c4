"""A project with tests of its own, whose recordings are on a local Drive."""

from __future__ import annotations

import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from evio_data.testing import DriveFile
    from tests.conftest import Drive


# What pytest before 8.4 says of a plugin that this process has imported, for its tests.
ALREADY_THERE = "ignore:Module already imported so cannot be rewritten"


class Project:
    """A folder with tests, run by a pytest of their own that has our plugin and xdist."""

    def __init__(self, pytester: pytest.Pytester, drive: Drive) -> None:
        self.pytester = pytester
        self.drive = drive
        self.path = pytester.path
        self.apart = False  # whether each run has a process of its own, as with xdist it has

    def add(self, name: str, length: int = 3000, **switches: object) -> DriveFile:
        """Serve a recording, and register it."""
        content = random.Random(name).randbytes(length)
        return self.drive.add(name, content, **switches)  # type: ignore[arg-type]

    def write(self, tests: str, *, name: str = "test_project.py", header: bool = True) -> None:
        """Write a file of the project."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = ["import pytest", "needs = pytest.mark.evio_dataset"] if header else []
        path.write_text("\n".join([*lines, *tests.splitlines()]) + "\n", encoding="utf-8")

    def run(self, *arguments: str) -> pytest.RunResult:
        """Run the project's tests; warnings are errors."""
        if self.apart or "-n" in " ".join(arguments):
            return self.pytester.runpytest_subprocess("-W", "error", *arguments, timeout=60)
        return self.pytester.runpytest_inprocess("-W", "error", "-W", ALREADY_THERE, *arguments)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a run, in a process group of its own as a shell does."""
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-W", "error", *arguments],
            cwd=self.path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def closing_line(self, result: pytest.RunResult) -> str:
        """Return the plugin's line in the terminal summary, with its seconds as S."""
        (line,) = [line for line in result.outlines if line.startswith("evio-data: ")]
        return re.sub(r" in [\d.]+ s\)", " in S)", line)

    def empty_cache(self) -> None:
        """Forget every file that was fetched, and every request."""
        shutil.rmtree(self.drive.cache, ignore_errors=True)
        self.drive.server.forget()

    @property
    def fetched(self) -> list[str]:
        """The names of the files that were asked for since the cache was emptied."""
        return sorted({
            self.drive.server.items[record.file_id].name
            for record in self.drive.server.requests
            if record.file_id is not None
        })  # fmt: skip

    @property
    def cached(self) -> list[str]:
        """The names of the files in the cache."""
        found = [path for path in self.drive.cache.rglob("*") if path.is_file()]
        names = [path.relative_to(self.drive.cache).as_posix() for path in found]
        return sorted(n for n in names if n != "CACHEDIR.TAG" and not n.startswith(".evio-data"))


@pytest.fixture
def project(pytester: pytest.Pytester, drive: Drive) -> Project:
    """An empty project; other plugins that this environment has are left out."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    os.environ["PYTEST_PLUGINS"] = "evio_data.pytest_plugin,xdist.plugin"
    os.environ.pop("PYTEST_XDIST_WORKER", None)
    assert not Path(drive.cache).exists()
    return Project(pytester, drive)
