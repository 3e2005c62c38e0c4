"""The recordings of a run: each is asked for once, and what failed is told to each who wants it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.pytest.refused import CALLS, QUOTA

if TYPE_CHECKING:
    from tests.pytest.conftest import Project


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
