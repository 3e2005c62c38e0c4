"""Google's own documents, exported as Drive exports them."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

import pytest
import requests

from evio_data.testing import DriveServer

Ask = Callable[..., requests.Response]


@pytest.mark.parametrize(
    ("kind", "path", "host", "query", "mime"),
    [
        ("document", "export?format=docx", "docstext", "format=docx", "wordprocessingml.document"),
        ("document", "export?format=txt", "docstext", "format=txt", "text/plain; charset=utf-8"),
        ("document", "export", "docstext", "format=docx", "wordprocessingml.document"),
        ("spreadsheets", "export?format=xlsx", "sheets", "format=xlsx", "spreadsheetml.sheet"),
        ("spreadsheets", "export?format=csv", "sheets", "format=csv", "text/csv"),
        ("presentation", "export/pptx", "slides", "exportFormat=pptx", "presentationml"),
    ],
)
def test_export(
    server: DriveServer, ask: Ask, kind: str, path: str, host: str, query: str, mime: str
) -> None:
    """An export is redirected by 307 to a host that sends it without a length."""
    document = server.folder("Docs").add_native("My notes", kind)  # type: ignore[arg-type]
    answer = ask(f"https://docs.google.com/{kind}/d/{document.id}/{path}")
    location = answer.headers["Location"]
    assert answer.status_code == 307
    assert location.startswith("https://doc-")
    assert f"-{host}.googleusercontent.com/export/" in location
    assert location.endswith(f"/*/{document.id}?{query}")
    data = ask(location, Range="bytes=1-")
    extension = query.partition("=")[2]
    assert (data.status_code, "Content-Length" in data.headers) == (200, False)
    assert mime in data.headers["Content-Type"]
    assert data.headers["Content-Disposition"] == (
        f"attachment; filename=\"Mynotes.{extension}\"; filename*=UTF-8''My%20notes.{extension}"
    )
    assert data.content


def test_no_export_is_like_another(server: DriveServer, ask: Ask) -> None:
    """Two exports of one document are two valid archives with different bytes."""
    document = server.folder("Docs").add_native("Notes")
    url = f"https://docs.google.com/document/d/{document.id}/export?format=docx"
    exports = [ask(ask(url).headers["Location"]).content for _ in range(2)]
    assert exports[0] != exports[1]
    assert all(zipfile.is_zipfile(io.BytesIO(data)) for data in exports)


def test_what_cannot_be_exported(server: DriveServer, ask: Ask) -> None:
    """An unknown document is 404, an ordinary file too, and an unknown format 400."""
    folder = server.folder("Docs")
    document, file = folder.add_native("Notes"), server.add("fan.raw", b"events", folder=folder)
    base = "https://docs.google.com/document/d/"
    assert ask(f"{base}1missing/export?format=docx").status_code == 404
    assert ask(f"{base}{file.id}/export?format=docx").status_code == 404
    assert ask(f"{base}{document.id}/export?format=exe").status_code == 400
    location = ask(f"{base}{document.id}/export").headers["Location"]
    assert ask(location.replace(document.id, "1missing")).status_code == 404
