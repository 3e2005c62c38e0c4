"""Thousands of small files: what a file costs besides its bytes."""

from __future__ import annotations

from ._bench import Bench
from ._candidates import MIB_CHUNKS, Candidates
from ._measure import Candidate, Samples, compare
from ._serve import serving
from ._table import at_least, comparison, cpu, memory, not_judged, number, report, seconds, standing

TITLE = "Small: 5,000 files of 10 KiB, 3 connections"
FILES, SIZE = 5000, 10 * 1024  # bytes each
OURS = "**evio_data.prefetch**"


def run(bench: Bench) -> str:
    """Return the section's text."""
    count = bench.count_of(FILES)
    with serving(bench, [SIZE] * count) as served:
        results = compare(bench, _candidates(Candidates(bench, served.work)))

    def rate(samples: Samples) -> str:
        return number(count / samples.median("whole"))

    return report(
        f"Server: {served.server}. {count:,} files.",
        comparison(
            results, seconds("whole process s", "whole"), ("files/s", rate), cpu(), memory()
        ),
        _goal(results),
        standing(results, "whole", "whole process"),
    )


def _goal(results: dict[str, Samples]) -> str:
    peers = {name: s.median("whole") for name, s in results.items() if name != OURS}
    if not peers:
        return not_judged("best peer / ours", "no peer is installed")
    best = min(peers, key=lambda name: peers[name])
    return at_least(f"best peer ({best}) / ours", peers[best] / results[OURS].median("whole"), 1)


def _candidates(make: Candidates) -> list[Candidate]:
    return [
        make.ours(OURS, "prefetch", "3"),
        make.aria2c("aria2c -j3 --checksum", "-j3", "-x1", "-s1"),
        make.program(
            "pooch in 3 threads, 1 MiB chunks", "peers.pooch", "3", MIB_CHUNKS, needs="pooch"
        ),
        make.program("parfive, max_conn 3, checksum", "peers.parfive", "3", "1", needs="parfive"),
    ]
