"""The words and the JSON of reports and inventories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from evio_data import Outcome, Report
from evio_data._cache.inventory import Item, State
from evio_data._cli.output import (
    error_json,
    failure_lines,
    folder_lines,
    inventory_json,
    inventory_lines,
    report_json,
    summary_lines,
)
from evio_data._report import HashState
from evio_data._text import columns
from evio_data.errors import ChecksumError, NotFoundError, QuotaExceededError

MIB = 2**20


def failed(name: str, error: type[NotFoundError], advice: str) -> Outcome:
    """Return the outcome of a failed file."""
    return Outcome(name, "failed", error=error("it is gone.", name=name, advice=advice))


def item(name: str, state: State = "verified", held: int = MIB, size: int | None = 4 * MIB) -> Item:
    """Return a file as it is on disk."""
    hash_state: HashState = "published"
    return Item(name, state, hash_state, "ab" * 32, size, held, f"/cache/{name}")


ITEMS = [
    item("b.raw", "partial"),
    item("fan/扇.raw", held=4 * MIB),
    item("fan/fan_const_rpm.raw", "missing", 0, None),
]


# --- the summary ------------------------------------------------------------------------------


def test_summary_counts_bytes_time_and_rate() -> None:
    """The first line has what came, in which time, at which rate, and what resuming saved."""
    outcomes = [
        Outcome("a", "fetched", size=6 * MIB, received=4 * MIB, resumed=2 * MIB),
        Outcome("b", "present", size=MIB),
    ]
    assert summary_lines(Report(outcomes, seconds=2)) == [
        "1 fetched, 1 present, 0 failed: 4.00 MiB in 2.0 s, 2.00 MiB/s; resuming saved 2.00 MiB"
    ]


def test_summary_without_traffic_has_no_rate() -> None:
    """Where nothing was received there is no rate."""
    assert summary_lines(Report([Outcome("b", "present")], seconds=0.01)) == [
        "0 fetched, 1 present, 0 failed in 0.0 s"
    ]


def test_failures_are_grouped_by_cause() -> None:
    """One cause with one advice is one group; another advice makes another."""
    outcomes = [
        failed("a", NotFoundError, "Ask."),
        failed("b", QuotaExceededError, "Wait."),  # type: ignore[arg-type]
        failed("c", NotFoundError, "Ask."),
    ]
    assert list(failure_lines(Report(outcomes))) == [
        "Failed, not found (2 files):",
        "  a: it is gone.",
        "  c: it is gone.",
        "  -> Ask.",
        "Failed, quota used up (1 file):",
        "  b: it is gone.",
        "  -> Wait.",
    ]


def test_first_uses_are_told_with_their_hashes() -> None:
    """Files whose hash nobody has published are named, each with the hash that holds now."""
    outcomes = [Outcome("a", "fetched", hash="cd" * 32, first_use=True)]
    lines = summary_lines(Report(outcomes, seconds=1))
    assert f"  {'cd' * 32}  a" in lines


# --- the inventory ----------------------------------------------------------------------------


def test_table_is_aligned() -> None:
    """Columns begin below each other, wide characters or not; sizes end below each other."""
    *table, total = inventory_lines(ITEMS, cache="/cache")
    starts = {columns(line[: line.index("published")]) for line in table[1:]}
    assert len(starts) == 1
    assert table[1].split() == [
        "b.raw", "1.00", "MiB", "of", "4.00", "MiB", "partial", "25%", "published", "/cache/b.raw",
    ]  # fmt: skip
    assert table[3].split()[1:3] == ["?", "missing"]
    assert total == (
        "3 files: 1 partial (1.00 MiB of 4.00 MiB), 1 verified (4.00 MiB), 1 missing (unknown "
        "size), in /cache"
    )


def test_documented_sizes_are_marked() -> None:
    """A documented size has a ~, in its row, in a share and in sums."""
    known = item("a.raw", "missing", 0, None)._replace(about=6 * MIB)
    begun = item("b.raw", "partial", 2 * MIB, None)._replace(about=8 * MIB)
    lines = inventory_lines([known, begun, ITEMS[2]], cache="/cache", events={"a.raw": "9 M, 3 s"})
    assert lines[1].split()[1:-1] == ["~6.00", "MiB", "missing", "published", "9", "M,", "3", "s"]
    assert "2.00 MiB of ~8.00 MiB  partial ~25%" in lines[2]
    assert lines[-1] == (
        "3 files: 2 missing (~6.00 MiB and 1 of unknown size), 1 partial (2.00 MiB of ~8.00 MiB), "
        "in /cache"
    )


@pytest.mark.parametrize("width", [40, 52, 60, 120])
def test_table_fits_the_terminal(width: int) -> None:
    """On a narrow terminal paths go first, then parts of names, at last hash states."""
    lines = inventory_lines([*ITEMS, item("x" * 30, held=0)], cache="/cache", width=width)
    assert max(map(columns, lines)) <= width
    assert ("PATH" in lines[0], "HASH" in lines[0]) == (width > 100, width > 50)


@pytest.mark.parametrize("width", [12, 20])
def test_no_table_on_a_very_narrow_terminal(width: int) -> None:
    """Where no table fits there are sentences, and no word of them is cut."""
    lines = inventory_lines([ITEMS[0]], cache="/c", width=width)
    words = " ".join(" ".join(lines).split())
    assert "b.raw: 4.00 MiB, partial 25%" in words
    assert max(map(columns, lines)) <= width


def test_empty_table() -> None:
    """Of no files there is a head and a sum."""
    assert inventory_lines([], cache="/cache") == [
        "NAME  SIZE  STATE  HASH  PATH",
        "0 files: none, in /cache",
    ]


def test_folders_add_up() -> None:
    """Each folder has how many of its files are there, and the bytes of files and partials."""
    assert folder_lines(ITEMS) == [
        "  ./    0 of 1 file, 0 B, 1.00 MiB in partials",
        "  fan/  1 of 2 files, 4.00 MiB",
    ]


# --- JSON -------------------------------------------------------------------------------------


def test_report_as_json() -> None:
    """A report's object has the sums, and of each file all that its outcome has."""
    error = ChecksumError("wrong bytes.", name="b", advice="Ask.")
    outcomes = [
        Outcome("a", "fetched", Path("/cache/a"), 5, 5, 0, 1.23456, hash="ab" * 32),
        Outcome("b", "failed", error=error),
    ]
    value = json.loads(json.dumps(report_json(Report(outcomes, seconds=2), cache="/cache")))
    assert (value["ok"], value["fetched"], value["failed"], value["received"]) == (False, 1, 1, 5)
    assert value["files"][0] == {
        "name": "a", "status": "fetched", "path": str(Path("/cache/a")), "size": 5, "held": 5,
        "received": 5, "resumed": 0, "seconds": 1.235, "sha256": "ab" * 32, "hash": "ab" * 32,
        "first_use": False, "hash_state": "published", "state": "verified", "error": None,
    }  # fmt: skip
    assert value["files"][1]["error"] == {
        "type": "ChecksumError", "message": "wrong bytes.", "advice": "Ask.",
    }  # fmt: skip


def test_interrupted_report_as_json() -> None:
    """An interrupted run is not well, even if nothing failed, and has what is kept of each."""
    value = report_json(Report([]), cache="/cache", unfinished={"a": 7})
    assert (value["ok"], value["interrupted"]) == (False, True)
    assert set(value["files"][0]) == set(
        report_json(Report([Outcome("a", "present")]), cache="/cache")["files"][0]
    )
    assert (value["files"][0]["status"], value["files"][0]["held"]) == ("interrupted", 7)


def test_inventory_as_json() -> None:
    """An inventory's object has each file's state."""
    value = json.loads(json.dumps(inventory_json(ITEMS, cache="/cache")))
    assert [each["state"] for each in value["files"]] == ["partial", "verified", "missing"]
    assert value["cache"] == "/cache"


def test_no_error_is_null() -> None:
    """Where there is no error there is a null."""
    assert error_json(None) is None


def test_lines_are_folded_between_words() -> None:
    """On a terminal no word of a summary is cut, and folded lines hang."""
    outcomes = [Outcome("a", "fetched", hash="cd" * 32, first_use=True)]
    lines = summary_lines(Report(outcomes, seconds=1), width=40)
    assert lines[1:3] == [
        "Nobody has published the SHA-256 of 1",
        "     file; from now on this cache",
    ]
    assert max(len(line) for line in lines if "cd" * 32 not in line) <= 40
