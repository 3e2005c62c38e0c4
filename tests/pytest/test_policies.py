"""Files that cannot be had: which tests fail, which are skipped, and what the reader is told."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.pytest.refused import CALLS, QUOTA

if TYPE_CHECKING:
    from tests.pytest.conftest import Project


pytest_plugins = ["pytester"]

ONE_BAD = """
@needs("good.raw")
def test_good(evio_dataset): pass
@needs("bad.raw")
def test_marked(): raise SystemExit("it ran")
@needs("bad.raw", "good.raw")
def test_given(evio_dataset): raise SystemExit("it ran")
def test_other(): pass
"""


@pytest.fixture
def one_bad(project: Project) -> Project:
    """A project with a file whose quota is used up."""
    project.add("good.raw")
    project.add("bad.raw", refuse="quota")
    project.write(ONE_BAD)
    return project


@pytest.mark.parametrize("workers", ["0", "2"])
def test_fetch_fails_only_the_tests_that_need_it(one_bad: Project, workers: str) -> None:
    """A file that cannot be had fails, with the cause, the tests that name it; others run."""
    result = one_bad.run("-n", workers)
    result.assert_outcomes(passed=2, errors=2)
    result.stdout.fnmatch_lines(
        ["*_ ERROR at setup of test_marked _*", f"{QUOTA}*", "ERROR *::test_marked - *bad.raw*"],
        consecutive=False,
    )
    refused = [r for r in one_bad.drive.server.requests if r.kind == "page"]
    assert len({r.started for r in refused}) == len(refused) <= 2


def test_skip_skips_them(one_bad: Project) -> None:
    """With --evio-data=skip these tests are skipped: file, cause and policy are said."""
    result = one_bad.run("--evio-data=skip", "-rs")
    result.assert_outcomes(passed=2, skipped=2)
    result.stdout.fnmatch_lines([f"SKIPPED ?1? test_project.py:*: {QUOTA}*(--evio-data=skip)"])
    assert one_bad.closing_line(result).endswith("1 unavailable; 2 tests skipped")


def test_a_failure_shows_its_own_test_only(project: Project) -> None:
    """What a call raises leads to the line of the test, and not through others, or through us."""
    project.add("bad.raw", refuse="quota")
    project.write(CALLS + CALLS.replace("test_it", "test_too"))
    result = project.run("--tb=short")
    result.assert_outcomes(failed=2)
    frames = [line for line in result.outlines if re.match(r"\S+\.py:\d+: in ", line)]
    assert frames == ["test_project.py:5: in test_it", "test_project.py:9: in test_too"]


def test_stop_at_the_first(project: Project) -> None:
    """With -x the run ends at the first test whose file cannot be had."""
    project.add("bad.raw", refuse="not-found")
    project.write("@needs('bad.raw')\ndef test_a(): pass\ndef test_b(): pass")
    result = project.run("-x")
    result.assert_outcomes(errors=1)


# --- offline ----------------------------------------------------------------------------------

WAYS = {
    "option": (["--evio-data=offline"], {}, "--evio-data=offline"),
    "environment": ([], {"EVIO_DATA_OFFLINE": "1"}, "EVIO_DATA_OFFLINE is set"),
    "ini": (["-o", "evio_data_policy=offline"], {}, "evio_data_policy = offline"),
}


@pytest.mark.parametrize(("options", "variables", "origin"), WAYS.values(), ids=WAYS)
def test_offline_skips_what_is_not_cached(
    project: Project, options: list[str], variables: dict[str, str], origin: str
) -> None:
    """Offline asks nobody: cached files serve, tests of others are skipped, and who said so."""
    for letter in "ab":
        project.add(f"{letter}.raw")
    project.write("@needs('a.raw')\ndef test_a(evio_dataset): pass")
    project.run().assert_outcomes(passed=1)
    project.write("@needs('b.raw')\ndef test_b(): pass", name="test_second.py")
    project.drive.server.forget()
    os.environ.update(variables)
    result = project.run(*options, "-rs")
    result.assert_outcomes(passed=1, skipped=1)
    result.stdout.fnmatch_lines(
        [f"SKIPPED ?1? test_second.py:*: b.raw: not cached, and the network is off ({origin})"]
    )
    assert not project.drive.server.requests
    assert result.errlines == []


@pytest.mark.parametrize(
    ("options", "variables", "outcome"),
    [
        (["--evio-data=skip", "-o", "evio_data_policy=fetch"], {}, {"skipped": 1}),
        (["--evio-data=fetch", "-o", "evio_data_policy=skip"], {}, {"errors": 1}),
        (["--evio-data=fetch"], {"EVIO_DATA_OFFLINE": "1"}, {"errors": 1}),
        (["-o", "evio_data_policy=skip"], {"EVIO_DATA_OFFLINE": "0"}, {"skipped": 1}),
        (["-o", "evio_data_policy=fetch"], {"EVIO_DATA_OFFLINE": "1"}, {"skipped": 1}),
    ],
)
def test_the_nearer_word_counts(
    project: Project, options: list[str], variables: dict[str, str], outcome: dict[str, int]
) -> None:
    """The command line wins over the environment, and the environment over the ini file."""
    project.add("bad.raw", refuse="denied")
    project.write("@needs('bad.raw')\ndef test_it(): pass")
    os.environ.update(variables)
    project.run(*options).assert_outcomes(**outcome)


def test_fetch_cannot_overrule_the_ban(project: Project) -> None:
    """EVIO_DATA_OFFLINE forbids the network whatever the policy is."""
    project.add("a.raw")
    project.write("@needs('a.raw')\ndef test_it(): pass")
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    project.run("--evio-data=fetch").assert_outcomes(errors=1)
    assert not project.drive.server.requests


@pytest.mark.parametrize(
    "options", [["-o", "evio_data_policy=never"], ["--evio-data=never"]], ids=["ini", "option"]
)
def test_an_unknown_policy_is_a_usage_error(project: Project, options: list[str]) -> None:
    """A policy that does not exist ends the run before it begins, and those that do are named."""
    project.write("def test_it(): pass")
    result = project.run(*options)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    assert all(word in result.stderr.str() for word in ("never", "fetch", "offline", "skip"))


def test_a_broken_setting_is_told_at_collection(project: Project) -> None:
    """A variable that makes no sense is a collection error of the tests that need recordings."""
    project.add("a.raw")
    project.write("@needs('a.raw')\ndef test_it(): pass")
    os.environ["EVIO_DATA_ENDPOINT"] = "nowhere"
    result = project.run()
    assert result.ret == pytest.ExitCode.INTERRUPTED
    result.stdout.fnmatch_lines(["test_project.py::test_it: EVIO_DATA_ENDPOINT has 'nowhere'*"])
