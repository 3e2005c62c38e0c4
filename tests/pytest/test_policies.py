"""Files that cannot be had: which tests fail, which are skipped, and what the reader is told."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

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
QUOTA = "bad.raw: Drive's download quota for this file is used up."


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


CALLS = """
def test_it(evio_data_fetch):
    evio_data_fetch("bad.raw")
    raise SystemExit("it went on")
"""


@pytest.mark.parametrize(
    ("policy", "outcome", "line"),
    [
        ("fetch", {"failed": 1}, f"*evio_data.errors.QuotaExceededError: {QUOTA}*"),
        ("skip", {"skipped": 1}, f"SKIPPED ?1? test_project.py:*: {QUOTA}*(--evio-data=skip)"),
        ("offline", {"skipped": 1}, "SKIPPED*bad.raw: not cached, and the network is off*"),
    ],
)
def test_the_callable_keeps_to_the_policy(
    project: Project, policy: str, outcome: dict[str, int], line: str
) -> None:
    """What a test asks for on the way is failed or skipped for as what a marker names."""
    project.add("bad.raw", refuse="quota")
    project.write(CALLS)
    result = project.run(f"--evio-data={policy}", "-rsf")
    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines([line])


def test_a_failure_shows_its_own_test_only(project: Project) -> None:
    """What a call raises leads to the line of the test, and not through others, or through us."""
    project.add("bad.raw", refuse="quota")
    project.write(CALLS + CALLS.replace("test_it", "test_too"))
    result = project.run("--tb=short")
    result.assert_outcomes(failed=2)
    frames = [line for line in result.outlines if re.match(r"\S+\.py:\d+: in ", line)]
    assert frames == ["test_project.py:5: in test_it", "test_project.py:9: in test_too"]


def test_a_refused_file_is_asked_for_once(project: Project) -> None:
    """What could not be had before the first test is not asked for again in each test."""
    project.add("bad.raw", refuse="quota")
    project.write(
        """
@needs("bad.raw")
@pytest.mark.parametrize("n", range(5))
def test_it(n): pass
"""
        + CALLS.replace("test_it", "test_call")
    )
    project.run().assert_outcomes(errors=5, failed=1)
    once = len(project.drive.server.requests)
    project.drive.server.forget()
    project.run("-k", "test_it and 1").assert_outcomes(errors=1)
    assert len(project.drive.server.requests) == once


def test_stop_at_the_first(project: Project) -> None:
    """With -x the run ends at the first test whose file cannot be had."""
    project.add("bad.raw", refuse="not-found")
    project.write("@needs('bad.raw')\ndef test_a(): pass\ndef test_b(): pass")
    result = project.run("-x")
    result.assert_outcomes(errors=1)


@pytest.mark.parametrize("policy", ["fetch", "skip"])
def test_wrong_bytes_always_fail(project: Project, policy: str) -> None:
    """A file with a wrong hash fails its tests whatever the policy."""
    project.add("bad.raw", garble="flip")
    project.write("@needs('bad.raw')\ndef test_it(): pass\ndef test_other(): pass")
    result = project.run(f"--evio-data={policy}")
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["bad.raw: the bytes have SHA-256 *"])


def test_damaged_and_offline_fails(project: Project) -> None:
    """A cached file that is damaged fails its tests even where the network may not be used."""
    project.add("a.raw")
    project.write("@needs('a.raw')\ndef test_it(): pass")
    project.run().assert_outcomes(passed=1)
    project.drive.path("a.raw").write_bytes(b"damaged")
    result = project.run("--evio-data=offline")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["a.raw: the bytes have SHA-256 *"])


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
