"""What docs/how-to-pytest.md shows is run as it stands there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evio_data.testing import write_evt3

if TYPE_CHECKING:
    from tests.pytest.conftest import Project

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "how-to-pytest.md"
EXAMPLES = ROOT / "tests" / "examples"


def shown(kind: str) -> list[str]:
    """Return the fenced blocks of one kind."""
    page = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


def copy(name: str, project: Project) -> None:
    """Make the project what an example is."""
    shutil.copytree(EXAMPLES / name, project.path, dirs_exist_ok=True)


def test_the_page_shows_the_examples() -> None:
    """Every Python block of the page is a whole file of an example, and every file is shown."""
    files = {path.read_text(encoding="utf-8") for path in EXAMPLES.glob("*/*.py")}
    assert set(shown("python")) == files


@pytest.mark.parametrize("workers", ["0", pytest.param("4", marks=pytest.mark.slow)])
def test_recordings_by_name(project: Project, workers: str) -> None:
    """The first example passes with its own registry, and closes with the lines that are shown."""
    copy("fan", project)
    server = project.drive.server
    for seed, name, id_ in (
        (1, "slow.raw", "1SlowFanExample0000000000000000001"),
        (2, "fast.raw", "1FastFanExample0000000000000000002"),
    ):
        recording = write_evt3(project.path / name, size=200_000, seed=seed)
        server.add(name, recording.path, id=id_, large=True)
    lines = [re.sub(r" in [\d.]+ s\)", " in S)", block).rstrip() for block in shown("text")]
    for line in lines:
        result = project.run("-n", workers)
        result.assert_outcomes(passed=5)
        assert project.closing_line(result) == line
    assert server.sent() == 400_000


def test_offline(project: Project) -> None:
    """The second example passes, and asks nobody but its own servers."""
    copy("offline", project)
    project.run().assert_outcomes(passed=2)
    assert not project.drive.server.requests
