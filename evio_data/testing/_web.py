"""The hosts that browsers talk to: links, the bytes' own host, sign-in, and plain URLs."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from urllib.parse import quote, urlencode

from . import _data, _listing, _pages
from ._answers import Answer, page, redirect
from ._files import DriveFile, Hop
from ._folders import DriveFolder, Item, NativeDocument, Shortcut
from ._model import Drive
from ._wire import Request

DOWNLOAD = "https://drive.usercontent.google.com/download"
_VIEW = "https://drive.google.com/file/d/{}/view"
_SIGN_IN = "https://accounts.google.com/ServiceLogin?service=wise&passive=1209600&continue={}"
_KEPT_BY_UC: tuple[str, ...] = ("id", "export", "resourcekey")
_PLAIN_STATUS = {"not-found": 404, "sign-in": 401, "sorry": 429}  # any other refusal is 403

_REFUSALS: dict[str, Callable[[], Answer]] = {
    "denied": lambda: page(_pages.denied(), status=403),
    "denied-200": lambda: page(_pages.denied()),
    "infected": lambda: page(_pages.infected()),
    "disabled": lambda: page(_pages.disabled()),
    "terms": lambda: page(_pages.terms(), status=404),
    "unknown": lambda: page(_pages.unknown()),
    "native": lambda: page(_pages.server_error(500), status=500),
    "sorry": lambda: sorry(429),
    "sorry-403": lambda: sorry(403),
}


def sorry(status: int) -> Answer:
    """Return the page for automated queries."""
    answer = page(_pages.sorry(), status, "text/html; charset=UTF-8")
    answer.headers.append(("Alt-Svc", 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'))
    answer.close = True
    return answer


def not_found(request: Request) -> Answer:
    """Return the 404 page of the host that was asked."""
    if request.path == "/download":
        return page(_pages.not_found(request.target), status=404)
    return page(_pages.page_not_found(), status=404)


def sign_in(target: str) -> Answer:
    """Return the redirect that private files and folders answer with."""
    return redirect(_SIGN_IN.format(quote(target, safe="")))


def sign_in_page(drive: Drive, request: Request) -> Answer:
    """Answer accounts.google.com."""
    return page(_pages.sign_in())


# --- drive.google.com/uc ---------------------------------------------------------------------


def uc(drive: Drive, request: Request) -> Answer:
    """Redirect to the bytes' host, before any check of access."""
    file_id = request.query.get("id", "")
    if isinstance(drive.items.get(file_id), NativeDocument):
        return page(_pages.server_error(500), status=500)
    file = drive.file(file_id)
    refused = file and _first(_AT_UC, drive, file, request)
    return refused or _to_download(request)


def _to_download(request: Request) -> Answer:
    # `confirm` is dropped: that is why appending it to a link does not help.
    query = request.query
    kept = {key: query[key] for key in _KEPT_BY_UC if key in query}
    if not kept.get("id"):
        return not_found(request)
    return redirect(f"{DOWNLOAD}?{urlencode(kept)}", status=303)


# --- drive.usercontent.google.com/download ---------------------------------------------------


def download(drive: Drive, request: Request) -> Answer:
    """Send the bytes, the warning page, or a refusal."""
    file = drive.file(request.query.get("id", ""))
    if file is None:
        return not_found(request)
    refused = _first(_AT_DOWNLOAD, drive, file, request)
    return refused or _data.serve(file, request, _data.drive_headers(file, _upload_id()))


def _upload_id() -> str:
    return "A" + secrets.token_urlsafe(64)


def _first(
    gates: tuple[Gate, ...], drive: Drive, file: DriveFile, request: Request
) -> Answer | None:
    """Return the answer of the first gate that does not let the request pass."""
    answers = (gate(drive, file, request) for gate in gates)
    return next((answer for answer in answers if answer is not None), None)


def _scripted_at(hop: Hop) -> Gate:
    def gate(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
        status = file.next_error(hop)
        return scripted(file, status) if status is not None else None

    return gate


def scripted(file: DriveFile, status: int) -> Answer:
    """Return a failure that a test has put on the list, with its ``Retry-After``."""
    answer = sorry(status) if status == 429 else page(_failure_text(status), status)
    if file.retry_after is not None:
        answer.headers.append(("Retry-After", file.retry_after))
    return answer


def _failure_text(status: int) -> str:
    return _pages.forbidden() if status == 403 else _pages.server_error(status)


def _elsewhere(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.redirect_to is None:
        return None
    return redirect(file.redirect_to, status=303)


def _head_refused(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if request.method != "HEAD" or file.head == "like-drive":
        return None
    answer = page("", status=405)
    answer.headers.append(("Allow", "GET, POST"))
    return answer


def _native(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    return _REFUSALS["native"]() if file.refuse == "native" else None


def _refusal(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.refuse is None:
        return None
    if file.refuse == "quota":
        return _quota_page(file)
    if file.refuse == "sign-in":
        return sign_in(f"{DOWNLOAD}?{urlencode(request.query)}")
    if file.refuse == "not-found":
        return not_found(request)
    answer = _REFUSALS[file.refuse]()
    if file.refuse.startswith("sorry") and file.retry_after is not None:
        answer.headers.append(("Retry-After", file.retry_after))
    return answer


def _resource_key(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.resource_key in (None, request.query.get("resourcekey")):
        return None
    return _REFUSALS["denied"]()


def _quota_at_once(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    used_up = isinstance(file.quota, int) and file.served >= file.quota
    return _over_quota(file, request) if file.quota == "always" or used_up else None


def _quota_later(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    span = _data.asked_span(request.headers.get("range"), file.size)
    resumed = file.quota == "on-resume" and span is not None and span[0] > 0
    return _over_quota(file, request) if file.quota == "after-form" or resumed else None


def _over_quota(file: DriveFile, request: Request) -> Answer | None:
    if file.quota_spares_bounded and _data.is_bounded(request.headers.get("range")):
        return None
    return _quota_page(file)


def _quota_page(file: DriveFile) -> Answer:
    return page(_pages.quota(file.language), file.quota_status)


def _stale(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if not drive.is_stale(file, request.query):
        return None
    if file.stale == "403":
        return page(_pages.forbidden(), status=403)
    return _warning(drive, file)


def _unconfirmed(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if not drive.too_large(file) or drive.confirmed(file, request.query):
        return None
    return _warning(drive, file)


def _warning(drive: Drive, file: DriveFile) -> Answer:
    answer = page(
        _pages.warning(
            file_id=file.id,
            name=file.name,
            size=file.size,
            action=file.form_action or DOWNLOAD,
            inputs=drive.form_inputs(file),
            order=file.attribute_order,
        )
    )
    answer.size_on_head = False
    return answer


Gate = Callable[[Drive, DriveFile, Request], Answer | None]

_AT_UC: tuple[Gate, ...] = (_scripted_at("uc"), _head_refused, _elsewhere, _native)
_AT_DOWNLOAD: tuple[Gate, ...] = (
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


# --- links that people share -----------------------------------------------------------------


def open_link(drive: Drive, request: Request) -> Answer:
    """Redirect ``open?id=`` to what the id is."""
    item = drive.items.get(request.query.get("id", ""))
    if item is None:
        return not_found(request)
    return redirect(_address(item))


def _address(item: Item) -> str:
    return _VIEW.format(item.id) if isinstance(item, DriveFile) else item.url


def view(drive: Drive, request: Request) -> Answer:
    """Answer ``/file/d/ID/view``: a viewer, a redirect to a shortcut's target, a refusal."""
    match = re.search(r"/d/([^/]+)", request.path)
    item = drive.items.get(match[1] if match else "")
    if isinstance(item, Shortcut):
        return redirect(_address(item.target))
    if not isinstance(item, DriveFile) or item.refuse == "not-found":
        return not_found(request)
    if item.refuse == "sign-in":
        return sign_in(_VIEW.format(item.id))
    return page(_pages.viewer(item.name))


def native_document(drive: Drive, request: Request) -> Answer:
    """Answer the editors of docs.google.com."""
    item = drive.items.get(request.path.split("/d/")[1].partition("/")[0])
    return page(_pages.viewer(item.name)) if item else not_found(request)


def embedded_folder(drive: Drive, request: Request) -> Answer:
    """List a folder as the widget for web pages does."""
    folder = drive.folder_of(request.query.get("id", ""))
    refused = _folder_refusal(folder, request)
    if refused is not None or folder is None:
        return refused or not_found(request)
    return page(_listing.embedded(folder, request.query.get("hl", drive.language)))


def folder_page(drive: Drive, request: Request) -> Answer:
    """Show a folder as the page that people browse: its first rows only."""
    match = re.search(r"/(?:d|folders)/([^/]+)", request.path)
    folder = drive.folder_of(match[1] if match else "")
    refused = _folder_refusal(folder, request)
    if refused is not None or folder is None:
        return refused or not_found(request)
    return page(_listing.browsable(folder))


def _folder_refusal(folder: DriveFolder | None, request: Request) -> Answer | None:
    if folder is None or folder.refuse == "not-found":
        return not_found(request)
    keyless = folder.resource_key not in (None, request.query.get("resourcekey"))
    if folder.refuse == "sign-in" or keyless:
        return sign_in(folder.url)
    return None


# --- the same bytes without Drive ------------------------------------------------------------


def plain(drive: Drive, request: Request) -> Answer:
    """Serve a file as any web server would."""
    name = request.path.removeprefix("/plain/")
    file = drive.file(request.query["id"]) if "id" in request.query else drive.named(name)
    if file is None:
        return page("<h1>404 Not Found</h1>", status=404)
    refused = _first(_AT_PLAIN, drive, file, request)
    headers = [("Content-Type", file.content_type or file.mime)]
    if file.accept_ranges is None:
        headers.append(("Accept-Ranges", "bytes"))
    return refused or _data.serve(file, request, headers)


def _plain_refusal(drive: Drive, file: DriveFile, request: Request) -> Answer | None:
    if file.refuse is None:
        return None
    status = _PLAIN_STATUS.get(file.refuse, 403)
    return page(f"<h1>{status}</h1>", status)


_AT_PLAIN: tuple[Gate, ...] = (
    _scripted_at("download"),
    _elsewhere,
    _plain_refusal,
    _quota_at_once,
    _quota_later,
)
