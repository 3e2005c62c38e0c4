"""``evio-data list``: what is on disk, as a table and as JSON."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.cli.programs import CONTENT, EVIO_DATA, run

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_list_shows_every_state(drive: Drive) -> None:
    """`list` is a table, by name, of what is on disk; --json has the same."""
    for name in ("z.raw", "fan/a.raw", "b.raw"):
        drive.add(name, CONTENT, size=True, pinned=name != "b.raw")
    drive.fetch_elsewhere("z.raw")
    os.utime(drive.fetch_elsewhere("b.raw"))
    result = run(EVIO_DATA, "list")
    rows = [line.split() for line in result.out.splitlines()]
    assert result.code == 0
    assert [row[:1] + row[3:5] for row in rows[:4]] == [
        ["NAME", "HASH", "PATH"],
        ["b.raw", "unverified", "pinned"],
        ["fan/a.raw", "missing", "published"],
        ["z.raw", "verified", "published"],
    ]
    assert "1 missing (293 KiB), 1 verified (293 KiB), in " in result.out.splitlines()[-1]
    files = run(EVIO_DATA, "list", "--json").json["files"]
    assert [(each["name"], each["state"]) for each in files] == [
        ("b.raw", "unverified"), ("fan/a.raw", "missing"), ("z.raw", "verified"),
    ]  # fmt: skip
