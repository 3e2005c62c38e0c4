"""Many files over connections of one speed: what ``bulk`` and ``proportions`` share."""

from __future__ import annotations

from collections.abc import Iterable

from ._bench import Bench
from ._candidates import MIB_CHUNKS, Candidates
from ._files import Work
from ._measure import Candidate, Samples, compare
from ._serve import CAP, MB, Served, serving
from ._table import at_most, comparison, cpu, memory, ratio, report, seconds

CONNECTIONS = 3
OURS = "**evio_data.prefetch**, 3 connections"
NEAR = 1.05  # times the ideal


def run(bench: Bench, sizes: list[int], *, unsized: bool) -> str:
    """Return a section's text; with ``unsized``, ours also without sizes in the registry."""
    with serving(bench, sizes, rate=CAP) as served:
        candidates = _candidates(bench, served.work, unsized=unsized)
        results = compare(bench, candidates)
    return _text(served, results)


def _text(served: Served, results: dict[str, Samples]) -> str:
    ideal = served.work.size / (CONNECTIONS * CAP)
    return report(
        f"Server: {served.server}. {len(served.work.files)} files, {served.work.size / MB:,.0f}"
        f" MB. Ideal, bytes / ({CONNECTIONS} x {CAP // MB} MB/s): {ideal:.2f} s.",
        comparison(
            results,
            seconds("after imports s", "inside"),
            seconds("whole process s", "whole"),
            cpu(),
            memory(),
            ratio("x ideal", "inside", ideal),
            ratio("x ideal (whole)", "whole", ideal),
        ),
        *_goals(results, ideal),
    )


def _goals(results: dict[str, Samples], ideal: float) -> Iterable[str]:
    for name, samples in results.items():
        if name.startswith(OURS):
            for what, words in (("inside", "after imports"), ("whole", "whole process")):
                yield at_most(f"{name} / ideal, {words}", samples.median(what) / ideal, NEAR)


def _candidates(bench: Bench, work: Work, *, unsized: bool) -> list[Candidate]:
    make = Candidates(bench, work)
    three = str(CONNECTIONS)
    without = make.ours(f"{OURS}, sizes unknown", "ours_prefetch", three, sized=False)
    return [
        make.ours(OURS, "ours_prefetch", three),
        *[without] * unsized,
        make.aria2c("aria2c -j3 --checksum", "-j3", "-x1", "-s1"),
        make.aria2c("aria2c -j3, nothing verified", "-j3", "-x1", "-s1", verified=False),
        make.program(
            "pooch in 3 threads, 1 MiB chunks", "with_pooch", three, MIB_CHUNKS, needs="pooch"
        ),
        make.program("parfive, max_conn 3, 1 split", "with_parfive", three, "1", needs="parfive"),
    ]
