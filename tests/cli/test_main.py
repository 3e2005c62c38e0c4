"""The two commands: what they take, print and return, each run in a process of its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.cli.programs import CONTENT, EVIO_DATA, FRAME, PREFETCH, run
from tests.commands import CODE

if TYPE_CHECKING:
    from tests.conftest import Drive


MIB = 2**20
ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(sys.platform == "win32", reason="there a signal ends a process at once")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_after_the_last_word(drive: Drive, name: str) -> None:
    """A signal while the interpreter shuts down changes neither the exit code nor the words."""
    drive.add("fan.raw", CONTENT)
    late = (
        "import os, signal, threading\n"
        "def late():\n"
        "    threading.main_thread().join()\n"
        f"    os.kill(os.getpid(), signal.{name})\n"
        "threading.Thread(target=late).start()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", late + CODE, PREFETCH, "--yes", "--quiet", "--json"],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, json.loads(done.stdout)["ok"]) == (0, True)
    assert b"Traceback" not in done.stderr


# --- words that cannot be understood ----------------------------------------------------------


@pytest.mark.parametrize("command", [[PREFETCH], [EVIO_DATA, "list"], [EVIO_DATA, "verify"]])
@pytest.mark.parametrize("pattern", ["fan_const_rmp.raw", "fans/*"])
def test_unknown_pattern(drive: Drive, command: Sequence[str], pattern: str) -> None:
    """A pattern that means nothing is an error of usage; a near name is suggested."""
    drive.add("fan/fan_const_rpm.raw", CONTENT)
    result = run(*command, pattern)
    assert result.code == 2
    assert pattern in result.err
    assert ("Did you mean 'fan/fan_const_rpm.raw'?" in result.err) is ("rmp" in pattern)


def test_unreadable_registry(tmp_path: Path) -> None:
    """A registry that cannot be read, or has a bad line, is an error of usage that says where."""
    missing = run(PREFETCH, "--registry", str(tmp_path / "none.txt"))
    bad = tmp_path / "bad.txt"
    bad.write_text("# fine\na.raw nonsense\n")
    broken = run(EVIO_DATA, "list", "--registry", str(bad))
    assert (missing.code, broken.code) == (2, 2)
    assert "none.txt" in missing.err
    assert "bad.txt, line 2" in broken.err


def test_setting_that_cannot_be_used(drive: Drive) -> None:
    """A wrong environment variable is named; it is an error of usage, and no traceback."""
    result = run(PREFETCH, EVIO_DATA_TIMEOUT="soon")
    assert result.code == 2
    assert "EVIO_DATA_TIMEOUT" in result.err
    assert "Traceback" not in result.err


# --- JSON -------------------------------------------------------------------------------------


def test_json_of_a_run(drive: Drive) -> None:
    """--json prints one object with the sums, and each file's outcome and error."""
    drive.add("a.raw", CONTENT, size=True)
    drive.add("b.raw", CONTENT, refuse="not-found")
    result = run(PREFETCH, "--yes", "--json")
    value = result.json
    assert result.code == 1
    assert set(value) >= FRAME
    assert (value["schema"], value["ok"], value["fetched"], value["failed"]) == (1, False, 1, 1)
    good, bad = value["files"]
    assert (good["status"], good["received"], good["path"]) == (
        "fetched", len(CONTENT), str(drive.path("a.raw")),
    )  # fmt: skip
    assert (bad["status"], bad["error"]["type"]) == ("failed", "NotFoundError")
    assert "1 fetched" in result.err


def test_json_of_a_dry_run(drive: Drive) -> None:
    """A dry run's object has each file's state, size and what of it is held."""
    drive.add("ünd so.raw", CONTENT, size=True)
    value = run(PREFETCH, "--dry-run", "--json").json
    assert set(value) >= FRAME
    assert (value["ok"], value["dry_run"], value["missing"], value["bytes"]) == (
        True, True, 1, len(CONTENT),
    )  # fmt: skip
    assert value["files"] == [
        {"name": "ünd so.raw", "status": "missing", "size": len(CONTENT), "held": 0, "error": None}
    ]


@pytest.mark.parametrize(
    ("arguments", "code", "kind"),
    [
        ([], 2, "Declined"),
        (["none.raw"], 2, "UnknownDatasetError"),
        (["--registry", "/none.txt"], 2, "RegistryError"),
        (["--cache-dir", "/dev/null/x", "--yes"], 1, None),
    ],
)
def test_json_of_a_failure(
    drive: Drive, arguments: Sequence[str], code: int, kind: str | None
) -> None:
    """A command that does not come to its run prints one object too, with the error in it."""
    drive.add("a.raw", CONTENT, size=True)
    result = run(PREFETCH, "--json", *arguments)
    value = result.json
    assert result.code == code
    assert set(value) >= FRAME
    assert not value["ok"]
    assert kind == (value["error"] and value["error"]["type"])


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_json_of_an_interrupted_run(drive: Drive) -> None:
    """An interrupted run prints one object: what has ended, and what is kept of the rest."""
    drive.add("a.raw", bytes(100), size=True)
    drive.add("b.raw", bytes(3 * MIB), size=True, rate=MIB)
    with drive.spawn(CODE, PREFETCH, "--yes", "--json", "-j", "2") as process:
        while drive.server.sent() < MIB or not drive.path("a.raw").exists():
            assert process.poll() is None
        process.terminate()
        value = json.loads(process.communicate(timeout=30)[0])
    assert process.returncode == 130
    assert (value["ok"], value["interrupted"], value["fetched"]) == (False, True, 1)
    ended, kept = value["files"]
    assert (ended["status"], kept["status"]) == ("fetched", "interrupted")
    assert kept["held"] > MIB // 2


def keys_of(value: object) -> set[str]:
    """Return every key in a JSON value."""
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    return set(value).union(*map(keys_of, value.values())) if isinstance(value, dict) else set()


def test_reference_has_every_field(drive: Drive, tmp_path: Path) -> None:
    """Each field of each command's JSON stands in the reference."""
    drive.add("a.raw", CONTENT, size=True, refuse="denied")
    folder = drive.server.folder("recordings")
    folder.add(drive.server.add("b.raw", CONTENT))
    folder.add(drive.server.add("c|.raw", CONTENT, refuse="denied"))
    folder.add_native("notes")
    mine = str(tmp_path / "mine.txt")
    values = [
        run(PREFETCH, "--yes", "--json").json,
        run(PREFETCH, "--dry-run", "--json").json,
        run(EVIO_DATA, "list", "--json").json,
        run(EVIO_DATA, "registry", "build", folder.url, "--json", "-o", mine).json,
    ]
    reference = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    section = reference.partition("### JSON\n")[2].partition("\n## ")[0]
    outcome = reference.partition("| Field of `Outcome`")[2].partition("\n## ")[0]
    assert keys_of(values) - set(re.findall(r"`(\w+)`", section + outcome)) == set()


# --- streams ----------------------------------------------------------------------------------


@pytest.mark.skipif(os.name == "nt", reason="a shell of POSIX")
@pytest.mark.parametrize(
    ("redirection", "code"),
    [("| true", 0), (">&-", 0), ("2>&-", 0), ("2>/dev/full", 0), (">/dev/full", 1)],
)
def test_streams_that_do_not_take_words(drive: Drive, redirection: str, code: int) -> None:
    """A closed or broken stream costs the words only: the files come, without a traceback."""
    if "full" in redirection and not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    drive.add("a.raw", CONTENT)
    script = f'set -o pipefail; "$1" -c "$2" {PREFETCH} --yes {redirection}'
    done = subprocess.run(
        ["bash", "-c", script, "bash", sys.executable, CODE],
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert b"Traceback" not in done.stderr + done.stdout
    assert b"Exception" not in done.stderr
    assert drive.path("a.raw").read_bytes() == CONTENT


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device is always full here")
def test_full_output_is_named(drive: Drive) -> None:
    """Words that find no space are said to be those of standard output, not a download's."""
    script = f'"$1" -c "$2" {EVIO_DATA} list >/dev/full'
    done = subprocess.run(
        ["sh", "-c", script, "sh", sys.executable, CODE],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output cannot be written to: ")
    assert done.stderr.count("\n") == 1


def test_log_lines_are_dated(drive: Drive) -> None:
    """In a log each line has its date; no bar and no control sequence is in it."""
    drive.add("a.raw", CONTENT)
    lines = run(PREFETCH, "--yes").err.splitlines()
    dated = [line for line in lines if "a.raw: " in line]
    assert len(dated) == 2
    assert all(line[:2] == "20" and line[10] == " " for line in dated)
    assert not any("\x1b" in line or "\r" in line for line in lines)


@pytest.mark.skipif(sys.platform != "linux", reason="it reads /proc")
def test_without_memory(drive: Drive) -> None:
    """A command that gets no more memory says so in a line, and as JSON."""
    drive.registry.write_text(
        "".join(
            f"{number}.raw {number:064x} https://example.org/{number}\n" for number in range(40_000)
        )
    )
    code = (
        "import resource\n"
        "from evio_data._cli import file_commands, main, output\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + 2**22, -1))\n"
        "main.main(['list', '--json'])"
    )
    with drive.spawn(code) as process:
        printed, said = process.communicate(timeout=60)

    assert process.returncode == 1
    message = "This process got no more memory."
    assert said == f"error: {message} Raise the limit of this process, and run again.\n"
    assert json.loads(printed)["ok"] is False
