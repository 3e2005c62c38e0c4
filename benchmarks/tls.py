"""The same as ``cold``, over TLS."""

from __future__ import annotations

from . import _one
from ._bench import Bench
from ._candidates import Candidates
from ._measure import Candidate
from ._table import not_judged, report

TITLE = "TLS: receive 1 GiB over HTTPS, verify its SHA-256, store it"


def run(bench: Bench) -> str:
    """Return the section's text."""
    if not (bench.tools.has("nginx") and bench.tools.has("trustme")):
        return report(not_judged("TLS", "nginx or trustme is not installed"))
    return _one.run(bench, _candidates, tls=True)


def _candidates(make: Candidates) -> list[Candidate]:
    return [
        *_one.ours_and_floors(make),
        make.program("floor: receive with requests, and forget", "parts.receive", needs="requests"),
        *_one.usual_peers(make),
        make.program("pooch as it comes (1 KiB chunks)", "peers.pooch", needs="pooch"),
        make.aria2c("aria2c --checksum", "-x1", "-s1"),
    ]
