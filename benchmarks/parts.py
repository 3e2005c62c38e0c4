"""The parts of the work, each alone."""

from __future__ import annotations

from ._bench import Bench
from ._candidates import Candidates
from ._measure import Candidate, compare
from ._serve import Served, serving
from ._table import comparison, cpu, report, seconds

TITLE = "Parts: what the work on 1 GiB takes at the least"
SIZE = 1024  # MiB


def run(bench: Bench) -> str:
    """Return the section's text."""
    with serving(bench, [bench.bytes_of(SIZE)]) as served:
        results = compare(bench, _candidates(bench, served))
    return report(
        f"Server: {served.server}. {served.work.size:,} bytes. None of these is a downloader.",
        comparison(results, seconds("after imports s", "inside"), cpu()),
    )


def _candidates(bench: Bench, served: Served) -> list[Candidate]:
    make = Candidates(bench, served.work)
    there = served.folder
    return [
        make.program(label, f"parts.{program}", needs="requests", folder=folder)
        for label, program, folder in (
            ("SHA-256 of memory", "hash_memory", None),
            ("SHA-256 of a file in the page cache", "hash_file", there),
            ("receiving with requests, readinto", "receive", None),
            ("receiving from a bare socket", "receive_socket", None),
            ("writing", "write", None),
        )
    ]
