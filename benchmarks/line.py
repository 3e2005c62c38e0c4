"""The same as ``cold``, where the line is what limits."""

from __future__ import annotations

from . import _one
from ._bench import Bench
from ._candidates import CURL, Candidates
from ._measure import Candidate
from ._serve import MB, Line

TITLE = "Line: receive 1 GiB over 100 MB/s, verify its SHA-256, store it"
# nginx's limit_rate gives each connection a burst; `evio_data.testing` gives none.
LINE = Line(100 * MB, shared=True)


def run(bench: Bench) -> str:
    """Return the section's text."""
    return _one.run(bench, _candidates, line=LINE)


def _candidates(make: Candidates) -> list[Candidate]:
    return [
        make.ours(f"{_one.OURS}, 1 connection", "prefetch", "1"),
        make.ours(_one.OURS, "fetch"),
        make.floor("requests, hash and write in threads", "threads"),
        make.floor("requests, iter_content, one thread", "iter_content"),
        make.program("floor: receive with requests, and forget", "parts.receive", needs="requests"),
        *_one.usual_peers(make),
        make.shell("curl, nothing verified", CURL),
    ]
