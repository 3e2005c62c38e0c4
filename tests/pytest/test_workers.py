"""Several processes want the same recordings: workers of one run, two runs, a run that was cut."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pytest.conftest import Project

pytest_plugins = ["pytester"]

LENGTH = 200_000
posix = pytest.mark.skipif(os.name == "nt", reason="signals and terminals of POSIX")


def write_many(project: Project, files: int = 4) -> None:
    """Let two modules of several tests each need all files."""
    for number in range(files):
        project.add(f"fan/{number}.raw", LENGTH)
    for module in "ab":
        project.write(
            f"@pytest.mark.parametrize('evio_dataset', [f'fan/{{n}}.raw' for n in range({files})],"
            " indirect=True)\n"
            f"def test_one(evio_dataset): assert evio_dataset.stat().st_size == {LENGTH}\n"
            "@needs('fan/*')\ndef test_all(evio_data_fetch): evio_data_fetch('fan/0.raw')",
            name=f"test_{module}.py",
        )


WORKERS = {
    "none": [],
    "four": ["-n", "4"],
    "by file": ["-n", "4", "--dist", "loadfile"],
    "each": ["--dist", "each", "--tx", "2*popen"],
    "without tmp_path": ["-n", "2", "-p", "no:tmpdir"],
}


@pytest.mark.parametrize("options", WORKERS.values(), ids=WORKERS)
def test_traffic_is_once_however_many_workers(project: Project, options: list[str]) -> None:
    """Each file is sent once, over no more connections than one process opens."""
    write_many(project)
    project.drive.server.rate = 4e6
    project.drive.server.max_connections = 3 if "no:tmpdir" not in options else None
    result = project.run(*options)
    result.assert_outcomes(passed=20 if "each" in options else 10)
    assert project.drive.server.sent() == 4 * LENGTH
    assert project.closing_line(result) == (
        "evio-data: 4 files: 0 cached, 4 fetched (781 KiB in S), 0 unavailable; 0 tests skipped"
    )


def test_a_refused_file_is_asked_for_once_by_all_workers(project: Project) -> None:
    """What one worker could not have, the others do not ask for again."""
    project.add("bad.raw", refuse="quota")
    project.write(
        "@needs('bad.raw')\n@pytest.mark.parametrize('n', range(6))\ndef test_it(n): pass"
    )
    project.run("-n", "0").assert_outcomes(errors=6)
    alone = len(project.drive.server.requests)
    project.drive.server.forget()
    project.run("-n", "3").assert_outcomes(errors=6)
    assert len(project.drive.server.requests) == alone


def test_a_wrong_name_is_told_once_by_all_workers(project: Project) -> None:
    """Under xdist a wrong name is one collection error; the other tests run, as xdist does it."""
    project.add("a.raw")
    project.write("@needs('b.raw')\ndef test_b(): pass\n@needs('a.raw')\ndef test_a(): pass")
    result = project.run("-n", "2")
    result.assert_outcomes(passed=1, errors=1)
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_worker_that_dies_is_replaced(project: Project) -> None:
    """A worker that crashes in a test is replaced by one that finds everything there."""
    write_many(project)
    project.write("import os\n@needs('fan/0.raw')\ndef test_it(): os._exit(1)", name="test_c.py")
    result = project.run("-n", "2")
    result.assert_outcomes(passed=10, failed=1)
    assert project.drive.server.sent() == 4 * LENGTH


def test_two_runs_at_once_share(project: Project) -> None:
    """Of two runs at once one fetches each file, and both pass."""
    write_many(project)
    project.drive.server.rate = 1e6
    runs = [project.start("-n", "2"), project.start()]
    for run in runs:
        printed, _ = run.communicate(timeout=60)
        assert run.returncode == 0, printed
    assert project.drive.server.sent() == 4 * LENGTH


@posix
@pytest.mark.parametrize("workers", ["0", "2"])
def test_an_interrupted_run_goes_on_where_it_was(project: Project, workers: str) -> None:
    """Ctrl-C while files come ends the run at once; the next one fetches only the rest."""
    server = project.drive.server
    file = project.add("fan.raw", 3_000_000, size=True)
    project.write("@needs('fan.raw')\ndef test_it(): pass")
    server.rate = 1e6
    run = project.start("-n", workers)
    while server.sent() < 1_000_000:
        assert run.poll() is None, run.communicate()
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGINT)
    printed, _ = run.communicate(timeout=30)
    assert run.returncode == pytest.ExitCode.INTERRUPTED, printed
    assert "KeyboardInterrupt" in printed
    assert "1 passed" not in printed
    if workers == "0":
        assert "0 unavailable, 1 unfinished (what arrived is kept)" in printed
    server.rate = None
    server.forget()
    project.run("-n", workers).assert_outcomes(passed=1)
    assert 0 < server.sent(file) < 2_500_000


@posix
@pytest.mark.parametrize("workers", ["0", "2"])
def test_bars_on_a_terminal(project: Project, workers: str) -> None:
    """On a terminal bars move while files come, also under xdist, whose workers have no output."""
    import pty

    project.add("fan/a.raw", 600_000, size=True)
    project.write("@needs('fan/*')\ndef test_it(): pass")
    project.drive.server.rate = 400_000
    os.environ.update(TERM="xterm", COLUMNS="100")
    master, terminal = pty.openpty()
    command = [sys.executable, "-m", "pytest", "-n", workers]
    with subprocess.Popen(
        command, cwd=project.path, stdin=terminal, stdout=terminal, stderr=terminal
    ) as run:
        os.close(terminal)
        printed = read_all(master)
    os.close(master)
    assert run.returncode == 0, printed
    assert len(set(re.findall(r"fan/a\.raw +(\d+)%", printed))) >= 3
    assert "1 passed" in printed


def read_all(terminal: int) -> str:
    """Return all that is written to a terminal until its last user has left."""
    data = b""
    while True:
        try:
            more = os.read(terminal, 65536)
        except OSError:  # Linux says so when nobody is left
            more = b""
        if not more:
            return data.decode(errors="replace")
        data += more


@pytest.mark.parametrize("quiet", [False, True])
def test_lines_without_a_terminal(project: Project, quiet: bool) -> None:
    """In a log there are lines on standard error instead, and fewer with -q."""
    project.add("fan/a.raw")
    project.write("@needs('fan/*')\ndef test_it(): pass")
    result = project.run(*["-q"] * quiet)
    said = [line.rpartition(" ")[2] for line in result.errlines]
    assert said == ["verified"] if quiet else ["receiving", "verified"]
