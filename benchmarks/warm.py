"""A file that is there already, and was verified when it came: seconds a call."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

from ._bench import Bench
from ._candidates import Candidates
from ._measure import Candidate, compare
from ._serve import serving
from ._table import at_most, comparison, not_judged, number, report, seconds, standing

TITLE = "Warm: the same 1 GiB file again"
SIZE = 1024  # MiB
OURS = "**evio_data.fetch**"
GOAL = 0.0001  # seconds
HUB = "huggingface_hub"


def run(bench: Bench) -> str:
    """Return the section's text."""
    with (
        serving(bench, [bench.bytes_of(SIZE)]) as served,
        bench.folder() as cache,
        bench.folder() as others,
        bench.folder() as hub,
    ):
        make = Candidates(bench, served.work)
        # Only nginx is set up to imitate the hub.
        hubs = _hub(make, hub) if served.server.startswith("nginx") else []
        _fill(bench, make, cache, hub if hubs else None)
        for file in served.work.files:
            os.link(served.folder / file.name, others / file.name)
        results = compare(bench, [*_candidates(make, cache, others), *hubs])
    first = results[OURS].spread("first").median
    return report(
        "The median of 1,000 calls in one process (3 calls of the tools that hash the file in"
        " each call). Tools that ask the server ask one on this machine.",
        comparison(results, seconds("s a call", "inside")),
        f"Our first call in a process, which imports and reads the registry: {number(first)} s.",
        at_most("a warm fetch", results[OURS].median("inside"), GOAL, " s"),
        standing(results, "inside", "a call"),
        *[not_judged(HUB, "it or nginx is not there")] * (not hubs),
    )


def _fill(bench: Bench, make: Candidates, cache: Path, hub: Path | None) -> None:
    fetch = make.program("ours", "ours.prefetch", "1", needs="evio-data", folder=cache)
    fill = [make.program(HUB, "warm.hub_fill", needs=HUB, folder=hub)] if hub else []
    compare(replace(bench, runs=1), [fetch, *fill])


def _candidates(make: Candidates, cache: Path, others: Path) -> list[Candidate]:
    def other(label: str, program: str, needs: str = "evio-data") -> Candidate:
        return make.program(label, f"warm.{program}", needs=needs, folder=others)

    return [
        make.program(OURS, "warm.ours", needs="evio-data", folder=cache),
        other("floor: os.stat", "stat"),
        other("floor: a JSON stamp, and os.stat", "stamp"),
        other("hashlib.file_digest", "digest"),
        other("pooch.fetch", "pooch", "pooch"),
        other("gdown.cached_download with hash", "gdown_cached", "gdown"),
        other("gdown.download(resume=True), which asks the server", "gdown_resume", "gdown"),
    ]


def _hub(make: Candidates, folder: Path) -> list[Candidate]:
    if not make.bench.tools.has(HUB):
        return []
    return [
        make.program(f"{HUB} {label}", f"warm.{program}", needs=HUB, folder=folder)
        for label, program in (
            ("try_to_load_from_cache", "hub_try"),
            ("hf_hub_download(local_files_only=True)", "hub_local"),
            ("hf_hub_download, which asks the server", "hub_ask"),
        )
    ]
