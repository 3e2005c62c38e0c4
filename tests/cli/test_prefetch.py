"""``prefetch-datasets``: what is fetched, what is asked, and what is said."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.test_main import CONTENT, EVIO_DATA, PREFETCH, files_in, run
from tests.commands import CODE

if TYPE_CHECKING:
    from tests.conftest import Drive

# --- prefetch-datasets ------------------------------------------------------------------------


def test_without_a_terminal_nobody_is_asked(drive: Drive) -> None:
    """Without a terminal and without --yes nothing is fetched, and --yes is named."""
    drive.add("a.raw", CONTENT, size=True)
    result = run(PREFETCH)
    assert result.code == 2
    assert "--yes" in result.err
    assert not drive.cache.exists()


def test_closed_input_is_nobody_to_ask(drive: Drive) -> None:
    """A closed standard input is as good as none."""
    drive.add("a.raw", CONTENT, size=True)
    command = [sys.executable, "-c", CODE, PREFETCH]
    code = f"import os; os.close(0); os.execv({sys.executable!r}, {command!r})"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert b"--yes" in done.stderr


def test_summary_on_stdout_and_the_way_on_stderr(drive: Drive) -> None:
    """The summary goes to standard output; what happens on the way goes to standard error."""
    drive.add("fan/a.raw", CONTENT, size=True)
    result = run(PREFETCH, "--yes")
    assert result.code == 0
    assert result.out.startswith("1 fetched, 0 present, 0 failed: 293 KiB in ")
    assert result.out.endswith(f"On disk in {drive.cache}:\n  fan/  1 of 1 file, 293 KiB\n")
    assert "fan/a.raw: receiving\n" in result.err


def test_quiet_fetches(drive: Drive) -> None:
    """--quiet fetches all the same, with one plain line a finished file."""
    drive.add("a.raw", CONTENT, size=True)
    drive.add("b.raw", CONTENT, refuse="not-found")
    result = run(PREFETCH, "--yes", "--quiet")
    lines = sorted(result.err.splitlines())
    assert result.code == 1
    assert drive.path("a.raw").read_bytes() == CONTENT
    assert [line.partition(": ")[0] for line in lines if line[0] in "ab"] == ["a.raw", "b.raw"]
    assert any(line.startswith("b.raw: failed: ") for line in lines)


def test_failures_are_named_with_what_to_do(drive: Drive) -> None:
    """On standard error, files that fail for one cause stand together, with the advice once."""
    for name in ("a.raw", "b.raw"):
        drive.add(name, CONTENT, quota="always")
    drive.add("c.raw", CONTENT, refuse="not-found")
    drive.add("d.raw", CONTENT)
    result = run(PREFETCH, "--yes")
    assert result.code == 1
    assert "1 fetched, 0 present, 3 failed" in result.out
    assert "Failed, quota used up (2 files):\n  a.raw: " in result.err
    assert "Failed, not found (1 file):\n  c.raw: " in result.err
    assert result.err.count("  -> ") == 2


def test_verify_hashes_what_is_present(drive: Drive) -> None:
    """--verify finds a damage that keeps size and times, and fetches the file again."""
    drive.add("a.raw", CONTENT)
    path = drive.fetch_elsewhere("a.raw")
    times = path.stat()
    path.write_bytes(CONTENT[:-1] + b"!")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert "1 present" in run(PREFETCH, "--yes").out
    assert "1 fetched" in run(PREFETCH, "--yes", "--verify").out
    assert path.read_bytes() == CONTENT


def test_patterns_choose(drive: Drive) -> None:
    """Names and globs say what is fetched; the rest is left alone."""
    for name in ("fan/a.raw", "fan/b.dat", "c.dat"):
        drive.add(name, CONTENT)
    assert run(PREFETCH, "--yes", "b.dat", "c*").code == 0
    there = [drive.path(name).exists() for name in ("fan/a.raw", "fan/b.dat", "c.dat")]
    assert there == [False, True, True]


def test_other_registry_and_cache(drive: Drive, tmp_path: Path) -> None:
    """--registry and --cache-dir go before the environment."""
    drive.add("a.raw", CONTENT)
    other, cache = tmp_path / "other.txt", tmp_path / "elsewhere"
    drive.registry.rename(other)
    places = ("--registry", str(other), "--cache-dir", str(cache))
    assert run(PREFETCH, "--yes", *places).code == 0
    assert (cache / "a.raw").read_bytes() == CONTENT
    assert not drive.cache.exists()
    assert run(EVIO_DATA, "path", "a.raw", *places).out == f"{cache / 'a.raw'}\n"


def test_offline_says_so_without_asking(drive: Drive) -> None:
    """Switched off, the network is not asked about: what is missing has failed."""
    drive.add("a.raw", CONTENT)
    result = run(PREFETCH, EVIO_DATA_OFFLINE="1")
    assert result.code == 1
    assert "Failed, offline (1 file)" in result.err
    assert not drive.server.requests


def test_unreachable_server(drive: Drive) -> None:
    """Without a network every file fails with its reason, and nothing hangs."""
    drive.add("a.raw", CONTENT)
    drive.add("b.raw", CONTENT)
    result = run(PREFETCH, "--yes", EVIO_DATA_ENDPOINT="http://127.0.0.1:9", EVIO_DATA_RETRIES="0")
    assert result.code == 1
    refused = r"(?m)^  [ab]\.raw: cannot reach 127.0.0.1: the connection was refused"
    assert len(re.findall(refused, result.err)) == 2


def test_space_for_the_whole_set(drive: Drive) -> None:
    """Space is looked at for all files together, before the first byte is asked for."""
    drive.register(drive.add("a.raw", CONTENT).registry_line("b.raw") + f"#size={2**59}")
    drive.register(drive.add("c.raw", CONTENT).registry_line("d.raw") + f"#size={2**59}")
    result = run(PREFETCH, "--yes")
    assert result.code == 1
    assert "error: needs 1048576.00 TiB and the disk has " in result.err
    assert not any(
        request.kind == "data" and request.range != "bytes=0-0" for request in drive.server.requests
    )
    assert not drive.cache.exists()


# --- a dry run --------------------------------------------------------------------------------


def test_dry_run_knows_what_is_refused(drive: Drive) -> None:
    """A file whose size is registered is asked for too: that its server refuses it is said."""
    drive.add("a.raw", CONTENT, size=True)
    drive.add("b.raw", CONTENT, size=True, quota="always")
    result = run(PREFETCH, "--dry-run")
    assert result.code == 1
    assert f"a.raw: {len(CONTENT):,} bytes\n" in result.out
    assert "b.raw: refused: Drive's download quota" in result.out
    assert drive.server.sent() <= 1


def test_dry_run_knows_what_has_changed(drive: Drive) -> None:
    """A file that is not as long as the registry says is told: fetching it would fail."""
    file = drive.server.add("a.raw", CONTENT)
    drive.register(file.registry_line("a.raw") + "#size=7")
    result = run(PREFETCH, "--dry-run")
    assert result.code == 1
    assert f"the registry says 7 bytes, and the server says {len(CONTENT):,}" in result.out


def test_documented_sizes_need_no_server(drive: Drive) -> None:
    """Where all sizes are documented, they are added up, and no server is asked."""
    for name in ("a.raw", "b.raw"):
        file = drive.server.add(name, CONTENT)
        drive.register(file.registry_line(name, pinned=False) + "#about=3145728")
    result = run(PREFETCH)
    assert result.code == 2
    assert "2 files, ~6.00 MiB, into " in result.err
    assert drive.server.requests == []


def test_documented_sizes_that_the_disk_may_not_take(drive: Drive) -> None:
    """A documented size is no reason to refuse; that the disk may be too small is warned of."""
    file = drive.server.add("a.raw", CONTENT)
    drive.register(file.registry_line("a.raw", pinned=False) + f"#about={10**17}")
    result = run(PREFETCH, "--yes")
    assert result.code == 0
    assert re.search(r"warning: about 90949\.\d+ TiB are to come, and the disk has", result.err)
    assert drive.path("a.raw").read_bytes() == CONTENT


def test_dry_run_writes_nothing(drive: Drive) -> None:
    """--dry-run says exact sizes, asked of the server if need be, and leaves the disk alone."""
    drive.add("a.raw", CONTENT, size=True)
    drive.add("b.raw", CONTENT[:-10], pinned=False)
    before = files_in(drive.registry.parent)
    result = run(PREFETCH, "--dry-run")
    assert result.code == 0
    assert result.out == (
        "a.raw: 300,010 bytes\nb.raw: 300,000 bytes\n"
        f"2 files, 586 KiB would be fetched into {drive.cache}; 0 present.\n"
    )
    assert files_in(drive.registry.parent) == before


def test_dry_run_without_a_network(drive: Drive) -> None:
    """A dry run that reaches nobody says so, and why sizes are not known."""
    drive.add("a.raw", CONTENT)
    result = run(PREFETCH, "--dry-run", EVIO_DATA_ENDPOINT="http://127.0.0.1:9")
    assert result.out.startswith("a.raw: size unknown\n")
    assert "No size came for 1 file: " in result.err


def test_dry_run_tells_what_is_there(drive: Drive) -> None:
    """Files that are there count as present; one that was changed is said to be hashed."""
    drive.add("a.raw", CONTENT, size=True)
    drive.add("b.raw", CONTENT, size=True)
    drive.fetch_elsewhere("a.raw")
    os.utime(drive.fetch_elsewhere("b.raw"))
    result = run(PREFETCH, "--dry-run")
    assert result.out.startswith("b.raw: there, to be hashed\n0 files would be fetched")
    assert result.out.endswith("; 2 present.\n")


def test_dry_run_meets_a_refusal(drive: Drive) -> None:
    """A file that its server refuses is said to be refused, and fails the dry run."""
    drive.add("a.raw", CONTENT, refuse="not-found")
    result = run(PREFETCH, "--dry-run")
    assert result.code == 1
    assert result.out.startswith("a.raw: refused: ")
