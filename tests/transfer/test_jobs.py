"""A wanted file: what its sources are called, and what is told of its failure."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from evio_data._cache.files import CachedFile
from evio_data._registry.registry import Entry
from evio_data._sources.origin import source_of
from evio_data._transfer.jobs import Job
from evio_data.errors import DownloadError, EvioDataError, QuotaExceededError

URL = "https://example.org/fan.raw"


def job(tmp_path: Path, known: str | None = "ab" * 32) -> Job:
    """Return a job for a file."""
    entry = Entry("fan.raw", known, URL)
    return Job(entry, CachedFile(str(tmp_path), "fan.raw"), lambda: [source_of(URL)], size=5)


def test_label(tmp_path: Path) -> None:
    """Connections are counted for each host; where there is none, the outcome will say why."""

    def fail() -> list[object]:
        raise DownloadError("no such DOI.")

    assert job(tmp_path).label == source_of(URL).label
    assert job(tmp_path)._replace(sources=fail).label == ""  # type: ignore[arg-type]


def test_failed(tmp_path: Path) -> None:
    """A failure has the file's name, its size and what was received."""
    error = DownloadError("it is gone.")
    outcome = job(tmp_path).failed(error, time.monotonic(), received=3)
    assert (outcome.name, outcome.status, outcome.size, outcome.received) == (
        "fan.raw", "failed", 5, 3,
    )  # fmt: skip
    assert outcome.error is error
    assert error.name == "fan.raw"


@pytest.mark.parametrize(
    ("known", "mirrors"), [("ab" * 32, True), (None, False), ("md5:" + "ab" * 16, False)]
)
def test_a_mirror_is_advised_only_where_a_hash_checks_it(
    tmp_path: Path, known: str | None, *, mirrors: bool
) -> None:
    """Where no strong hash would show other bytes, a copy from elsewhere is no way out."""
    error: EvioDataError = QuotaExceededError("used up.", advice="Use a mirror.")
    job(tmp_path, known).failed(error, time.monotonic())
    assert (error.advice == "Use a mirror.") is mirrors
