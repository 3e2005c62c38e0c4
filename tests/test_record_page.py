"""The record names no test that does not exist."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "record.md"


def test_promises_have_their_tests() -> None:
    """Each test that the page names exists."""
    named = set(re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8")))
    sources = [path.read_text(encoding="utf-8") for path in TESTS.rglob("test_*.py")]
    there = {name for source in sources for name in re.findall(r"(?m)^def (test_\w+)", source)}
    assert len(named) > 30
    assert named - there == set()
