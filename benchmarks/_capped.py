"""Many files over connections of one speed: what ``bulk`` and ``proportions`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ._bench import Bench
from ._candidates import MIB_CHUNKS, Candidates
from ._measure import Candidate, Samples, compare_groups
from ._serve import CAP, CAPPED, MB, serving
from ._table import TIMES, at_most, comparison, costs, ratio, report, standing

NEAR = 1.05  # times the ideal
OURS = "**evio_data.prefetch**"

Groups = dict[int, list[Candidate]]  # by the number of connections


def run(bench: Bench, sizes: list[int], groups: Callable[[Candidates], Groups]) -> str:
    """Return a section's text, with one table a group."""
    with serving(bench, sizes, line=CAPPED) as served:
        results = compare_groups(bench, groups(Candidates(bench, served.work)))
    size = served.work.size
    parts = (part for number, found in results.items() for part in _table(found, number, size))
    return report(
        f"Server: {served.server}. {len(served.work.files)} files, {size / MB:,.0f} MB.", *parts
    )


def _table(results: dict[str, Samples], connections: int, size: int) -> Iterator[str]:
    ideal = size / (connections * CAP)
    speed = f"{connections} x {CAP // MB} MB/s"
    yield f"{connections} connections: ideal, bytes / ({speed}): {ideal:.2f} s."
    yield comparison(
        results,
        *costs(),
        ratio("x ideal", "inside", ideal),
        ratio("x ideal (whole)", "whole", ideal),
    )
    for label, samples in results.items():
        if label.startswith(OURS):
            for what, words in TIMES.items():
                yield at_most(f"{label} / ideal, {words}", samples.median(what) / ideal, NEAR)
    yield from (standing(results, *time) for time in TIMES.items())


def ours(make: Candidates, connections: int) -> Candidate:
    """Return ours over so many connections."""
    return make.ours(f"{OURS}, {connections} connections", "prefetch", str(connections))


def usual(make: Candidates, connections: int) -> list[Candidate]:
    """Return the floor and the peers, each over so many connections."""
    number = str(connections)
    flags = (f"-j{number}", "-x1", "-s1")
    return [
        make.floor(f"{number} workers", "many", number),
        make.aria2c(f"aria2c -j{number} --checksum", *flags),
        make.aria2c(f"aria2c -j{number}, nothing verified", *flags, verified=False),
        make.program(
            f"pooch in {number} threads, 1 MiB chunks",
            "peers.pooch",
            number,
            MIB_CHUNKS,
            needs="pooch",
        ),
        make.program(
            f"parfive, max_conn {number}, 1 split", "peers.parfive", number, "1", needs="parfive"
        ),
    ]
