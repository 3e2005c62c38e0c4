"""The benchmarks run, and say what they measured; never how fast this machine is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

RUN = Path(__file__).resolve().parents[1] / "benchmarks" / "run"

pytestmark = pytest.mark.skipif(not hasattr(os, "wait4"), reason="the kernel accounts by wait4")


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, RUN, *arguments], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize(
    ("section", "row"),
    [
        ("cold", "| **evio_data.fetch** |"),
        ("start", "| **import evio_data** |"),
        ("registry", "| **evio_data.names** of one name |"),
    ],
)
def test_a_section_prints_a_table_and_its_goals(section: str, row: str, tmp_path: Path) -> None:
    """A section ends in a table with our row, and in each goal with what was measured."""
    output = tmp_path / "results.md"
    quick: list[str | Path] = [
        "--no-peers",
        "--runs",
        "1",
        "--scale",
        "0.001",
        "--folder",
        tmp_path,
    ]
    done = run(section, *quick, "--output", output)
    assert done.returncode == 0, done.stderr
    assert row in done.stdout
    assert "goal at " in done.stdout
    assert output.read_text(encoding="utf-8") == done.stdout


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    """The folder for temporary files is empty afterwards."""
    done = run("registry", "--no-peers", "--runs=1", "--scale=0.001", "--folder", tmp_path)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_section_that_does_not_exist_is_a_usage_error() -> None:
    """A misspelt section is named, and nothing runs."""
    done = run("could")
    assert done.returncode == 2
    assert "could" in done.stderr
    assert done.stdout == ""
