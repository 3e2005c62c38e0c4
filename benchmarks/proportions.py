"""Files as unequal as the real recordings are, over three connections of one speed."""

from __future__ import annotations

from . import _capped
from ._bench import Bench
from ._candidates import Candidates

TITLE = "Proportions: the sizes of the real recordings / 10, 20 MB/s a connection, 3 connections"
DIVISOR = 10
# MiB, in the order of registry.txt, as documented; the last two are unknown and taken as 200.
SIZES = (702, 982, 1487, 753, 202, 119, 367, 225, 489, 288, 224, 143, 200, 200)


def run(bench: Bench) -> str:
    """Return the section's text."""
    return _capped.run(bench, [bench.bytes_of(size / DIVISOR) for size in SIZES], _groups)


def _groups(make: Candidates) -> _capped.Groups:
    known = _capped.ours(make, 3)
    unknown = make.ours(f"{known.label}, sizes unknown", "prefetch", "3", sized=False)
    return {3: [known, unknown, *_capped.usual(make, 3)]}
