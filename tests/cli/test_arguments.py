"""One program: how its commands are typed, what is suggested, and how a shell completes them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands import completed

if TYPE_CHECKING:
    from tests.conftest import Drive


MODULE = [sys.executable, "-m", "evio_data"]
PREFETCH = "from evio_data._cli.main import prefetch_datasets; prefetch_datasets()"
CONTENT = b"% evt 3.0\n" + bytes(3000)


def run(*arguments: str, code: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``evio-data``, or other code, without a terminal."""
    if not code:
        return completed(*arguments, **environment)
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("words", [[], ["registry"], ["mirror"]])
def test_help_where_no_command_is_named(words: list[str]) -> None:
    """The program, and each group of commands, shows its help if no command is named."""
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(" ".join(["usage: evio-data", *words]))
    assert done.stdout == run(*words, "--help").stdout


@pytest.mark.parametrize(
    ("words", "suggestion"),
    [
        (["lst"], "`evio-data list`"),
        (["Fetch", "a.raw"], "`evio-data fetch`"),
        (["registry", "biuld"], "`evio-data registry build`"),
        (["fan/a.raw"], "`evio-data fetch fan/a.raw`"),
        (["*.raw"], "`evio-data fetch '*.raw'`"),
        (["list", "--jsn"], "--json"),
        (["prefetch", "--dryrun"], "--dry-run"),
        (["--json", "list"], "after `evio-data list`"),
    ],
)
def test_a_slip_is_answered_with_what_was_meant(words: list[str], suggestion: str) -> None:
    """A misspelt command or option, one in other case, and a name alone get a suggestion."""
    done = run(*words)
    assert done.returncode == 2
    assert suggestion in done.stderr.splitlines()[-1]
    assert not done.stdout


def test_nothing_alike_is_not_guessed() -> None:
    """A word that is like no command is answered with where all of them stand."""
    done = run("qqqq")
    assert done.returncode == 2
    assert "Did you mean" not in done.stderr
    assert "`evio-data --help` shows all." in done.stderr


def test_places_before_or_after_the_command(drive: Drive, tmp_path: Path) -> None:
    """``--registry`` and ``--cache-dir`` mean the same before a command and after it."""
    drive.add("a.raw", CONTENT)
    places = ["--registry", str(drive.registry), "--cache-dir", str(tmp_path / "other")]
    nowhere = {"EVIO_DATA_REGISTRY": "/nowhere.txt"}
    before = run(*places, "path", "a.raw", **nowhere)
    after = run("path", "a.raw", *places, **nowhere)
    assert before.stdout == after.stdout == f"{tmp_path / 'other' / 'a.raw'}\n"
    assert run("--registry", "/nowhere.txt", "path", *places).returncode == 0


@pytest.mark.parametrize("words", [["registry", "check"], ["completion", "bash"]])
def test_a_place_that_means_nothing_is_refused(words: list[str]) -> None:
    """A command that has no use for a cache says so, rather than pass over the option."""
    done = run("--cache-dir", "/somewhere", *words)
    assert done.returncode == 2
    assert "--cache-dir" in done.stderr.splitlines()[-1]


def test_prefetch_is_prefetch_datasets(drive: Drive) -> None:
    """``evio-data prefetch`` and ``prefetch-datasets`` say and do the same."""
    drive.add("a.raw", CONTENT, size=True)
    one, other = run("prefetch", "--dry-run"), run("--dry-run", code=PREFETCH)
    assert one.stdout == other.stdout
    assert "a.raw: 3,010 bytes" in one.stdout
    assert run("prefetch", "--yes").returncode == 0
    assert drive.path("a.raw").read_bytes() == CONTENT


# --- colours ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")
@pytest.mark.parametrize(
    ("setting", "coloured"), [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)]
)
def test_errors_are_red_on_a_terminal(setting: dict[str, str], *, coloured: bool) -> None:
    """An error is red where standard error is a terminal, unless that or NO_COLOR forbids it."""
    import pty

    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", **setting}
    subprocess.run([*MODULE, "lst"], stderr=theirs, env=environment, timeout=60, check=False)
    os.close(theirs)
    said = os.read(ours, 10_000).decode()
    os.close(ours)
    assert "there is no command" in said
    assert ("\x1b[1;31merror:\x1b[0m" in said) is coloured
    assert ("\x1b" in said) is coloured
