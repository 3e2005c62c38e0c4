"""E: one file over three connections of one speed, against one connection."""

from __future__ import annotations

from ._bench import Bench
from ._candidates import Candidates
from ._files import Work
from ._measure import Candidate, Samples, compare
from ._serve import CAP, serving
from ._table import at_least, comparison, cpu, memory, number, report, seconds

TITLE = "Single: one file of 400 MiB, 20 MB/s a connection"
SIZE = 400  # MiB
OURS = "**evio_data.fetch** (3 connections)"
ONE = "curl, 1 connection, nothing verified"
GOAL = 2.8  # times as fast as one connection


def run(bench: Bench) -> str:
    """Return the section's text."""
    with serving(bench, [bench.bytes_of(SIZE)], rate=CAP) as served:
        results = compare(bench, _candidates(bench, served.work))
    ideal = served.work.size / CAP
    one = results[ONE].median("whole") if ONE in results else ideal

    def times(samples: Samples) -> str:
        return number(one / samples.median("whole"))

    return report(
        f"Server: {served.server}. {served.work.size:,} bytes; ideal over one connection:"
        f" {ideal:.2f} s, over three: {ideal / 3:.2f} s.",
        comparison(
            results,
            seconds("after imports s", "inside"),
            seconds("whole process s", "whole"),
            cpu(),
            memory(),
            ("x one connection (whole)", times),
        ),
        *(
            at_least(f"one connection / ours, {words}", one / results[OURS].median(what), GOAL)
            for what, words in (("inside", "after imports"), ("whole", "whole process"))
        ),
    )


def _candidates(bench: Bench, work: Work) -> list[Candidate]:
    make = Candidates(bench, work)
    return [
        make.ours(OURS, "ours_fetch"),
        make.curl(ONE),
        make.aria2c("aria2c -x3 -s3 -k1M --checksum", "-x3", "-s3", "-k1M"),
        make.program("pypdl, 3 segments, then SHA-256", "with_pypdl", "3", needs="pypdl"),
        make.program("parfive, 3 splits, checksum", "with_parfive", "1", "3", needs="parfive"),
        make.program("hf_transfer x3, then SHA-256", "with_hf_transfer", "3", needs="hf_transfer"),
    ]
