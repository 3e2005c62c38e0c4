"""EVT 3.0 as cameras write it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from evio_data.testing import write_evt3
from tests.testing.decoders import ADDR_X, BASE_X, VECT_8, VECT_12, evt3_words


def test_evt3_has_what_readers_stumble_over(tmp_path: Path) -> None:
    """Single events and vectors occur, and a vector is always 12, 12 and 8 pixels."""
    data = write_evt3(tmp_path / "fan.raw", events=20_000).path.read_bytes()
    kinds = [kind for kind, _ in evt3_words(data)]
    seen = Counter(kinds)
    assert seen[ADDR_X] > 500 < seen[BASE_X]
    assert seen[VECT_12] == 2 * seen[VECT_8] == 2 * seen[BASE_X]
    starts = [i for i, kind in enumerate(kinds) if kind == BASE_X]
    assert all(kinds[i + 1 : i + 4] == [VECT_12, VECT_12, VECT_8] for i in starts)
