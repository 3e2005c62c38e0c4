"""Other ways to write the text of a page that a browser shows alike."""

from __future__ import annotations

import re
from collections.abc import Callable

# Text between two tags, but not that of a style sheet or a script.
_TEXT = re.compile(r"(<(?:style|script)\b.*?</(?:style|script)>)|>([^<]+)<", re.DOTALL)
_ENTITY = re.compile(r"(&[#\w]+;)")
_APOSTROPHE = re.compile(r"'|&#39;|&#x27;")


def restyled(page: str, style: str) -> str:
    """Return a page whose text is written in a style of `PageStyle`."""
    change = _STYLES[style]
    return _TEXT.sub(lambda match: match[1] or f">{change(match[2])}<", page)


def _upper(text: str) -> str:
    """Return a text in capitals, its entities left as they are."""
    pieces = _ENTITY.split(text)
    return "".join(piece if _ENTITY.fullmatch(piece) else piece.upper() for piece in pieces)


_STYLES: dict[str, Callable[[str], str]] = {
    "captured": lambda text: text,
    "entities": lambda text: _APOSTROPHE.sub("&#x27;", text),
    "named-entities": lambda text: _APOSTROPHE.sub("&rsquo;", text),
    "curly": lambda text: _APOSTROPHE.sub("\u2019", text),
    "line-breaks": lambda text: text.replace(" ", "\n    "),
    "nbsp": lambda text: text.replace(" ", "&nbsp;"),
    "upper": _upper,
}
