"""``prefetch-datasets``: what is fetched, what is asked, and what is said."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from tests.cli.programs import CONTENT, EVIO_DATA, PREFETCH, run

if TYPE_CHECKING:
    from tests.conftest import Drive


# --- prefetch-datasets ------------------------------------------------------------------------


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
