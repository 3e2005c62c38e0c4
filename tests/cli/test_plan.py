"""What a run would download: sizes, space, refusals, and the question before it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.cli.programs import CONTENT, PREFETCH, files_in, run
from tests.commands import CODE

if TYPE_CHECKING:
    from tests.conftest import Drive


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
