"""A: a file that is not there yet: received, verified by SHA-256, stored on disk."""

from __future__ import annotations

from ._bench import Bench
from ._candidates import MIB_CHUNKS, Candidates
from ._files import Work
from ._measure import Candidate, Samples, compare
from ._serve import serving
from ._table import at_least, at_most, comparison, cpu, memory, not_judged, ratio, report, seconds

TITLE = "Cold: receive 1 GiB, verify its SHA-256, store it"
SIZE = 1024  # MiB
OURS = "**evio_data.fetch**"
FLOOR = "floor: receive, hash and write in threads"
FLOOR_1 = "floor: the same in one thread"
NEAR, AHEAD = 1.05, 1.2  # times the floor; times faster than the best peer


def run(bench: Bench) -> str:
    """Return the section's text."""
    with serving(bench, [bench.bytes_of(SIZE)]) as served:
        results = compare(bench, _candidates(bench, served.work))
    floor = results[FLOOR].median("inside")
    return report(
        f"Server: {served.server}. {served.work.size:,} bytes. Every tool verifies: by itself"
        " where it can, else its file is read once more for its hash.",
        comparison(
            results,
            seconds("after imports s", "inside"),
            seconds("whole process s", "whole"),
            cpu(),
            memory(),
            ratio("x floor", "inside", floor),
            ratio("x floor (whole)", "whole", results[FLOOR].median("whole")),
        ),
        *_goals(results, "inside", "after imports"),
        *_goals(results, "whole", "whole process"),
    )


def _goals(results: dict[str, Samples], what: str, words: str) -> list[str]:
    ours = results[OURS].spread(what)
    floor = results[FLOOR].spread(what)
    near = at_most(
        f"ours / floor, {words} (of the minima: {ours.least / floor.least:.2f})",
        ours.median / floor.median,
        NEAR,
    )
    peers = {name: s.spread(what) for name, s in results.items() if name not in _NO_PEERS}
    if not peers:
        return [near, not_judged(f"best peer / ours, {words}", "no peer is installed")]
    best = min(peers, key=lambda name: peers[name].median)
    least = min(peer.least for peer in peers.values()) / ours.least
    ahead = at_least(
        f"best peer ({best}) / ours, {words} (of the minima: {least:.2f})",
        peers[best].median / ours.median,
        AHEAD,
    )
    return [near, ahead]


def _candidates(bench: Bench, work: Work) -> list[Candidate]:
    make = Candidates(bench, work)
    return [
        make.ours(OURS, "ours_fetch"),
        make.program(FLOOR, "floor_threads", needs="requests"),
        make.program(FLOOR_1, "floor_one_thread", needs="requests"),
        make.program("gdown, then SHA-256", "gdown_then_hash", needs="gdown"),
        make.program("gdown with its hasher", "gdown_hasher", needs="gdown"),
        make.program("gdown.cached_download with hash", "gdown_cached", needs="gdown"),
        make.program("pooch as it comes (1 KiB chunks)", "with_pooch", needs="pooch"),
        make.program("pooch, 1 MiB chunks", "with_pooch", "1", MIB_CHUNKS, needs="pooch"),
        make.curl_openssl("curl, then openssl"),
        make.curl_sha256sum("curl, then sha256sum"),
        make.aria2c("aria2c --checksum", "-x1", "-s1"),
        make.program("parfive, checksum", "with_parfive", "1", "1", needs="parfive"),
        make.program("pypdl, then SHA-256", "with_pypdl", needs="pypdl"),
        make.program("hf_transfer x4, then SHA-256", "with_hf_transfer", "4", needs="hf_transfer"),
        make.program(
            "huggingface_hub http_get, then SHA-256", "hf_http_get", needs="huggingface_hub"
        ),
    ]


_NO_PEERS = (OURS, FLOOR, FLOOR_1)
