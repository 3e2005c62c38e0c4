"""What a shell is told of commands, options and names; and that nothing is run for it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.test_arguments import CONTENT, run

if TYPE_CHECKING:
    from tests.conftest import Drive


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_script(shell: str) -> None:
    """``completion`` prints what each shell evaluates; both programs are in it."""
    done = run("completion", shell)
    assert done.returncode == 0
    assert "evio-data" in done.stdout
    assert "prefetch-datasets" in done.stdout
    assert "_ARGCOMPLETE" in done.stdout


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("evio-data li", ["list"]),
        ("evio-data fetch --ver", ["--verify"]),
        ("evio-data fetch fan/", ["fan/a.raw", "fan/b.raw"]),
        ("evio-data registry bu", ["build"]),
    ],
)
def test_completions(drive: Drive, tmp_path: Path, line: str, words: list[str]) -> None:
    """A shell is told the commands, the options and the registry's names that fit."""
    drive.add("fan/a.raw", CONTENT)
    drive.add("fan/b.raw", CONTENT)
    asked = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_IFS": "\n",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(tmp_path / "answer"),
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
    }
    run(code="from evio_data._cli.main import main; main()", **asked)
    answer = (tmp_path / "answer").read_text()
    assert [word.strip() for word in answer.split("\n")] == words


def test_completion_runs_nothing(drive: Drive, tmp_path: Path) -> None:
    """Where argcomplete is gone, a shell that asks gets no answer, and no command is run."""
    drive.add("a.raw", CONTENT)
    (tmp_path / "argcomplete.py").write_text("raise ImportError")
    code = "from evio_data._cli.main import main; main()"
    done = run("prefetch", "-y", code=code, _ARGCOMPLETE="1", PYTHONPATH=str(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert not drive.cache.exists()


def test_completion_costs_nothing_else() -> None:
    """Without a shell that asks, argcomplete is not imported."""
    code = (
        "import sys; from evio_data._cli.main import main\n"
        "try: main()\n"
        "finally: print('argcomplete' in sys.modules)"
    )
    assert run("path", code=code).stdout.endswith("False\n")
