"""What became of each file, and the sums over them."""

import pickle
from pathlib import Path

import pytest

from evio_data._report import Outcome, Report
from evio_data.errors import ChecksumError

FETCHED = Outcome("a.raw", "fetched", Path("a.raw"), 30, received=20, resumed=10)
PRESENT = Outcome("b.raw", "present", Path("b.raw"), 5)
FAILED = Outcome("c.raw", "failed", received=7, error=ChecksumError("is wrong.", name="c.raw"))
DAMAGED = Outcome("d.raw", "failed", Path("d.raw"), error=ChecksumError("is damaged."))
REPORT = Report([FETCHED, PRESENT, FAILED, DAMAGED], seconds=2.5)


def test_sorted_by_what_became_of_them() -> None:
    """Each outcome is in exactly one of three groups, in registry order."""
    assert (REPORT.fetched, REPORT.present, REPORT.failed) == (
        (FETCHED,),
        (PRESENT,),
        (FAILED, DAMAGED),
    )


def test_is_a_sequence_of_outcomes() -> None:
    """A report can be counted, indexed, cut and walked like a list."""
    assert (len(REPORT), REPORT[0], REPORT[-1], REPORT[:2]) == (
        4,
        FETCHED,
        DAMAGED,
        (FETCHED, PRESENT),
    )
    assert list(REPORT) == [FETCHED, PRESENT, FAILED, DAMAGED]


def test_sums() -> None:
    """Bytes count whatever became of their file, for a failed one has cost traffic too."""
    assert (REPORT.received, REPORT.resumed, REPORT.seconds) == (27, 10, 2.5)


def test_paths_are_of_verified_files_only() -> None:
    """A damaged file has a place on disk, but not among the paths to be used."""
    assert REPORT.paths == {"a.raw": Path("a.raw"), "b.raw": Path("b.raw")}


@pytest.mark.parametrize(
    ("outcomes", "ok"), [([], True), ([FETCHED, PRESENT], True), ([PRESENT, FAILED], False)]
)
def test_ok(outcomes: list[Outcome], ok: bool) -> None:
    """A report is good if nothing failed, also when nothing was wanted."""
    assert Report(outcomes).ok is ok


def test_repr_counts() -> None:
    """In a notebook, a report says how many came, were there, failed."""
    assert repr(REPORT) == "<Report: 1 fetched, 1 present, 2 failed>"


def test_travels_between_workers() -> None:
    """A report arrives in another process with its outcomes and their errors."""
    arrived = pickle.loads(pickle.dumps(REPORT))

    assert arrived.paths == REPORT.paths
    assert [str(outcome.error) for outcome in arrived.failed] == ["c.raw: is wrong.", "is damaged."]
