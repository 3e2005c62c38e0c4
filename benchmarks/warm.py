"""B: a file that is there already, and was verified when it came: seconds a call."""

from __future__ import annotations

import os
from pathlib import Path

from ._bench import Bench
from ._candidates import Candidates
from ._files import Work
from ._measure import Candidate, compare
from ._serve import serving
from ._table import at_most, comparison, number, report, seconds

TITLE = "Warm: the same 1 GiB file again"
SIZE = 1024  # MiB
OURS = "**evio_data.fetch**"
GOAL = 0.0001  # seconds


def run(bench: Bench) -> str:
    """Return the section's text."""
    with (
        serving(bench, [bench.bytes_of(SIZE)]) as served,
        bench.folder() as cache,
        bench.folder() as others,
    ):
        _fill(bench, served.work, cache, served.folder, others)
        results = compare(bench, _candidates(bench, served.work, cache, others))
    first = results[OURS].spread("first").median
    return report(
        "The median of 1,000 calls in one process (3 calls of the tools that hash the file in"
        " each call).",
        comparison(results, seconds("s a call", "inside")),
        f"Our first call in a process, which imports and reads the registry: {number(first)} s.",
        at_most("a warm fetch", results[OURS].median("inside"), GOAL, " s"),
    )


def _fill(bench: Bench, work: Work, cache: Path, source: Path, others: Path) -> None:
    fetch = Candidates(bench, work).program("", "ours_prefetch", "1", folder=cache)
    only_once = Bench(bench.tools, bench.scratch, runs=1)
    compare(only_once, [fetch])
    for file in work.files:
        os.link(source / file.name, others / file.name)


def _candidates(bench: Bench, work: Work, cache: Path, others: Path) -> list[Candidate]:
    make = Candidates(bench, work)
    return [
        make.program(OURS, "warm_ours", needs="evio-data", folder=cache),
        make.program("os.stat", "warm_stat", folder=others),
        make.program("pooch.fetch", "warm_pooch", needs="pooch", folder=others),
        make.program("gdown.cached_download", "warm_gdown", needs="gdown", folder=others),
    ]
