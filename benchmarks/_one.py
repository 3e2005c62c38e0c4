"""One file received, verified and stored: what ``cold``, ``tls`` and ``line`` share."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from ._bench import MIB, Bench
from ._candidates import CURL, MIB_CHUNKS, OPENSSL, Candidates
from ._measure import Candidate, Samples, compare
from ._serve import Line, serving
from ._table import (
    TIMES,
    at_least,
    at_most,
    comparison,
    costs,
    not_judged,
    number,
    ratio,
    report,
    standing,
)

SIZE = 1024  # MiB
OURS = "**evio_data.fetch**"
FLOOR = "floor: requests, hash and write in threads"
NEAR = 1.05  # times the floor

Make = Callable[[Candidates], list[Candidate]]


def run(
    bench: Bench,
    make: Make,
    *,
    line: Line | None = None,
    tls: bool = False,
    ahead: float | None = None,
    near: float = NEAR,
) -> str:
    """Return a section's text; ours should be so near the floor, and so far ahead of peers."""
    with serving(bench, [bench.bytes_of(SIZE)], line=line, tls=tls) as served:
        results = compare(bench, make(Candidates(bench, served.work)))
    gib = served.work.size / (1024 * MIB)
    inside, whole = (results[FLOOR].median(what) for what in TIMES)
    return report(
        f"Server: {served.server}. {served.work.size:,} bytes. Every tool verifies, by itself"
        " where it can, or its file is read once more for its hash; unless its row says otherwise.",
        comparison(
            results,
            *costs(),
            ("CPU s a GiB", lambda samples: number(samples.median("cpu") / gib)),
            ratio("x floor", "inside", inside),
            ratio("x floor (whole)", "whole", whole),
        ),
        *(goal for what in TIMES for goal in _goals(results, what, ahead, near)),
    )


def _goals(
    results: dict[str, Samples], what: str, ahead: float | None, near: float
) -> Iterator[str]:
    words = TIMES[what]
    ours, floor = results[OURS].spread(what), results[FLOOR].spread(what)
    yield at_most(
        f"ours / floor, {words} (of the minima: {ours.least / floor.least:.2f})",
        ours.median / floor.median,
        near,
    )
    if ahead is not None:
        yield _lead(results, what, ahead)
    yield standing(results, what, words)


def _lead(results: dict[str, Samples], what: str, ahead: float) -> str:
    ours, words = results[OURS].spread(what), TIMES[what]
    peers = {
        label: samples.spread(what)
        for label, samples in results.items()
        if not label.startswith(("**", "floor: "))
    }
    if not peers:
        return not_judged(f"best peer / ours, {words}", "no peer is installed")
    best = min(peers, key=lambda label: peers[label].median)
    least = min(peer.least for peer in peers.values()) / ours.least
    return at_least(
        f"best peer ({best}) / ours, {words} (of the minima: {least:.2f})",
        peers[best].median / ours.median,
        ahead,
    )


def ours_and_floors(make: Candidates) -> list[Candidate]:
    """Return ours, and the floors that any connection allows."""
    return [
        make.ours(OURS, "fetch"),
        make.floor("requests, hash and write in threads", "threads"),
        make.floor("requests, hash and write in one thread beside", "beside"),
        make.floor("requests, readinto, one thread", "one_thread"),
        make.floor("requests, read, one thread", "read"),
        make.floor("requests, iter_content, one thread", "iter_content"),
    ]


def floors_of_sockets(make: Candidates) -> list[Candidate]:
    """Return the floors that need a socket without TLS."""
    splice = [make.floor("socket, splice into the file, hash behind", "splice")]
    return [
        *splice * hasattr(os, "splice"),
        make.floor("socket, hash and write in threads", "bare_socket"),
    ]


def usual_peers(make: Candidates) -> list[Candidate]:
    """Return the tools that most people would take."""
    return [
        make.program("gdown, then SHA-256", "peers.gdown", needs="gdown"),
        make.program("gdown with its hasher", "peers.gdown_hasher", needs="gdown"),
        make.program("pooch, 1 MiB chunks", "peers.pooch", "1", MIB_CHUNKS, needs="pooch"),
        make.shell("curl, then openssl", CURL, OPENSSL),
    ]
