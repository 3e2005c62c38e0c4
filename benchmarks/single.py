"""One file over several connections of one speed, against one connection."""

from __future__ import annotations

from collections.abc import Iterator

from ._bench import Bench
from ._candidates import AXEL, CURL, OPENSSL, Candidates
from ._measure import Candidate, Samples, compare_groups
from ._serve import CAP, CAPPED, serving
from ._table import TIMES, at_least, comparison, costs, number, report, standing

TITLE = "Single: one file of 400 MiB, 20 MB/s a connection"
SIZE = 400  # MiB
OURS = "**evio_data.fetch** (3 connections)"
ONE = "curl, 1 connection, nothing verified"
GOAL = 2.8  # times as fast as one connection, over three


def run(bench: Bench) -> str:
    """Return the section's text, with one table a number of connections."""
    with serving(bench, [bench.bytes_of(SIZE)], line=CAPPED) as served:
        results = compare_groups(bench, _groups(Candidates(bench, served.work)))
    ideal = served.work.size / CAP
    one = results[3][ONE].median("whole") if ONE in results[3] else ideal
    tables = (_table(found, count, ideal, one) for count, found in results.items())
    return report(
        f"Server: {served.server}. {served.work.size:,} bytes; ideal over one connection:"
        f" {ideal:.2f} s.",
        *(part for parts in tables for part in parts),
    )


def _table(
    results: dict[str, Samples], connections: int, ideal: float, one: float
) -> Iterator[str]:
    def times(samples: Samples) -> str:
        return number(one / samples.median("whole"))

    yield f"{connections} connections: ideal {ideal / connections:.2f} s."
    yield comparison(
        results,
        *costs(),
        ("x one connection (whole)", times),
    )
    if OURS in results:
        for what, words in TIMES.items():
            times_faster = one / results[OURS].median(what)
            yield at_least(f"one connection / ours, {words}", times_faster, GOAL)
    yield from (standing(results, *time) for time in TIMES.items())


def _groups(make: Candidates) -> dict[int, list[Candidate]]:
    floor = make.floor("4 ranges in pieces of 8 MiB", "ranges", "4")
    return {
        3: [make.ours(OURS, "fetch"), make.shell(ONE, CURL), *_peers(make, 3)],
        4: [_ours(make, 4), floor, *_peers(make, 4)],
        8: [_ours(make, 8), _aria2c(make, 8)],
    }


def _ours(make: Candidates, connections: int) -> Candidate:
    label = f"**evio_data.prefetch**, {connections} connections"
    return make.ours(label, "prefetch", str(connections))


def _peers(make: Candidates, connections: int) -> list[Candidate]:
    n = str(connections)
    return [
        _aria2c(make, connections),
        make.shell(f"axel -n{n}, then openssl", AXEL, OPENSSL, n),
        make.program(f"pypdl, {n} segments, then SHA-256", "peers.pypdl", n, needs="pypdl"),
        make.program(f"parfive, {n} splits, checksum", "peers.parfive", "1", n, needs="parfive"),
        make.program(
            f"hf_transfer x{n}, then SHA-256", "peers.hf_transfer", n, needs="hf_transfer"
        ),
    ]


def _aria2c(make: Candidates, connections: int) -> Candidate:
    flags = (f"-x{connections}", f"-s{connections}", "-k1M")
    return make.aria2c(f"aria2c -x{connections} --checksum", *flags)
