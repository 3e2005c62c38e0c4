"""Which function answers a path of a host; a path asked of the wrong host is 404."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from . import _api, _download, _export, _links, _pages, _refusals
from ._answers import HTML, Answer, page
from ._files import DriveFile
from ._model import Drive
from ._page_styles import restyled
from ._wire import Request

DRIVE = "drive.google.com"
DOCS = "docs.google.com"
CONTENT = "drive.usercontent.google.com"
API = "www.googleapis.com"
ACCOUNTS = "accounts.google.com"
GOOGLE_HOSTS = frozenset({DRIVE, DOCS, CONTENT, API, ACCOUNTS, *_export.HOSTS})
ITSELF = "127.0.0.1"
_PLAIN_METHODS = ("GET", "HEAD")
_METHODS = ("GET", "HEAD", "POST")

Responder = Callable[[Drive, Request], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """The hosts on which a path means something, the first the usual one."""

    hosts: tuple[str, ...]
    path: re.Pattern[str]
    respond: Responder

    @property
    def methods(self) -> tuple[str, ...]:
        """The methods that the path knows."""
        return _PLAIN_METHODS if self.hosts == (ITSELF,) else _METHODS


def _route(hosts: tuple[str, ...], path: str, respond: Responder) -> Route:
    return Route(hosts, re.compile(path), respond)


def is_itself(host: str) -> bool:
    """Whether a host is this server under a name or address of the loopback interface."""
    return host.startswith("127.") or host == "localhost" or host.endswith(".localhost")


_EDITORS = "document|spreadsheets|presentation"
_BOTH = (DRIVE, DOCS)
_ROUTES = (
    _route((CONTENT,), r"/download", _download.download),
    _route(_BOTH, r"(/u/\d+|/a/[^/]+)?/uc", _download.uc),
    _route((API,), r"/drive/v3/files(/[^/]+)?", _api.files),
    _route((ITSELF,), r"/plain/.+", _download.plain),
    _route(_BOTH, r"(/a/[^/]+)?/file(/u/\d+)?/d/[^/]+(/(view|edit|preview))?", _links.view),
    _route((DRIVE,), r"/open", _links.open_link),
    _route((DOCS,), r"/leaf", _links.open_link),
    _route((DRIVE,), r"/(embeddedfolderview|folderview)", _links.embedded_folder),
    _route((DRIVE,), r"/drive(/u/\d+)?/folders/[^/]+", _links.folder_page),
    _route((DOCS,), r"/folder/d/[^/]+(/edit)?", _links.folder_page),
    _route((DOCS,), rf"/({_EDITORS})(/u/\d+)?/d/[^/]+/export(/\w+)?", _export.export),
    _route(_export.HOSTS, r"/export/.+", _export.exported),
    _route((DOCS,), rf"/({_EDITORS})(/u/\d+)?/d/[^/]+(/\w+)?", _links.native_document),
    _route((ACCOUNTS,), r"/ServiceLogin|/v3/signin/identifier", _links.sign_in_page),
)


def answer(drive: Drive, request: Request) -> tuple[str, Answer]:
    """Return the host that was meant, and its answer."""
    route = next((route for route in _ROUTES if _leads(route, request)), None)
    if route is None:
        return request.host, page("<h1>404 Not Found</h1>", status=404)
    host = route.hosts[0] if is_itself(request.host) else request.host
    if request.method not in route.methods:
        return host, _refusals.not_allowed(request, route.methods)
    return host, _dressed(drive, host, request, _respond(drive, host, request, route))


def _leads(route: Route, request: Request) -> bool:
    here = is_itself(request.host) or request.host in route.hosts
    return here and route.path.fullmatch(request.path) is not None


def _respond(drive: Drive, host: str, request: Request, route: Route) -> Answer:
    allowed = host not in GOOGLE_HOSTS or drive.traffic.admit(
        drive.max_requests_per_second, sorry_for=drive.sorry_for
    )
    return route.respond(drive, request) if allowed else _refusals.sorry(drive.sorry_status)


def _dressed(drive: Drive, host: str, request: Request, answer: Answer) -> Answer:
    """Add what every answer has: whose file it is, how that is sent, and a cookie."""
    answer.file_id = _file_id(drive, request)
    file = drive.file(answer.file_id or "")
    if file is not None:
        _apply(file, answer, hop="uc" if host in _BOTH else "download")
    if drive.cookies and host in (DRIVE, DOCS, CONTENT):
        answer.headers.append(("Set-Cookie", drive.cookie()))
    return answer


def _apply(file: DriveFile, answer: Answer, hop: str) -> None:
    """Apply the options of a file that concern each answer about it."""
    if file.drip_at in ("any", hop):
        answer.slow = file
    answer.about = file
    if not isinstance(answer.body, bytes):
        return
    if answer.kind == "redirect" and answer.slow and file.drip == "body":
        answer.body = _pages.moved(dict(answer.headers)["Location"]).encode()
    if file.page_style != "captured" and _is_html(answer):
        answer.body = restyled(answer.body.decode(), file.page_style).encode()


def _is_html(answer: Answer) -> bool:
    return dict(answer.headers).get("Content-Type", "").lower() == HTML


def _file_id(drive: Drive, request: Request) -> str | None:
    if "id" in request.query:
        return request.query["id"]
    names = request.path.split("/")
    known = (name for name in names if isinstance(drive.items.get(name), DriveFile))
    by_name = drive.named("/".join(names[2:])) if names[1] == "plain" else None
    return by_name.id if by_name else next(known, None)
