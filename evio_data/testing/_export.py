"""Google's own documents, which have no bytes but can be exported to a format."""

from __future__ import annotations

import io
import re
import secrets
import time
import zipfile
from typing import NamedTuple
from urllib.parse import quote, urlencode

from . import _pages
from ._answers import Answer, page, redirect
from ._folders import NativeDocument
from ._model import Drive
from ._refusals import not_found
from ._wire import Request

_OFFICE = "application/vnd.openxmlformats-officedocument"


class _Kind(NamedTuple):
    host: str
    parameter: str  # what the second address calls the format
    usual: str


_KINDS = {
    "document": _Kind("doc-0g-3o-docstext.googleusercontent.com", "format", "docx"),
    "spreadsheets": _Kind("doc-08-4o-sheets.googleusercontent.com", "format", "xlsx"),
    "presentation": _Kind("doc-04-bs-slides.googleusercontent.com", "exportFormat", "pptx"),
}
_TYPES = {
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "pptx": f"{_OFFICE}.presentationml.presentation",
    "csv": "text/csv",
    "md": "text/markdown; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
}
HOSTS = tuple(kind.host for kind in _KINDS.values())


def export(drive: Drive, request: Request) -> Answer:
    """Redirect ``/export`` to an address that holds tokens and is good for a while."""
    _, _, *places = request.path.split("/")
    document = next((each for each in map(drive.items.get, places) if each is not None), None)
    if not isinstance(document, NativeDocument):
        return not_found(request)
    kind = _KINDS[document.kind]
    wanted = request.query.get("format") or re.sub(r".*/export/?", "", request.path) or kind.usual
    if wanted not in _TYPES:
        return page(_pages.server_error(400), status=400)
    tokens = f"{secrets.token_hex(13)}/{secrets.token_hex(13)}/{time.time_ns() // 10**6}"
    query = urlencode({kind.parameter: wanted})
    return redirect(f"https://{kind.host}/export/{tokens}/1/*/{document.id}?{query}", status=307)


def exported(drive: Drive, request: Request) -> Answer:
    """Send an export: without a length, without ranges, and never the same bytes twice."""
    document = drive.items.get(request.path.rpartition("/")[2])
    wanted = request.query.get("format") or request.query.get("exportFormat") or ""
    if not isinstance(document, NativeDocument) or wanted not in _TYPES:
        return not_found(request)
    headers = [
        ("Content-Type", _TYPES[wanted]),
        ("Content-Disposition", _disposition(document.name, wanted)),
        ("Cache-Control", "private, max-age=0"),
    ]
    return Answer(200, headers, _content(document.name, wanted), "page", chunked=True)


def _disposition(title: str, extension: str) -> str:
    plain = re.sub(r"[^\w.-]", "", title, flags=re.ASCII)
    coded = quote(f"{title}.{extension}", safe="")
    return f"attachment; filename=\"{plain}.{extension}\"; filename*=UTF-8''{coded}"


def _content(title: str, extension: str) -> bytes:
    if not extension.endswith("x"):
        return title.encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("[Content_Types].xml", f"<!-- exported {time.time_ns()} --><Types/>")
    return packed.getvalue()
