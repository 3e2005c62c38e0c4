"""Tests that name recordings: what they get, when it is fetched, and what is said about it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pytest.conftest import Project


pytest_plugins = ["pytester"]


# --- what a test gets -------------------------------------------------------------------------

MARKED = {
    "function": """
@needs("fan/a.raw")
def test_it(evio_dataset):
    assert evio_dataset.name == "a.raw"
    assert evio_dataset.stat().st_size == 3000
""",
    "basename": """
@needs("a.raw")
def test_it(evio_dataset):
    assert evio_dataset.stat().st_size == 3000
""",
    "several": """
@needs("fan/b.raw", "fan/a.raw")
def test_it(evio_dataset):
    assert [path.name for path in evio_dataset] == ["b.raw", "a.raw"]
""",
    "stacked": """
@needs("fan/b.raw")
@needs("fan/a.raw")
def test_it(evio_dataset):
    assert [path.name for path in evio_dataset] == ["b.raw", "a.raw"]
""",
    "glob": """
@needs("fan/*")
def test_it(evio_dataset):
    assert [path.name for path in evio_dataset] == ["a.raw", "b.raw"]
""",
    "glob of one": """
@needs("*b.raw")
def test_it(evio_dataset):
    assert [path.name for path in evio_dataset] == ["b.raw"]
""",
    "class": """
@needs("fan/a.raw")
class TestFan:
    def test_it(self, evio_dataset):
        assert evio_dataset.name == "a.raw"
""",
    "module": """
pytestmark = needs("fan/a.raw")
def test_it(evio_dataset):
    assert evio_dataset.name == "a.raw"
""",
    "closest": """
pytestmark = needs("fan/*")
@needs("fan/b.raw")
def test_it(evio_dataset):
    assert evio_dataset.name == "b.raw"
""",
    "case": """
@pytest.mark.parametrize("name", [pytest.param("a.raw", marks=needs("fan/a.raw"))])
def test_it(name, evio_dataset):
    assert evio_dataset.name == name
""",
    "indirect": """
@pytest.mark.parametrize("evio_dataset", ["fan/a.raw"], indirect=True)
def test_it(evio_dataset):
    assert evio_dataset.name == "a.raw"
""",
    "indirect several": """
@pytest.mark.parametrize("evio_dataset", [("fan/b.raw", "a.raw")], indirect=True)
def test_it(evio_dataset):
    assert [path.name for path in evio_dataset] == ["b.raw", "a.raw"]
""",
    "callable": """
def test_it(evio_data_fetch):
    assert evio_data_fetch("fan/a.raw").stat().st_size == 3000
""",
    "callable in a session fixture": """
@pytest.fixture(scope="session")
def recording(evio_data_fetch):
    return evio_data_fetch("a.raw").read_bytes()
def test_it(recording):
    assert len(recording) == 3000
""",
    "unittest": """
import unittest
@needs("fan/a.raw")
class TestFan(unittest.TestCase):
    @pytest.fixture(autouse=True)
    def recording(self, evio_dataset):
        self.path = evio_dataset
    def test_it(self):
        assert self.path.name == "a.raw"
""",
}


def test_a_test_gets_what_it_names(project: Project) -> None:
    """A marker, a parameter or a call names a recording by key, basename or glob: it is there."""
    project.add("fan/a.raw")
    project.add("fan/b.raw")
    for kind, tests in MARKED.items():
        project.write(tests, name=f"test_{kind.replace(' ', '_')}.py")
    project.run("--strict-markers").assert_outcomes(passed=len(MARKED))


def test_a_fixture_without_a_name_is_an_error(project: Project) -> None:
    """A test that asks for a recording and names none is told how to name one."""
    project.write("def test_it(evio_dataset): pass")
    result = project.run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*mark the test with @pytest.mark.evio_dataset(NAME)*"])


# --- names ------------------------------------------------------------------------------------

WRONG_NAMES = {
    "misspelt": ("@needs('fan/fan_cnst.raw')", "Did you mean 'fan/fan_const.raw'"),
    "glob": ("@needs('drone/*')", "no dataset 'drone/*'"),
    "ambiguous": ("@needs('events.raw')", "Use 'a/events.raw' or 'b/events.raw'"),
    "no text": ("@needs(3)", "3 is not the name of a dataset"),
    "keyword": ("@needs(name='fan_const.raw')", "no dataset \"name='fan_const.raw'\""),
    "parameter": (
        "@pytest.mark.parametrize('evio_dataset', ['fan/fan_cnst.raw'], indirect=True)",
        "Did you mean 'fan/fan_const.raw'",
    ),
}


@pytest.mark.parametrize("option", ["-v", "--collect-only", "--evio-data=skip"])
def test_a_wrong_name_is_a_collection_error(project: Project, option: str) -> None:
    """Nothing is fetched or run while a selected test has a wrong name; the nearest are shown."""
    for name in ("fan/fan_const.raw", "a/events.raw", "b/events.raw"):
        project.add(name)
    project.write("@needs('fan_const.raw')\ndef test_right(): pass")
    for kind, (mark, _) in WRONG_NAMES.items():
        name = f"test_{kind.replace(' ', '_')}.py"
        project.write(f"{mark}\ndef test_wrong(evio_dataset): pass", name=name)
    result = project.run(option)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(
        [
            "*_ ERROR collecting test_misspelt.py _*",
            "test_misspelt.py::test_wrong: no dataset *",
            f"*! Interrupted: {len(WRONG_NAMES)} errors during collection !*",
        ]
    )
    for kind, (_, words) in WRONG_NAMES.items():
        assert words in result.stdout.str(), kind
    assert project.fetched == []


def test_a_test_without_fixtures_cannot_name_any(project: Project) -> None:
    """A marker on a test of a kind that has no fixtures is a collection error that says so."""
    project.write(
        """
class Plain(pytest.Item):
    def runtest(self): raise SystemExit("it ran")
class PlainFile(pytest.File):
    def collect(self): yield Plain.from_parent(self, name="it")
def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".txt": return PlainFile.from_parent(parent, path=file_path)
def pytest_itemcollected(item): item.add_marker(needs("a.raw"))
""",
        name="conftest.py",
    )
    project.write("", name="test_plain.txt")
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["test_plain.txt::it: *have no fixtures*"])


def test_right_names_go_on_if_asked_to(project: Project) -> None:
    """With --continue-on-collection-errors the tests with right names run."""
    project.add("fan/a.raw")
    project.write("@needs('x')\ndef test_x(): pass\n@needs('a.raw')\ndef test_a(): pass")
    project.run("--continue-on-collection-errors").assert_outcomes(passed=1, errors=1)


# --- what is said -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("option", "lines"),
    [
        ("--markers", ["@pytest.mark.evio_dataset(name, ...): the recordings*"]),
        (
            "--fixtures",
            [
                "evio_dataset -- *",
                "    Return the recording that the test's evio_dataset marker*",
                "drive_server -- *",
                "    Serve a local Google Drive of the test's own*",
                "evio_data_registry ?session scope? -- *",
                "    Return where recordings come from; override it in conftest.py*",
                "evio_data_fetch ?session scope? -- *",
                "    Return a function: a name in, the path of the verified recording out*",
            ],
        ),
        (
            "--help",
            [
                "recordings by name (evio-data):",
                "  --evio-data={fetch,offline,skip}",
                "  --evio-data-list *",
                "  evio_data_policy (string):*",
            ],
        ),
    ],
)
def test_pytest_explains_it(project: Project, option: str, lines: list[str]) -> None:
    """Pytest's own pages on markers, fixtures and options tell what there is."""
    result = project.run(option)
    assert result.ret == 0
    result.stdout.fnmatch_lines_random(lines)


def test_drive_server(project: Project) -> None:
    """The fixture drive_server is a Drive of the test's own, and the environment leads there."""
    project.write("""
import os, pathlib, evio_data
def test_own(drive_server, tmp_path):
    fan = drive_server.add("fan.raw", b"% evt 3.0", large=True)
    (tmp_path / "registry.txt").write_text(fan.registry_line("fan.raw"))
    registry = evio_data.Registry.open(tmp_path / "registry.txt", tmp_path / "cache")
    assert pathlib.Path(registry.fetch("fan.raw")).read_bytes() == b"% evt 3.0"
    assert drive_server.sent(fan) == 9
def test_other(drive_server):
    assert not drive_server.requests
    assert os.environ["EVIO_DATA_ENDPOINT"] == drive_server.endpoint
""")
    project.run().assert_outcomes(passed=2)
    assert not project.drive.server.requests


def test_pinned_on_first_use_is_said(project: Project) -> None:
    """Who fetches a file that nobody has pinned is told so, with its hash."""
    project.add("fan/a.raw", pinned=False)
    project.write("@needs('a.raw')\ndef test_it(): pass")
    result = project.run()
    result.assert_outcomes(passed=1)
    assert re.search(r"fan/a.raw: nobody has published .* [0-9a-f]{64}", result.stderr.str())
