"""What is answered instead of a file or a folder: a page, or a redirect to the sign-in page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from . import _pages
from ._answers import Answer, page, redirect
from ._files import DriveFile
from ._wire import Request

_SIGN_IN = "https://accounts.google.com/ServiceLogin?service=wise&passive=1209600&continue={}"
_ALT_SVC = 'h3=":443"; ma=2592000,h3-29=":443"; ma=2592000'

_PAGES: dict[str, Callable[[], Answer]] = {
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


def refusal(file: DriveFile, request: Request, *, address: str) -> Answer:
    """Return the answer that the file's `refuse` names; `address` is where to come back to."""
    if file.refuse == "quota":
        return quota(file)
    if file.refuse == "sign-in":
        return sign_in(address)
    if file.refuse is None or file.refuse == "not-found":
        return not_found(request)
    answer = _PAGES[file.refuse]()
    return _with_retry_after(answer, file) if file.refuse.startswith("sorry") else answer


def denied() -> Answer:
    """Return the page of a file that one has to ask for."""
    return _PAGES["denied"]()


def native() -> Answer:
    """Return what a Google document gets where only files are served."""
    return _PAGES["native"]()


def quota(file: DriveFile) -> Answer:
    """Return the quota page in the file's language, with its status."""
    return page(_pages.quota(file.language), file.quota_status)


def sorry(status: int) -> Answer:
    """Return the page for automated queries."""
    answer = page(_pages.sorry(), status, "text/html; charset=UTF-8")
    answer.headers.append(("Alt-Svc", _ALT_SVC))
    answer.close = True
    return answer


def sign_in(address: str) -> Answer:
    """Return the redirect that private files and folders answer with."""
    return redirect(_SIGN_IN.format(quote(address, safe="")))


def not_found(request: Request) -> Answer:
    """Return the 404 page of the host that was asked."""
    if request.path == "/download":
        return page(_pages.not_found(request.target), status=404)
    return page(_pages.page_not_found(), status=404)


def not_allowed(request: Request, allowed: Sequence[str]) -> Answer:
    """Return the 405 that a method gets which is not among those allowed."""
    answer = page(_pages.method_not_allowed(request.method, request.path), status=405)
    answer.headers.append(("Allow", ", ".join(allowed)))
    return answer


def scripted(file: DriveFile, status: int) -> Answer:
    """Return a failure that a test has put on the list."""
    answer = sorry(status) if status == 429 else page(_pages.failure(status), status)
    return _with_retry_after(answer, file)


def over_limit(file: DriveFile) -> Answer:
    """Return what a request gets while enough bodies of the file are being sent."""
    if file.over_limit == "quota":
        return quota(file)
    return scripted(file, file.over_limit)


def portal(file: DriveFile) -> Answer:
    """Return what a captive portal answers in place of every server."""
    text = _pages.portal() if file.portal_page is None else file.portal_page
    answer = page(text, file.portal_status, file.portal or "")
    if file.portal == "none":
        answer.headers = [header for header in answer.headers if header[0] != "Content-Type"]
    return answer


def forbidden() -> Answer:
    """Return the bare 403 of a link that has expired."""
    return page(_pages.forbidden(), status=403)


def _with_retry_after(answer: Answer, file: DriveFile) -> Answer:
    if file.retry_after is not None:
        answer.headers.append(("Retry-After", file.retry_after))
    return answer
