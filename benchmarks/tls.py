"""The same as ``cold``, over TLS: on a quiet machine, and with all processors taken."""

from __future__ import annotations

from . import _one
from ._bench import Bench
from ._candidates import Candidates
from ._machine import busy
from ._measure import Candidate
from ._table import not_judged, report

TITLE = "TLS: receive 1 GiB over HTTPS, verify its SHA-256, store it"
LOADED = 1.15  # times the floor, where other programs want the same processors


def run(bench: Bench) -> str:
    """Return the section's text."""
    if not (bench.tools.has("nginx") and bench.tools.has("trustme")):
        return report(not_judged("TLS", "nginx or trustme is not installed"))
    quiet = _one.run(bench, _candidates, tls=True)
    with busy():
        loaded = _one.run(bench, _candidates, tls=True, near=LOADED)
    return report(
        "With the machine as it is:", quiet, "With one busy process for each processor:", loaded
    )


def _candidates(make: Candidates) -> list[Candidate]:
    return [
        *_one.ours_and_floors(make),
        make.program("floor: receive with requests, and forget", "parts.receive", needs="requests"),
        *_one.usual_peers(make),
        make.program("pooch as it comes (1 KiB chunks)", "peers.pooch", needs="pooch"),
        make.aria2c("aria2c --checksum", "-x1", "-s1"),
    ]
