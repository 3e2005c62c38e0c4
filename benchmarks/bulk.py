"""Many files of one size over three and over five connections of one speed."""

from __future__ import annotations

from . import _capped
from ._bench import Bench
from ._candidates import MIB_CHUNKS, Candidates

TITLE = "Bulk: 14 files of 40 MiB, 20 MB/s a connection, 3 and 5 connections"
FILES, SIZE = 14, 40  # MiB each


def run(bench: Bench) -> str:
    """Return the section's text."""
    return _capped.run(bench, [bench.bytes_of(SIZE)] * FILES, _groups)


def _groups(make: Candidates) -> _capped.Groups:
    pooch, parfive = "peers.pooch", "peers.parfive"
    return {
        3: [
            _capped.ours(make, 3),
            *_capped.usual(make, 3),
            make.program("pooch in 3 threads as it comes", pooch, "3", needs="pooch", slow=True),
            make.program(
                "pooch in a loop (1 connection)", pooch, "1", MIB_CHUNKS, needs="pooch", slow=True
            ),
        ],
        5: [
            _capped.ours(make, 5),
            *_capped.usual(make, 5),
            make.aria2c("aria2c -j3 -x4 --checksum (12 connections)", "-j3", "-x4", "-s4", "-k1M"),
            make.program(
                "parfive, max_conn 3, 5 splits (15 connections)", parfive, "3", "5", needs="parfive"
            ),
        ],
    }
