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


def test_repr_has_names_and_reasons() -> None:
    """A report shows how many came, were there, failed; which; and why. What failed is first."""
    assert repr(REPORT).splitlines() == [
        "<Report: 1 fetched, 1 present, 2 failed>",
        "  c.raw  failed         is wrong.",
        "  d.raw  failed         is damaged.",
        "  a.raw  fetched  30 B",
        "  b.raw  present  5 B",
    ]


def test_repr_of_many_is_short() -> None:
    """A long report shows twenty files at most, and how many more there are."""
    lines = repr(Report([FETCHED] * 100 + [FAILED])).splitlines()
    assert len(lines) == 22
    assert lines[1].startswith("  c.raw")
    assert lines[-1] == "  ... and 81 more"


def test_repr_of_an_outcome() -> None:
    """An outcome shows name, status, size and the reason."""
    assert repr(FETCHED) == "<Outcome a.raw: fetched: 30 B>"
    assert repr(FAILED) == "<Outcome c.raw: failed: is wrong.>"


def test_html_is_a_table_of_plain_texts() -> None:
    """A notebook shows a table; what a server or a registry wrote is text in it, never markup."""
    error = ChecksumError("<script>.", name="<b>.raw", advice="Run & see.")
    report = Report([FETCHED, Outcome("<b>.raw", "failed", error=error)])
    page = report._repr_html_().replace(' style="text-align: left"', "")
    assert page.count("<tr>") == 3
    assert "<td>a.raw</td><td>fetched</td><td>30 B</td>" in page
    assert "<td>&lt;b&gt;.raw</td>" in page
    assert "&lt;script&gt;. Run &amp; see." in page
    assert FETCHED._repr_html_().count("<tr>") == 2


def test_travels_between_workers() -> None:
    """A report arrives in another process with its outcomes and their errors."""
    arrived = pickle.loads(pickle.dumps(REPORT))

    assert arrived.paths == REPORT.paths
    assert [str(outcome.error) for outcome in arrived.failed] == ["c.raw: is wrong.", "is damaged."]
