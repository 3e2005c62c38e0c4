"""Words that cannot be understood, and help that needs nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import EVIO_DATA, PREFETCH, run

if TYPE_CHECKING:
    from tests.conftest import Drive


@pytest.mark.parametrize("number", ["0", "33", "-1", "abc", "3.5", "", "٣"])
def test_connections_that_cannot_be(drive: Drive, number: str) -> None:
    """A number of connections is a number from 1 to 32."""
    result = run(PREFETCH, "--yes", f"--concurrency={number}")
    assert result.code == 2
    assert f"{number!r} is not a number from 1 to 32" in result.err
    assert not result.out


@pytest.mark.parametrize(("number", "warned"), [("5", False), ("6", True), ("32", True)])
def test_many_connections_are_warned_of(drive: Drive, number: str, *, warned: bool) -> None:
    """More than five connections are possible, and said to be risky."""
    result = run(PREFETCH, "-j", number)
    assert result.code == 0
    assert ("warning" in result.err) is warned


@pytest.mark.parametrize("command", [["nonsense"], ["fetch"], ["list", "--nonsense"]])
def test_usage(command: Sequence[str]) -> None:
    """A command that cannot be understood is answered with its usage."""
    result = run(EVIO_DATA, *command)
    assert result.code == 2
    assert result.err.startswith("usage: evio-data")


@pytest.mark.parametrize("command", [[PREFETCH], [EVIO_DATA], [EVIO_DATA, "fetch"]])
def test_help_needs_nothing(command: Sequence[str]) -> None:
    """Help and version come without a registry, a cache or a heavy module."""
    code = (
        "import sys; from evio_data._cli import main as _cli\n"
        "try: getattr(_cli, sys.argv.pop(1))()\n"
        "finally: print(sorted({'requests', 'tqdm', 'pooch', 'platformdirs'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *command, "--help"],
        capture_output=True,
        env={**os.environ, "EVIO_DATA_REGISTRY": "/nowhere"},
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout.startswith("usage: ")
    assert done.stdout.endswith("[]\n")


def test_version() -> None:
    """Both commands say which version they are."""
    assert run(PREFETCH, "--version").out == run(EVIO_DATA, "--version").out == "evio-data 0.1.0\n"
