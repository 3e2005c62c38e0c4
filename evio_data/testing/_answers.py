"""An answer before it is sent: a status, headers, and a page or a span of a file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from ._content import Content
from ._files import DriveFile
from ._log import Kind

Headers = list[tuple[str, str]]

HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=UTF-8"


@dataclass(slots=True)
class Body:
    """The bytes of `file` from `start` up to `stop`."""

    file: DriveFile
    content: Content
    start: int
    stop: int

    @property
    def length(self) -> int:
        """Bytes that the body promises."""
        return self.stop - self.start


@dataclass(slots=True)
class Answer:
    """One response; a page's ``Content-Length`` is added when it is sent.

    Attributes
    ----------
    chunked
        Whether a page is sent in chunks, without its length.
    slow
        The file whose options say how slowly this is sent, or None.
    about
        The file that it is about, whose options say how it is written, or None.
    """

    status: int
    headers: Headers = field(default_factory=list)
    body: bytes | Body = b""
    kind: Kind = "page"
    file_id: str | None = None
    close: bool = False
    size_on_head: bool = True
    chunked: bool = False
    slow: DriveFile | None = None
    about: DriveFile | None = None


def page(text: str, status: int = 200, content_type: str = HTML) -> Answer:
    """Return a page of HTML, as the servers of Drive send it."""
    headers = [("Content-Type", content_type), ("Cache-Control", "no-cache, no-store")]
    kind: Kind = "error" if status >= 400 else "page"
    return Answer(status, headers, text.encode(), kind)


def redirect(location: str, status: int = 302) -> Answer:
    """Return a redirect with an empty body."""
    headers = [("Location", location), ("Content-Type", "application/binary")]
    return Answer(status, headers, kind="redirect")


def as_json(value: object, status: int = 200) -> Answer:
    """Return an answer of the Drive API."""
    text = json.dumps(value, indent=1, ensure_ascii=False) + "\n"
    kind: Kind = "error" if status >= 400 else "api"
    return Answer(status, [("Content-Type", JSON)], text.encode(), kind)
