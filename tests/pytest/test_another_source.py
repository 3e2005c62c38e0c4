"""Two projects with one key and one cache: each gets its own file, or is told whose is there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.conftest import noise

if TYPE_CHECKING:
    from tests.pytest.conftest import Project

pytest_plugins = ["pytester"]

NAME = "fan/fan.raw"
MINE, THEIRS = noise(3000, seed=1), noise(3000, seed=2)
TESTS = """
@needs("fan/fan.raw")
def test_marker(evio_dataset): pass
def test_fixture(evio_data_fetch): evio_data_fetch("fan.raw")
@needs("plain.raw")
def test_other(evio_dataset): pass
"""


@pytest.mark.parametrize("pinned", [True, False])
@pytest.mark.parametrize(
    ("options", "ends"),
    [((), ["failed", "errors"]), (("-n", "2"), ["failed", "errors"]),
     (("-rs", "--evio-data=offline"), ["skipped"])],
)  # fmt: skip
def test_another_source_s_file_is_not_this_one_s(
    project: Project, options: tuple[str, ...], ends: list[str], pinned: bool
) -> None:
    """Tests that need the key do not pass and name the way out; the file there stays."""
    drive = project.drive
    drive.add(NAME, MINE, pinned=pinned)
    plain = project.add("plain.raw")
    project.write("@needs('*.raw')\ndef test_both(evio_dataset): pass")
    project.run().assert_outcomes(passed=1)

    theirs = drive.server.add("theirs.raw", THEIRS)
    drive.replace(theirs.registry_line(NAME, pinned=pinned))
    drive.register(plain.registry_line("plain.raw"))
    project.write(TESTS)
    result = project.run(*options)
    outcomes = result.parseoutcomes()
    assert outcomes.pop("passed") == 1, outcomes
    assert sum(outcomes.get(kind, 0) for kind in ends) == 2, outcomes
    result.stdout.fnmatch_lines(["*is another one*EVIO_DATA_DIR*"])
    assert drive.path(NAME).read_bytes() == MINE
    assert drive.server.sent(theirs) == 0
