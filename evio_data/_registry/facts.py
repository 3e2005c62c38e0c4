"""Licence, citation, homepage and other facts in the comment lines of a registry."""

from typing import NamedTuple

from .._text import clean

KINDS = ("license", "citation", "homepage", "contact", "events", "note")
MAX_FACT = 1000  # characters


class Fact(NamedTuple):
    """One line: ``# license: CC-BY-4.0``, or of some files only ``# license[fan/*]: CC0-1.0``."""

    kind: str
    pattern: str | None  # None: of every file
    text: str


def parse_fact(comment: str) -> Fact | None:
    """Return the fact that a comment states, or None for any other comment.

    >>> parse_fact("# license: CC-BY-4.0")
    Fact(kind='license', pattern=None, text='CC-BY-4.0')
    >>> parse_fact("# events[fan/*.dat]: 26.4 M, 9.5 s")
    Fact(kind='events', pattern='fan/*.dat', text='26.4 M, 9.5 s')
    >>> parse_fact("# licensed from a friend: yes")
    """
    line = comment.lstrip("#").strip()
    kind = next((kind for kind in KINDS if line.lower().startswith(kind)), "")
    rest = line[len(kind) :].lstrip()
    pattern = None
    if rest.startswith("["):
        pattern, found, rest = rest[1:].partition("]:")
        rest = ":" + rest if found else ""
    text = clean(rest[1:], MAX_FACT)
    return Fact(kind, pattern, text) if kind and rest.startswith(":") and text else None
