"""Thousands of small files: what a file costs besides its bytes, and over a slow line."""

from __future__ import annotations

from collections.abc import Iterator

from ._bench import Bench
from ._candidates import MIB_CHUNKS, Candidates
from ._measure import Candidate, Samples, compare_groups
from ._serve import Line, Served, serving
from ._table import at_least, comparison, cpu, memory, not_judged, number, report, seconds, standing

TITLE = "Small: 5,000 files of 10 KiB over 1, 3, 5 and 16 connections"
FILES, SIZE = 5000, 10 * 1024  # bytes each
FAR_FILES = 500
LATENCY = 0.020  # seconds
CONNECTIONS = (1, 3, 5, 16)
FAR_CONNECTIONS = (3, 16)
OURS = "**evio_data.prefetch**"


def run(bench: Bench) -> str:
    """Return the section's text, with one table a number of connections."""
    parts: list[str] = []
    with serving(bench, [SIZE] * bench.count_of(FILES)) as served:
        parts += _measured(bench, served, CONNECTIONS)
    far = Line(latency=LATENCY)
    with serving(bench, [SIZE] * bench.count_of(FAR_FILES), line=far) as served:
        parts += _measured(bench, served, FAR_CONNECTIONS)
    return report(*parts)


def _measured(bench: Bench, served: Served, connections: tuple[int, ...]) -> Iterator[str]:
    make, count = Candidates(bench, served.work), len(served.work.files)
    groups = {number: _candidates(make, number) for number in connections}

    def rate(samples: Samples) -> str:
        return number(count / samples.median("whole"))

    def each(samples: Samples) -> str:
        return number(samples.median("cpu") / count * 1000)

    yield f"Server: {served.server}. {count:,} files."
    for n, results in compare_groups(bench, groups).items():
        yield f"{n} {'connection' if n == 1 else 'connections'}:"
        yield comparison(
            results,
            seconds("whole process s", "whole"),
            ("files/s", rate),
            cpu(),
            ("CPU ms a file", each),
            memory(),
        )
        yield _goal(results, n)
        yield standing(results, "whole", "whole process")


def _goal(results: dict[str, Samples], connections: int) -> str:
    ours = f"{OURS}, {connections}"
    peers = {name: s.median("whole") for name, s in results.items() if name != ours}
    if not peers:
        return not_judged("best peer / ours", "no peer is installed")
    best = min(peers, key=lambda name: peers[name])
    return at_least(f"best peer ({best}) / ours", peers[best] / results[ours].median("whole"), 1)


def _candidates(make: Candidates, connections: int) -> list[Candidate]:
    n = str(connections)
    return [
        make.ours(f"{OURS}, {n}", "prefetch", n),
        make.aria2c(f"aria2c -j{n} --checksum", f"-j{n}", "-x1", "-s1"),
        make.program(
            f"pooch in {n} threads, 1 MiB chunks", "peers.pooch", n, MIB_CHUNKS, needs="pooch"
        ),
        make.program(f"parfive, max_conn {n}, checksum", "peers.parfive", n, "1", needs="parfive"),
    ]
