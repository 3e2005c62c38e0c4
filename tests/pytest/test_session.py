"""A run: only what selected tests name comes, before the first of them; one line tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

if TYPE_CHECKING:
    from tests.pytest.conftest import Project


FOUR = """
@needs("fan/a.raw")
def test_a(): pass
@needs("fan/b.raw")
def test_b(evio_dataset): assert evio_dataset.name != "b.raw"
@pytest.mark.parametrize("evio_dataset", ["fan/c.raw", "fan/d.raw"], indirect=True)
def test_case(evio_dataset): pass
def test_none(): pass
"""


SELECTIONS = {
    "all": ([], "abcd"),
    "keyword": (["-k", "test_a or c.raw"], "ac"),
    "node id": (["test_project.py::test_case[fan/d.raw]"], "d"),
    "marker": (["-m", "not evio_dataset"], ""),
    "deselected": (["--deselect", "test_project.py::test_case"], "ab"),
    "stop at first": (["-x"], "abcd"),
    "without cache": (["-p", "no:cacheprovider"], "abcd"),
    "collect only": (["--collect-only"], ""),
    "fixtures": (["--fixtures"], ""),
    "plan": (["--setup-plan"], ""),
}


@pytest.mark.parametrize(("options", "letters"), SELECTIONS.values(), ids=SELECTIONS)
def test_only_what_selected_tests_name_is_fetched(
    project: Project, options: list[str], letters: str
) -> None:
    """Deselected tests cost nothing; a run that runs no test fetches nothing."""
    for letter in "abcd":
        project.add(f"fan/{letter}.raw")
    project.write(FOUR)
    project.run(*options)
    assert project.fetched == project.cached == [f"fan/{letter}.raw" for letter in letters]


def test_last_failed(project: Project) -> None:
    """With --lf only what the tests that failed need is fetched."""
    for letter in "abcd":
        project.add(f"fan/{letter}.raw")
    project.write(FOUR)
    project.run().assert_outcomes(passed=4, failed=1)
    project.empty_cache()
    project.run("--lf").assert_outcomes(failed=1)
    assert project.fetched == ["fan/b.raw"]


@pytest.mark.parametrize(
    "mark",
    ["skip", "skipif(True, reason='no')", "skipif(condition=True, reason='no')"],
)
def test_nothing_is_fetched_for_a_skipped_test(project: Project, mark: str) -> None:
    """A test whose marker says that it will not run needs nothing."""
    project.add("fan/a.raw")
    project.write(f"@pytest.mark.{mark}\n@needs('fan/a.raw')\ndef test_it(): pass")
    project.run().assert_outcomes(skipped=1)
    assert project.fetched == []


def test_nothing_is_fetched_for_what_unittest_skips(project: Project) -> None:
    """A test that unittest's own decorator skips needs nothing either, and is no error."""
    project.add("fan/a.raw", refuse="quota")
    project.write("""
import unittest
@needs("fan/a.raw")
@unittest.skip("no")
class TestClass(unittest.TestCase):
    def test_it(self): pass
@needs("fan/a.raw")
class TestMethod(unittest.TestCase):
    @unittest.skip("no")
    def test_it(self): pass
""")
    project.run().assert_outcomes(skipped=2)
    assert project.fetched == []


ALL_ARE_THERE = """
@needs("fan/{0}.raw")
def test_{0}(evio_dataset):
    present = sorted(path.name for path in evio_dataset.parent.glob("*.raw"))
    assert present == ["a.raw", "b.raw", "c.raw"]
"""


@pytest.mark.parametrize("workers", ["0", "2"])
def test_files_come_in_parallel_before_the_first_test(project: Project, workers: str) -> None:
    """Every file has come, side by side with others, when the first test begins."""
    project.drive.server.rate_per_connection = 5e5
    for letter in "abc":
        project.add(f"fan/{letter}.raw", 800_000)
    project.write("".join(ALL_ARE_THERE.format(letter) for letter in "abc"))
    project.run("-n", workers).assert_outcomes(passed=3)
    bodies = [record for record in project.drive.server.requests if record.kind == "data"]
    assert max(r.started for r in bodies) < min(r.ended or 0 for r in bodies)


def test_warm_is_silent_and_free(project: Project) -> None:
    """A second run asks nobody, and says only in the closing line what it needed."""
    project.add("fan/a.raw")
    project.write("@needs('fan/a.raw')\ndef test_it(evio_dataset): pass")
    project.run().assert_outcomes(passed=1)
    project.drive.server.forget()
    result = project.run()
    result.assert_outcomes(passed=1)
    assert not project.drive.server.requests
    assert result.errlines == []
    assert project.closing_line(result) == (
        "evio-data: 1 file: 1 cached, 0 fetched (0 B in S), 0 unavailable; 0 tests skipped"
    )


def test_closing_line(project: Project) -> None:
    """One line says how many files were needed, cached, fetched, missing, and tests skipped."""
    project.add("fan/a.raw")
    project.add("fan/b.raw", 2000)
    project.add("fan/c.raw", refuse="quota")
    project.write("@needs('a.raw')\ndef test_a(): pass")
    project.run().assert_outcomes(passed=1)
    project.write("""
@pytest.mark.parametrize("evio_dataset", ["a.raw", "b.raw", "c.raw"], indirect=True)
def test_it(evio_dataset): pass
""")
    result = project.run("--evio-data=skip")
    result.assert_outcomes(passed=2, skipped=1)
    assert project.closing_line(result) == (
        "evio-data: 3 files: 1 cached, 1 fetched (1.95 KiB in S), 1 unavailable; 1 test skipped"
    )


@pytest.mark.parametrize("workers", ["0", "2"])
def test_junit_properties(project: Project, workers: str) -> None:
    """The JUnit file has the same figures as properties of the suite, with xdist too."""
    project.add("fan/a.raw")
    project.add("fan/b.raw", refuse="not-found")
    project.write("@needs('a.raw')\ndef test_a(): pass\n@needs('b.raw')\ndef test_b(): pass")
    project.run("--junitxml=report.xml", "--evio-data=skip", "-n", workers)
    found = ET.parse(project.path / "report.xml").iterfind(".//properties/property")
    figures = {each.get("name"): each.get("value") for each in found}
    assert float(figures.pop("evio_data.seconds") or 0) > 0
    assert figures == {
        "evio_data.files": "2",
        "evio_data.cached": "0",
        "evio_data.fetched": "1",
        "evio_data.unavailable": "1",
        "evio_data.unfinished": "0",
        "evio_data.bytes": "3000",
        "evio_data.tests_skipped": "1",
    }
