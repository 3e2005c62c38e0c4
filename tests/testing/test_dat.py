"""DAT as cameras write it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evio_data.testing import write_dat


def test_dat_ends_with_its_clock(tmp_path: Path) -> None:
    """A DAT recording longer than 32 bits of microseconds is refused."""
    with pytest.raises(ValueError, match="4295 s"):
        write_dat(tmp_path / "fan.dat", events=1_100_000, rate=245)
