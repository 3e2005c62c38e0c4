"""Google Drive's dialect as pure functions: which file a URL means, and what a page says instead of data."""

import html
import re
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlencode, urljoin, urlsplit

from ._wording import clean
from .errors import AccessDeniedError, DriveRefusedError, NotFoundError, QuotaExceededError

DATA_HOST = "drive.usercontent.google.com"
API_HOST = "www.googleapis.com"
SIGN_IN_HOST = "accounts.google.com"
LINK_HOSTS = ("drive.google.com", "docs.google.com", DATA_HOST)
GOOGLE_DOMAINS = (".google.com", ".googleusercontent.com", ".googleapis.com")


class FileLink(NamedTuple):
    """A file on Drive: its id, and its resource key where the link has one."""

    id: str
    resource_key: str | None = None


def file_link(url: str) -> FileLink | None:
    """Return the Drive file that a link means, or None for any other URL.

    Every shape of a link is understood: ``uc``, ``open``, ``file/d/ID``, Docs editors, the data
    host's ``download``, the API's ``files/ID``, with ``/u/N/`` and ``/a/DOMAIN/`` prefixes.

    >>> file_link("https://drive.google.com/file/d/1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq/view").id
    '1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq'
    """
    parts = split(url)
    host = parts.hostname or ""
    query = parse_qs(parts.query)
    key = query.get("resourcekey", [None])[0]
    if host == API_HOST:
        match = re.search(r"/drive/v[23]/files/([\w-]{10,})", parts.path)
        return FileLink(match[1], key) if match else None
    if host not in LINK_HOSTS or "/folder" in parts.path or "folderview" in parts.path:
        return None
    match = re.search(r"/(?:file|document|spreadsheets|presentation)/(?:u/\d+/)?d/([\w-]{10,})", parts.path)
    if match:
        return FileLink(match[1], key)
    ids = query.get("id", [])
    return FileLink(ids[0], key) if len(ids) == 1 and _ID(ids[0]) else None


def folder_link(url: str) -> FileLink | None:
    """Return the Drive folder that a link or a bare id means, or None."""
    if _ID(url):
        return FileLink(url)
    parts = split(url)
    if (parts.hostname or "") not in LINK_HOSTS:
        return None
    query = parse_qs(parts.query)
    key = query.get("resourcekey", [None])[0]
    match = re.search(r"/folders?/(?:d/)?([\w-]{10,})", parts.path)
    if match:
        return FileLink(match[1], key)
    ids = query.get("id", [])
    is_folder = "folderview" in parts.path or parts.path == "/open"
    return FileLink(ids[0], key) if is_folder and len(ids) == 1 and _ID(ids[0]) else None


def split(url: str) -> SplitResult:
    """Return a URL's parts; of a malformed URL, empty ones, which match nothing."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return SplitResult("", "", "", "", "")
    return parts


def public_url(link: FileLink) -> str:
    """Return the documented address of a file's download; it redirects to the data host."""
    return "https://drive.google.com/uc?" + _query(link, export="download")


def direct_url(link: FileLink) -> str:
    """Return the data host's address, which often answers with the file at once."""
    return f"https://{DATA_HOST}/download?" + _query(link, export="download", confirm="t")


def api_url(link: FileLink, api_key: str) -> str:
    """Return the API's address of a file's content; the key in it must not be shown."""
    query = urlencode({"alt": "media", "supportsAllDrives": "true", "key": api_key})
    return f"https://{API_HOST}/drive/v3/files/{link.id}?{query}"


def _query(link: FileLink, **extra: str) -> str:
    fields = {"id": link.id, **extra}
    if link.resource_key:
        fields["resourcekey"] = link.resource_key
    return urlencode(fields)


def is_google(url: str) -> bool:
    """Say whether a URL leads to one of Google's hosts over https."""
    parts = split(url)
    host = "." + (parts.hostname or "").rstrip(".")
    return parts.scheme == "https" and host.endswith(GOOGLE_DOMAINS)


def is_sign_in(url: str) -> bool:
    """Say whether a URL is the sign-in page, where private files send everybody."""
    parts = split(url)
    return parts.hostname == SIGN_IN_HOST or "ServiceLogin" in parts.path


def is_sorry(status: int, url: str, page: str) -> bool:
    """Say whether an answer is the "Sorry..." page: too many requests from this address."""
    return (
        status == 429  # noqa: PLR2004
        or "/sorry/" in split(url).path
        or "support.google.com/websearch/answer/86640" in page
        or _title(page).startswith("Sorry...")
    )


# --- the confirmation page -------------------------------------------------------------------


def confirmation(page: str, base: str) -> str | None:
    """Return the URL that a confirmation page's form or link leads to, or None for other pages.

    Parameters
    ----------
    page : str
        The page's HTML.
    base : str
        Where the page came from, for relative addresses.
    """
    forms = _Forms()
    forms.feed(page)
    for found in (forms.target, _old_link(page), _script_link(page)):
        if found:
            return _joined(base, found)
    return None


def _joined(base: str, address: str) -> str:
    try:
        return urljoin(base, address)
    except ValueError:
        return address


class _Forms(HTMLParser):
    """Collects the download form's action with all its hidden inputs."""

    def __init__(self) -> None:
        super().__init__()
        self._action: str | None = None
        self._fields: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("id") in ("download-form", "downloadForm"):
            self._action, self._inside = values.get("action", ""), True
        elif tag == "input" and self._inside and values.get("type", "").lower() == "hidden":
            if values.get("name"):
                self._fields.append((values["name"], values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False

    @property
    def target(self) -> str | None:
        """The action with the fields in its query; the form's own query stays (2022 pages)."""
        if not self._action:
            return None
        address, _, query = self._action.partition("?")
        return f"{address}?{urlencode(parse_qsl(query, keep_blank_values=True) + self._fields)}"


def _old_link(page: str) -> str | None:
    match = re.search(r'href="(/uc\?[^"]{0,2000}confirm=[^"]{0,2000})"', page)
    return html.unescape(match[1]) if match else None


def _script_link(page: str) -> str | None:
    match = re.search(r'"downloadUrl":\s*"([^"]{1,4000})"', page)
    if match is None:
        return None
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), match[1])


# --- the pages that refuse -------------------------------------------------------------------

BY_HAND = "place the file by hand: `evio-data import PATH`"
ASK_OWNER = 'Ask the owner to share it with "anyone with the link".'
QUOTA_ADVICE = (
    f"Wait up to 24 hours and run again (what arrived is kept), set EVIO_DATA_MIRRORS, or {BY_HAND}."
)


def refusal(status: int, url: str, page: str) -> DriveRefusedError:
    """Return the error that a page stands for; class names and the status decide before words do.

    Parameters
    ----------
    status : int
        The page's status.
    url : str
        Where it came from in the end.
    page : str
        Its HTML, or the API's JSON.
    """
    if page.lstrip().startswith("{"):
        return _api_refusal(status, page)
    title = _title(page)
    if is_sign_in(url) or status == 401 or "ServiceLogin" in page or "Sign-in" in title:  # noqa: PLR2004
        return AccessDeniedError("Drive asks for a sign-in: the file is private.", advice=ASK_OWNER)
    for recognise, error in _REFUSALS:
        if recognise(title, page):
            return error()
    return _by_status(status, title, page)


def _by_status(status: int, title: str, page: str) -> DriveRefusedError:
    if status == 404:  # noqa: PLR2004
        return _not_found()
    if status == 403:  # noqa: PLR2004
        return _denied()
    words = clean(_text(page), 120)
    return DriveRefusedError(
        f"Drive sent a page that is not known (status {status}, {clean(title)!r}: {words!r}).",
        advice="It was not saved as data. Open the link in a browser to see what Drive wants.",
    )


def _quota() -> DriveRefusedError:
    return QuotaExceededError(
        "Drive's download quota for this file is used up.", advice=QUOTA_ADVICE
    )


def _disabled() -> DriveRefusedError:
    return AccessDeniedError(
        "the owner has switched downloads off.", advice="Ask the owner to allow downloads."
    )


def _infected() -> DriveRefusedError:
    return DriveRefusedError(
        "Drive says that the file is infected with a virus.",
        advice="Only its owner can download it; ask the owner.",
    )


def _denied() -> DriveRefusedError:
    return AccessDeniedError("Drive denies access to the file.", advice=ASK_OWNER)


def _terms() -> DriveRefusedError:
    return AccessDeniedError(
        "Drive has withdrawn the file (terms of service).", advice="Ask for another source."
    )


def _not_found() -> DriveRefusedError:
    return NotFoundError(
        "Drive has no file with this id: deleted, or the id is wrong.",
        advice="Check the URL in the registry, or ask the owner.",
    )


def _is_quota(title: str, page: str) -> bool:
    # "24" hours stands in the sub-caption in every language; the titles are those of JDownloader.
    caption = re.search(r'class="uc-error-subcaption"[^>]*>(.{0,2000}?)</p>', page, re.DOTALL)
    in_title = re.search(r"\b(quota|cuota|kuota|quote|kontingent)\b", title, re.IGNORECASE)
    return bool(in_title) or bool(caption and re.search(r"\b24\b", caption[1]))


def _says(*words: str) -> "re.Pattern[str]":
    return re.compile("|".join(words), re.IGNORECASE)


_INFECTED = _says("infected file", "infected with a virus", "download infected files")
_DISABLED = _says("can(?:'|’|&#39;)t download file", "hasn(?:'|’|&#39;)t given you permission")
_TERMS = _says("in violation of our terms of service")
_DENIED = _says("access denied", "you need (?:access|permission)", "request access")
_NOT_FOUND = _says(r"error 404 \(not found\)", "page not found", "file you have requested does not exist")
_REFUSALS = (
    (_is_quota, _quota),
    (lambda title, page: _INFECTED.search(title + page), _infected),
    (lambda title, page: _DISABLED.search(title + page), _disabled),
    (lambda title, page: _TERMS.search(page), _terms),
    (lambda title, page: _DENIED.search(title + page), _denied),
    (lambda title, page: _NOT_FOUND.search(title + page), _not_found),
)


_BY_REASON = {
    "notFound": _not_found,
    "downloadQuotaExceeded": _quota,
    "dailyLimitExceeded": _quota,
    "cannotDownloadAbusiveFile": _infected,
    "cannotDownloadFile": _disabled,
}
LIMIT_REASONS = frozenset({"userRateLimitExceeded", "rateLimitExceeded", "sharingRateLimitExceeded"})


def _api_refusal(status: int, page: str) -> DriveRefusedError:
    reason, message = api_error(page)
    known = _BY_REASON.get(reason)
    if known is not None:
        return known()
    if reason == "fileNotDownloadable":
        return DriveRefusedError(
            "this is a Google document, which has no bytes of its own.",
            advice="Export it by hand, or take it out of the registry.",
        )
    if reason in ("keyInvalid", "badRequest", "accessNotConfigured", "dailyLimitExceededUnreg"):
        return AccessDeniedError(
            f"the Drive API refused the key ({reason}).", advice="Correct or unset EVIO_DATA_API_KEY."
        )
    return DriveRefusedError(
        f"the Drive API answered {status}, {clean(reason)!r}: {clean(message)!r}.",
        advice="Unset EVIO_DATA_API_KEY to go the public way.",
    )


def api_error(page: str) -> tuple[str, str]:
    """Return the reason and the message of an API error's JSON; empty where there is none."""
    import json

    try:
        error = json.loads(page)["error"]
        first = (error.get("errors") or [{}])[0]
        return str(first.get("reason", "")), str(error.get("message", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""


def _title(page: str) -> str:
    match = re.search(r"<title[^>]{0,200}>([^<]{0,500})", page, re.IGNORECASE)
    return html.unescape(match[1]).strip() if match else ""


def _text(page: str) -> str:
    body = re.sub(r"(?is)<(style|script)\b.*?</\1>", " ", page[:20_000])
    return html.unescape(re.sub(r"<[^>]{0,2000}>", " ", body))


_ID = re.compile(r"[A-Za-z0-9_-]{10,200}").fullmatch
