"""The answers to requests for the bytes of a file, at each URL that has them.

A URL has a row of checks; the first that refuses a request gives the answer.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from urllib.parse import urlencode

from . import _data, _pages, _quota, _refusals
from ._answers import Answer, page, redirect
from ._files import DriveFile, Hop
from ._folders import NativeDocument
from ._model import Drive
from ._wire import Request

_UC = "https://drive.google.com/uc"
DOWNLOAD = "https://drive.usercontent.google.com/download"
# `confirm` is not among them: that is why appending it to a link does not help.
_KEPT_BY_UC = ("id", "export", "resourcekey")
_PLAIN_STATUS = {"not-found": 404, "sign-in": 401, "sorry": 429}  # any other refusal is 403

Check = Callable[[Drive, DriveFile, Request], Answer | None]


def uc(drive: Drive, request: Request) -> Answer:
    """Answer ``drive.google.com/uc``: redirect, before any check of access."""
    file_id = request.query.get("id")
    if not file_id:
        return _refusals.not_found(request)
    if isinstance(drive.items.get(file_id), NativeDocument):
        return _refusals.native()
    file = drive.file(file_id)
    refused = _first(_AT_UC, drive, file, request) if file else None
    return refused or _to_download(file, request)


def _to_download(file: DriveFile | None, request: Request) -> Answer:
    kept = {key: request.query[key] for key in _KEPT_BY_UC if key in request.query}
    if file is not None and file.form_method == "post":
        kept = request.query
    # 307 keeps the method, without which a POST would not arrive as one: RFC 9110 section 15.4.8.
    stays_post = request.method == "POST" and file is not None and file.post_passes
    return redirect(f"{DOWNLOAD}?{urlencode(kept)}", status=307 if stays_post else 303)


def download(drive: Drive, request: Request) -> Answer:
    """Answer ``drive.usercontent.google.com/download``: bytes, warning page, or refusal."""
    file = drive.file(request.query.get("id", ""))
    if file is None:
        return _refusals.not_found(request)
    refused = _first(_AT_DOWNLOAD, drive, file, request)
    return refused or _data.serve(file, request, _data.drive_headers(file, upload_id()))


def upload_id() -> str:
    """Return an ``X-GUploader-UploadID`` as long as Google's."""
    return "A" + secrets.token_urlsafe(64)


def plain(drive: Drive, request: Request) -> Answer:
    """Answer a plain URL: the same bytes as any web server would send them."""
    name = request.path.removeprefix("/plain/")
    file = drive.file(request.query["id"]) if "id" in request.query else drive.named(name)
    if file is None:
        return _plain_page(404)
    refused = _first(_AT_PLAIN, drive, file, request)
    headers = [("Content-Type", file.content_type or file.mime)]
    if file.accept_ranges is None:
        headers.append(("Accept-Ranges", "bytes"))
    return refused or _data.serve(file, request, headers)


def _first(
    checks: tuple[Check, ...], drive: Drive, file: DriveFile, request: Request
) -> Answer | None:
    answers = (check(drive, file, request) for check in checks)
    return next((answer for answer in answers if answer is not None), None)


def _scripted_at(hop: Hop) -> Check:
    def check(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
        status = file.next_error(hop)
        return _refusals.scripted(file, status) if status is not None else None

    return check


def _portal(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    return _refusals.portal(file) if file.portal is not None else None


def _elsewhere(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.redirect_to is None or not file.use_up("redirect_times"):
        return None
    return redirect(file.redirect_to, file.redirect_status)


def _head_refused(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    refused = request.method == "HEAD" and file.head == "405"
    return _refusals.not_allowed(request, ("GET", "POST")) if refused else None


def _native(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    return _refusals.native() if file.refuse == "native" else None


def _refusal(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.refuse is None:
        return None
    return _refusals.refusal(file, request, address=f"{DOWNLOAD}?{urlencode(request.query)}")


def _resource_key(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    given = request.query.get("resourcekey")
    return _refusals.denied() if file.resource_key not in (None, given) else None


def _quota_at_once(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    return _refusals.quota(file) if _quota.is_used_up(file, request) else None


def _quota_later(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    return _refusals.quota(file) if _quota.is_used_up_after_the_form(file, request) else None


def _stale(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if not drive.is_stale(file, request.query):
        return None
    return _refusals.forbidden() if file.stale == "403" else _warning(drive, file)


def _unconfirmed(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    posted = request.method == "POST" and file.post_passes
    passes = posted or not drive.too_large(file) or drive.confirmed(file, request.query)
    return None if passes else _warning(drive, file)


def _warning(drive: Drive, file: DriveFile) -> Answer:
    action, inputs = file.form_action or DOWNLOAD, drive.form_inputs(file)
    if file.form_method == "post":
        action, inputs = f"{file.form_action or _UC}?{urlencode(inputs)}", {}
    text = _pages.warning(
        file_id=file.id,
        name=file.name,
        size=file.size,
        action=action,
        inputs=inputs,
        order=file.attribute_order,
        method=file.form_method,
    )
    answer = page(text)
    answer.size_on_head = False
    return answer


def _plain_refusal(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.refuse is not None:
        return _plain_page(_PLAIN_STATUS.get(file.refuse, 403))
    used_up = _quota.is_used_up(file, request) or _quota.is_used_up_after_the_form(file, request)
    return _plain_page(403) if used_up else None


def _plain_page(status: int) -> Answer:
    return page(f"<h1>{status}</h1>", status)


_AT_UC: tuple[Check, ...] = (_portal, _scripted_at("uc"), _head_refused, _elsewhere, _native)
_AT_PLAIN: tuple[Check, ...] = (_portal, _scripted_at("download"), _elsewhere, _plain_refusal)
_AT_DOWNLOAD: tuple[Check, ...] = (
    _portal,
    _scripted_at("download"),
    _head_refused,
    _elsewhere,
    _refusal,
    _resource_key,
    _quota_at_once,
    _stale,
    _unconfirmed,
    _quota_later,
)
