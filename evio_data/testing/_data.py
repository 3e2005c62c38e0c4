"""The answer that carries the bytes of a file, or of the range that was asked for."""

from __future__ import annotations

import gzip
import re
import secrets
from collections.abc import Mapping
from email.utils import formatdate
from urllib.parse import quote

from ._answers import Answer, Body, Headers, page
from ._content import Content
from ._files import DriveFile
from ._pages import failure
from ._validators import Validators, of_next_node
from ._wire import Request

Span = tuple[int, int]  # first byte, one past the last

_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


def requested_span(header: str | None, size: int) -> Span | None:
    """Return what a ``Range`` asks of `size` bytes; None if it is none that is honoured.

    The span is empty if it begins at or behind the end.
    """
    match = _RANGE.fullmatch((header or "").replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    if last and int(last) < int(first):
        return None
    stop = min(size, int(last) + 1) if last else size
    return min(int(first), size), stop


def is_bounded(header: str | None) -> bool:
    """Whether a ``Range`` names its last byte."""
    return re.fullmatch(r"bytes=\d*-\d+", header or "") is not None


def serve(file: DriveFile, request: Request, headers: Headers) -> Answer:
    """Return the whole file, the part asked for, or a refusal of the range."""
    if file.range_status is not None and "range" in request.headers:
        return page(failure(file.range_status), file.range_status)
    content = file.content  # one version, whatever `replace` does meanwhile
    validators = of_next_node(file, content)
    span = _wanted(file, content, request, validators)
    headers = [*headers, *_optional_headers(file, content, validators)]
    if span is None:
        answer = _whole(file, content, headers)
    elif span[0] >= span[1]:
        return _beyond(file, content)
    else:
        answer = _part(file, content, span, headers)
    if file.headers:
        answer.headers = _replaced(answer.headers, file.headers)
    return answer


def _wanted(
    file: DriveFile, content: Content, request: Request, validators: Validators
) -> Span | None:
    if file.ranges == "ignore" or file.compress is not None:
        return None
    if not validators.match(request.headers.get("if-range")):
        return None
    if file.ranges_after_bytes is not None and file.served >= file.ranges_after_bytes:
        return None
    return requested_span(request.headers.get("range"), content.size)


def _whole(file: DriveFile, content: Content, headers: Headers) -> Answer:
    if file.compress is None:
        return _data(file.ok_status, file, Body(file, content, 0, content.size), headers)
    packed = content.compressed(file.compress)
    coding = [("Content-Encoding", file.compress.removeprefix("raw-")), ("Vary", "Accept-Encoding")]
    headers = [header for header in headers if header[0] != "Accept-Ranges"]
    return _data(file.ok_status, file, Body(file, packed, 0, packed.size), [*headers, *coding])


def _part(file: DriveFile, content: Content, wanted: Span, headers: Headers) -> Answer:
    start, stop = _served_span(file, wanted, content.size)
    place = f"bytes {start}-{stop - 1}/{_stated_total(file, content)}"
    body = Body(file, content, start, stop)
    if file.ranges == "multipart":
        return _multipart(body, place, headers)
    answer = _data(206, file, body, headers)
    if file.ranges != "no-content-range":
        answer.headers.append(("Content-Range", place))
    return answer


def _stated_total(file: DriveFile, content: Content) -> str:
    return "*" if file.ranges == "no-total" else str(content.size + (file.ranges == "other-total"))


def _multipart(body: Body, place: str, headers: Headers) -> Answer:
    boundary = secrets.token_hex(16)
    kind = dict(headers)["Content-Type"]
    head = f"--{boundary}\r\nContent-Type: {kind}\r\nContent-Range: {place}\r\n\r\n"
    data = body.content.read(body.start, body.length)
    whole = body.file.keep(head.encode() + data + f"\r\n--{boundary}--\r\n".encode())
    several = {"Content-Type": f"multipart/byteranges; boundary={boundary}"}
    return Answer(206, _replaced(headers, several), Body(body.file, whole, 0, whole.size), "data")


def _replaced(headers: Headers, others: Mapping[str, str | None]) -> Headers:
    names = {name.lower() for name in others}
    kept = [header for header in headers if header[0].lower() not in names]
    return kept + [(name, value) for name, value in others.items() if value is not None]


def _served_span(file: DriveFile, wanted: Span, size: int) -> Span:
    start, stop = wanted
    if file.ranges == "wrong-start":
        start = start - 1 if start else min(1, size - 1)
        return start, max(stop, start + 1)
    if file.ranges == "short":
        return start, start + max(1, (stop - start) // 2)
    return wanted


def _beyond(file: DriveFile, content: Content) -> Answer:
    answer = page(failure(416), status=416)
    if file.content_range_on_416:
        answer.headers.append(("Content-Range", f"bytes */{content.size}"))
    return answer


def _data(status: int, file: DriveFile, body: Body, headers: Headers) -> Answer:
    answer = Answer(status, list(headers), body, "data")
    return _zipped(answer, body) if file.gzip else answer


def _optional_headers(file: DriveFile, content: Content, validators: Validators) -> Headers:
    crc = f"crc32c={content.crc32c}" if file.goog_hash else None
    values = {
        "Last-Modified": validators.last_modified,
        "ETag": validators.etag,
        "Accept-Ranges": file.accept_ranges,
        "X-Goog-Hash": crc,
        "Content-Encoding": file.content_encoding,
        "Transfer-Encoding": file.transfer_encoding,
    }
    return [(name, value) for name, value in values.items() if value is not None]


def _zipped(answer: Answer, body: Body) -> Answer:
    data = body.content.read(body.start, body.length)
    packed = body.file.keep(gzip.compress(data, mtime=0))
    answer.body = Body(body.file, packed, 0, packed.size)
    answer.headers.append(("Content-Encoding", "gzip"))
    return answer


def drive_headers(file: DriveFile, upload_id: str) -> Headers:
    """Return the headers by which Drive's upload server is known."""
    headers = [
        ("Content-Type", file.content_type or file.mime),
        ("Content-Disposition", disposition(file)),
        ("Cache-Control", file.cache_control or ""),
        ("Access-Control-Allow-Origin", "*"),
        ("Cross-Origin-Resource-Policy", "same-site"),
        ("Expires", formatdate(usegmt=True)),
        ("X-GUploader-UploadID", upload_id if file.upload_id else ""),
        ("Server", "UploadServer"),
    ]
    return [(name, value) for name, value in headers if value]


def disposition(file: DriveFile) -> str:
    """Return the ``Content-Disposition`` value, empty for none."""
    if file.disposition == "none":
        return ""
    if file.disposition == "raw-utf8":
        raw = _quotable(file.name).encode().decode("latin-1")
        return f'attachment; filename="{raw}"'
    plain = _quotable(_ascii(file.name))
    if file.disposition == "ascii":
        return f'attachment; filename="{plain}"'
    if file.disposition == "utf8-star":
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(file.name, safe='')}"
    return file.disposition


def _ascii(name: str) -> str:
    """Return a name as Drive falls back: each run of other letters becomes one underscore."""
    return re.sub(r"[^\x20-\x7e]+", "_", name)


def _quotable(name: str) -> str:
    return re.sub(r"[\r\n]", "_", name).replace("\\", "\\\\").replace('"', '\\"')
