"""What comment lines of a registry say of its files."""

from __future__ import annotations

import pytest

from evio_data._registry.facts import KINDS, parse_fact
from evio_data._registry.parser import load, parse, shipped_path

LINES = """\
# license: CC-BY-4.0
#license[fan/*]: CC0-1.0
# License[fan/b.raw]: MIT
# citation:   Somebody, 2025. https://example.org/data
a.raw unpinned https://example.org/a.raw
fan/b.raw unpinned https://example.org/b.raw
fan/c.raw unpinned https://example.org/c.raw
# homepage[*.dat]: https://example.org
"""


@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("a.raw", "license", "CC-BY-4.0"),
        ("fan/c.raw", "license", "CC0-1.0"),
        ("fan/b.raw", "license", "MIT"),
        ("fan/b.raw", "citation", "Somebody, 2025. https://example.org/data"),
        ("fan/b.raw", "homepage", None),
        ("fan/d.dat", "homepage", "https://example.org"),
        ("a.raw", "events", None),
    ],
)
def test_the_nearest_line_counts(name: str, kind: str, text: str | None) -> None:
    """A line for some files outweighs one for all; of equal lines the last one counts."""
    assert parse(LINES).fact(kind, name) == text


def test_a_line_for_all_does_not_undo_one_for_some() -> None:
    """Their order does not matter."""
    registry = parse("# license[a]: MIT\n# license: CC0-1.0\n")
    assert registry.fact("license", "a") == "MIT"


@pytest.mark.parametrize(
    "comment",
    ["# a license: MIT", "# licensed: MIT", "# license", "# license:", "# license[a: MIT",
     "# license[a] MIT", "#", "# license[]x: MIT"],
)  # fmt: skip
def test_other_comments_say_nothing(comment: str) -> None:
    """Only a line of the exact form is a statement; comments are free."""
    assert parse_fact(comment) is None


def test_foreign_text_is_cleaned() -> None:
    """What is to be printed has no control characters, and ends somewhere."""
    fact = parse_fact("# citation: a\x1b[31m b" + "c" * 5000)
    assert fact is not None
    assert fact.text.startswith("a [31m b")
    assert len(fact.text) <= 1000


def test_shipped_registry_says_what_is_known() -> None:
    """Of the shipped recordings no licence is known; each says whom to ask and how to cite."""
    registry = load(shipped_path())
    said = {
        kind: sum(registry.fact(kind, name) is not None for name in registry.entries)
        for kind in KINDS
    }
    assert said == {"license": 0, "citation": 14, "homepage": 14, "contact": 14, "events": 8,
                    "note": 1}  # fmt: skip
    assert sum(entry.about is not None for entry in registry.entries.values()) == 12
    assert all(entry.size is None for entry in registry.entries.values())
