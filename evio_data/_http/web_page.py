"""Recognise a web page by its first bytes, whatever a server or a name says."""

import codecs
import re

SNIFFED = 2048  # bytes that are enough to tell


def is_web_page(start: bytes, name: str = "") -> bool:
    """Say whether a file begins as a web page does, though its name promises none.

    The tags are those by which browsers recognise a page (WHATWG, MIME Sniffing, 7.1).

    Parameters
    ----------
    start : bytes
        The first bytes of the file, up to `SNIFFED`.
    name : str
        The file's name or registry key; ``.html``, ``.md``, ``.xml`` and the like may hold markup.

    Examples
    --------
    >>> is_web_page(b"<!DOCTYPE html><title>Sign in</title>", "fan.raw")
    True
    >>> is_web_page(b"% evt 3.0", "fan.raw"), is_web_page(b"<html>", "index.html")
    (False, False)
    """
    if name.lower().endswith(_MARKUP):
        return False
    text = _decoded(start[:SNIFFED])
    return bool(_PAGE(text) or (_XML(text) and _XHTML(text)))


def _decoded(start: bytes) -> str:
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return start[len(mark) :].decode(encoding, "replace").lstrip(_BLANKS)
    return start.decode("latin-1").lstrip(_BLANKS)


_MARKUP = (".html", ".htm", ".xhtml", ".xht", ".md", ".xml", ".svg")
_BLANKS = "\t\n\f\r "
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_PAGE = re.compile(
    r"<(?:!--|(?:!doctype html|html|head|meta|link|script|iframe|h1|center|div|font|table|a|style"
    r"|title|b|body|br|p)[\t\n\f\r />])",
    re.IGNORECASE,
).match
_XML = re.compile(r"<\?xml[\t\n\f\r ]").match
_XHTML = re.compile(r"<(?:!doctype )?html[\t\n\f\r />]", re.IGNORECASE).search
