"""Drive API v3 for a caller with only an API key: metadata, lists, content, JSON errors."""

from __future__ import annotations

import re

from . import _data, _quota, _refusals
from ._answers import Answer, as_json
from ._download import upload_id
from ._files import DriveFile
from ._folders import DriveFolder, Item, Shortcut
from ._model import Drive
from ._wire import Request

_DEFAULT_FIELDS = "kind,id,name,mimeType"
_DEFAULT_LIST_FIELDS = f"kind,incompleteSearch,nextPageToken,files({_DEFAULT_FIELDS})"
_DEFAULT_PAGE = 100
_LARGEST_PAGE = 1000
_MODIFIED = "2025-11-14T09:30:00.000Z"
_NO_KEY = "Daily Limit for Unauthenticated Use Exceeded. Continued use requires signup."

# Each reason has its status, its domain and its message.
_ERRORS: dict[str, tuple[int, str, str]] = {
    "notFound": (404, "global", "File not found: {id}."),
    "downloadQuotaExceeded": (403, "global", "The download quota for this file has been exceeded."),
    "userRateLimitExceeded": (403, "usageLimits", "User Rate Limit Exceeded"),
    "rateLimitExceeded": (429, "usageLimits", "Rate Limit Exceeded"),
    "sharingRateLimitExceeded": (403, "global", "Sharing Rate Limit Exceeded"),
    "dailyLimitExceeded": (403, "usageLimits", "Daily Limit Exceeded"),
    "dailyLimitExceededUnreg": (403, "usageLimits", _NO_KEY),
    "keyInvalid": (400, "usageLimits", "Bad Request"),
    "accessNotConfigured": (403, "usageLimits", "Access Not Configured."),
    "cannotDownloadAbusiveFile": (
        403,
        "global",
        "This file has been identified as malware or spam and cannot be downloaded.",
    ),
    "cannotDownloadFile": (403, "global", "This file cannot be downloaded by the user."),
    "fileNotDownloadable": (
        403,
        "global",
        "Only files with binary content can be downloaded. Use Export with Google Docs files.",
    ),
    "requestedRangeNotSatisfiable": (416, "global", "Request range not satisfiable"),
    "invalid": (400, "global", "Invalid Value"),
    "backendError": (503, "global", "Backend Error"),
}
_LOCATIONS = {"notFound": ("parameter", "fileId"), "fileNotDownloadable": ("parameter", "alt")}

# What a file's `refuse` means here; private files are simply not found.
_REASONS = {
    "quota": "downloadQuotaExceeded",
    "sign-in": "notFound",
    "denied": "notFound",
    "denied-200": "notFound",
    "not-found": "notFound",
    "terms": "cannotDownloadAbusiveFile",
    "infected": "cannotDownloadAbusiveFile",
    "disabled": "cannotDownloadFile",
    "native": "fileNotDownloadable",
    "unknown": "backendError",
}
_HIDES_METADATA = ("sign-in", "denied", "denied-200", "not-found")


def error(reason: str, file_id: str = "", status: int | None = None) -> Answer:
    """Return the JSON of an API error, with its usual status unless one is given."""
    usual, domain, text = _ERRORS[reason]
    status = status or usual
    message = text.format(id=file_id)
    detail = {"domain": domain, "reason": reason, "message": message}
    if reason in _LOCATIONS:
        detail |= dict(zip(("locationType", "location"), _LOCATIONS[reason], strict=True))
    body = {"error": {"errors": [detail], "code": status, "message": message}}
    return as_json(body, status)


def files(drive: Drive, request: Request) -> Answer:
    """Answer ``files.get`` and ``files.list``."""
    refused = _key_refused(drive, request)
    if refused is not None:
        return refused
    file_id = request.path.removeprefix("/drive/v3/files").strip("/")
    return _get(drive, request, file_id) if file_id else _list(drive, request)


def _key_refused(drive: Drive, request: Request) -> Answer | None:
    key = request.query.get("key") or request.headers.get("x-goog-api-key")
    if not key:
        return error("dailyLimitExceededUnreg")
    return error("keyInvalid") if drive.api_key not in (None, key) else None


def _get(drive: Drive, request: Request, file_id: str) -> Answer:
    item = drive.items.get(file_id)
    if item is None or _is_hidden(item, request):
        return error("notFound", file_id)
    media = request.query.get("alt") == "media"
    if isinstance(item, DriveFile):
        return _file_refused(item, request, media=media) or _file_answer(item, request, media=media)
    if media:
        return error("fileNotDownloadable", file_id)
    return _metadata_answer(item, request)


def _is_hidden(item: Item, request: Request) -> bool:
    if isinstance(item, DriveFile) and item.refuse in _HIDES_METADATA:
        return True
    key = getattr(item, "resource_key", None)
    return key is not None and _sent_key(item.id, request) != key


def _sent_key(item_id: str, request: Request) -> str | None:
    pairs = request.headers.get("x-goog-drive-resource-keys", "").split(",")
    keys = dict(pair.strip().split("/", 1) for pair in pairs if "/" in pair)
    return keys.get(item_id)


def _file_refused(file: DriveFile, request: Request, *, media: bool) -> Answer | None:
    if file.portal is not None:
        return _refusals.portal(file)
    status = file.next_error("download")
    if status is not None:
        return _refusals.scripted(file, status) if status == 429 else _failure(file, status)
    if file.api_error is not None:
        return error(file.api_error, file.id)
    if file.refuse in ("sorry", "sorry-403"):
        return _refusals.sorry(429 if file.refuse == "sorry" else 403)
    return _media_refused(file, request) if media else None


def _failure(file: DriveFile, status: int) -> Answer:
    answer = error("backendError", file.id, status)
    if file.retry_after is not None:
        answer.headers.append(("Retry-After", file.retry_after))
    return answer


def _media_refused(file: DriveFile, request: Request) -> Answer | None:
    if file.refuse is not None:
        return error(_REASONS[file.refuse], file.id)
    used_up = _quota.is_used_up(file, request) or _quota.is_used_up_after_the_form(file, request)
    return error("downloadQuotaExceeded") if used_up else None


def _file_answer(file: DriveFile, request: Request, *, media: bool) -> Answer:
    if not media:
        return _metadata_answer(file, request)
    answer = _data.serve(file, request, _data.drive_headers(file, upload_id()))
    if answer.status != 416:
        return answer
    beyond = error("requestedRangeNotSatisfiable")
    beyond.headers += [header for header in answer.headers if header[0] == "Content-Range"]
    return beyond


# --- metadata --------------------------------------------------------------------------------


def _metadata_answer(item: Item, request: Request) -> Answer:
    return as_json(_chosen(_metadata(item), request.query.get("fields", _DEFAULT_FIELDS)))


def _metadata(item: Item) -> dict[str, object]:
    known: dict[str, object] = {
        "kind": "drive#file",
        "id": item.id,
        "name": item.name,
        "mimeType": item.mime,
        "modifiedTime": item.modified if isinstance(item, DriveFile) else _MODIFIED,
    }
    if getattr(item, "resource_key", None) is not None:
        known["resourceKey"] = getattr(item, "resource_key", None)
    if isinstance(item, Shortcut):
        known["shortcutDetails"] = _shortcut_details(item)
    return known | (_stored(item) if isinstance(item, DriveFile) else {})


def _shortcut_details(item: Shortcut) -> dict[str, object]:
    details: dict[str, object] = {"targetId": item.target.id, "targetMimeType": item.target.mime}
    if item.target.resource_key is not None:
        details["targetResourceKey"] = item.target.resource_key
    return details


def _stored(file: DriveFile) -> dict[str, object]:
    checksums = {f"{kind}Checksum": getattr(file.content, kind) for kind in file.checksums}
    return {
        "size": str(file.size),  # int64s are strings in Google's JSON
        **checksums,
        "capabilities": {"canDownload": file.refuse != "disabled"},
    }


def _chosen(value: dict[str, object], fields: str) -> dict[str, object]:
    """Keep the fields asked for; ``a(b,c)`` asks for parts of ``a``."""
    wanted = _parsed_fields(fields)
    if "*" in wanted:
        return value
    return {key: _inner(value[key], wanted[key]) for key in wanted if key in value}


def _inner(value: object, fields: str) -> object:
    if not fields:
        return value
    if isinstance(value, list):
        return [_chosen(part, fields) for part in value]
    return _chosen(value, fields) if isinstance(value, dict) else value


def _parsed_fields(fields: str) -> dict[str, str]:
    pieces = re.findall(r"([\w*]+)(?:\(([^()]*(?:\([^()]*\)[^()]*)*)\))?", fields.replace(" ", ""))
    return dict(pieces)


# --- lists -----------------------------------------------------------------------------------


def _list(drive: Drive, request: Request) -> Answer:
    match = re.search(r"'([^']+)' in parents", request.query.get("q", ""))
    folder = drive.folder_of(match[1]) if match else None
    if folder is None or folder.refuse is not None or _is_hidden(folder, request):
        return error("notFound", "." if match is None else match[1])
    start = _page_start(request.query.get("pageToken"), len(folder.entries))
    length = _page_length(drive, request)
    if start is None or length is None:
        return error("invalid")
    return _page_of(folder, request, start, start + length)


def _page_of(folder: DriveFolder, request: Request, start: int, stop: int) -> Answer:
    value: dict[str, object] = {"kind": "drive#fileList", "incompleteSearch": False}
    if stop < len(folder.entries):
        value["nextPageToken"] = _TOKEN.format(stop)
    value["files"] = [_metadata(item) for item in folder.entries[start:stop]]
    return as_json(_chosen(value, request.query.get("fields", _DEFAULT_LIST_FIELDS)))


_TOKEN = "~!!~{}"  # noqa: S105 - of a page of results


def _page_start(token: str | None, entries: int) -> int | None:
    if token is None:
        return 0
    match = re.fullmatch(r"~!!~(\d+)", token)
    return int(match[1]) if match and int(match[1]) < entries else None


def _page_length(drive: Drive, request: Request) -> int | None:
    text = request.query.get("pageSize", str(_DEFAULT_PAGE))
    if not text.isdecimal():
        return None
    return max(1, min(int(text), _LARGEST_PAGE, drive.api_page_limit or _LARGEST_PAGE))
