"""``--evio-data-list``: what selected tests need, and nothing is run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from evio_data._text import size

if TYPE_CHECKING:
    from tests.pytest.conftest import Project


@pytest.mark.parametrize("workers", ["0", "2"])
def test_list(project: Project, workers: str) -> None:
    """--evio-data-list says what selected tests need and how large it is, and runs nothing."""
    project.add("fan/a.raw")
    project.add("fan/big.raw", 2_000_000, size=True)
    project.add("fan/c.raw", refuse="not-found")
    project.add("fan/d.raw")
    project.write("@needs('a.raw')\ndef test_a(): pass")
    project.run().assert_outcomes(passed=1)
    project.write("""
@needs("a.raw")
def test_a(): raise SystemExit("it ran")
@needs("big.raw", "a.raw")
def test_b(): raise SystemExit("it ran")
@needs("c.raw")
def test_c(): raise SystemExit("it ran")
@needs("d.raw")
def test_d(): raise SystemExit("it ran")
""")
    result = project.run("--evio-data-list", "-n", workers, "-k", "not test_d")
    assert result.ret == 0
    result.stdout.fnmatch_lines(
        [
            f"fan/a.raw *{size(3000)}  cached   2 tests",
            f"fan/big.raw *{size(2_000_000)}  missing  1 test",
            "fan/c.raw *unknown size  missing  1 test; fan/c.raw: *",
            f"3 files, {size(2_003_000)}; 2 missing, {size(2_000_000)}; cache: *",
        ]
    )
    assert "fan/d.raw" not in result.stdout.str()
    assert project.cached == ["fan/a.raw"]


def test_list_of_nothing(project: Project) -> None:
    """--evio-data-list says so if no selected test names a recording."""
    project.write("def test_it(): raise SystemExit('it ran')")
    result = project.run("--evio-data-list")
    assert result.ret == 0
    result.stdout.fnmatch_lines(["no selected test names a recording"])
