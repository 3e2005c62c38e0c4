"""Google Drive's dialect, purely: which file a URL means, and what a page says instead of data."""

import html
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import SplitResult, parse_qs, parse_qsl, urlencode, urljoin, urlsplit

from ._wording import clean
from .errors import AccessDeniedError, DriveRefusedError, NotFoundError, QuotaExceededError

DATA_HOST = "drive.usercontent.google.com"
API_HOST = "www.googleapis.com"
SIGN_IN_HOST = "accounts.google.com"
LINK_HOSTS = ("drive.google.com", "docs.google.com", DATA_HOST)
MAX_FORM_PAGE = 64 * 1024  # characters; the page with the form has some 2,400
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
    key = _resource_key(query)
    if host == API_HOST:
        match = re.fullmatch(rf"(?:/download)?/drive/v[23]/files/({_AN_ID})/?", parts.path)
        return FileLink(match[1], key) if match else None
    if host not in LINK_HOSTS or "/folder" in parts.path or "folderview" in parts.path:
        return None
    match = _FILE_PATH(parts.path)
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
    key = _resource_key(query)
    match = _FOLDER_PATH(parts.path)
    if match:
        return FileLink(match[1], key)
    ids = query.get("id", [])
    is_folder = "folderview" in parts.path or parts.path == "/open"
    return FileLink(ids[0], key) if is_folder and len(ids) == 1 and _ID(ids[0]) else None


def _resource_key(query: Mapping[str, list[str]]) -> str | None:
    # It goes into a header and into lines of registries, decoded: no line may end in it.
    key = query.get("resourcekey", [""])[0]
    return key if _KEY(key) else None


def split(url: str) -> SplitResult:
    """Return a URL's parts; of a malformed URL, empty ones, which match nothing.

    Malformed is also what two readers may read differently: a backslash ends a host's name for
    urllib3, but not for urllib.parse.
    """
    if "\\" in url or not url.isprintable():
        return SplitResult("", "", "", "", "")
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


def api_url(link: FileLink) -> str:
    """Return the API's address of a file's content."""
    query = urlencode({"alt": "media", "supportsAllDrives": "true"})
    return f"https://{API_HOST}/drive/v3/files/{link.id}?{query}"


def api_headers(link: FileLink, api_key: str) -> dict[str, str]:
    """Return the headers that open the API's door; URLs reach logs and tracebacks, these do not.

    https://cloud.google.com/apis/docs/system-parameters has both ways of sending a key.
    """
    headers = {"X-Goog-Api-Key": api_key}
    if link.resource_key:
        headers["X-Goog-Drive-Resource-Keys"] = f"{link.id}/{link.resource_key}"
    return headers


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
    """Say whether an answer is the "Sorry..." page: too many requests from this address.

    A page's own text decides, not a file's name in it; and the quota page, whatever its status,
    is about one file.
    """
    title = _title(page)
    if _is_quota(title, page):
        return False
    return (
        status == 429
        or "/sorry/" in split(url).path
        or 'href="https://support.google.com/websearch/answer/86640' in page
        or title == "Sorry..."
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
    with suppress(AssertionError):  # how html.parser gives up on "<![..."
        forms.feed(page[:MAX_FORM_PAGE])
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
        elif tag == "input" and self._inside and _is_hidden(values):
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


def _is_hidden(values: dict[str, str]) -> bool:
    return bool(values.get("name")) and values.get("type", "").lower() == "hidden"


def _old_link(page: str) -> str | None:
    for match in re.finditer(r'href="(/uc\?[^"]{1,4000})"', page):
        if "confirm=" in match[1]:
            return html.unescape(match[1])
    return None


def _script_link(page: str) -> str | None:
    match = re.search(r'"downloadUrl":\s*"([^"]{1,4000})"', page)
    if match is None:
        return None
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), match[1])


# --- the pages that refuse -------------------------------------------------------------------

BY_HAND = "place the file by hand: `evio-data import PATH`"
ASK_OWNER = 'Ask the owner to share it with "anyone with the link".'
QUOTA_ADVICE = (
    "Wait up to 24 hours and run again (what arrived is kept), set EVIO_DATA_MIRRORS if its "
    f"SHA-256 is registered, or {BY_HAND}."
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
    reason, message = api_error(page)
    if reason or message:
        return _api_refusal(status, reason, message)
    return _recognised(status, url, page) or _by_status(status, page)


def is_lasting(status: int, url: str, page: str) -> bool:
    """Say whether a page is a refusal that asking anew, from the first address on, cannot change.

    A bare 403 or an unknown page may only mean that a confirmed address has grown old.
    """
    return any(api_error(page)) or status == 404 or _recognised(status, url, page) is not None


def _recognised(status: int, url: str, page: str) -> DriveRefusedError | None:
    title = _title(page)
    if is_sign_in(url) or status == 401 or _SIGN_IN_TITLE(title):
        return sign_in()
    for recognise, error in _REFUSALS:
        if recognise(title, page):
            return error()
    return None


def _by_status(status: int, page: str) -> DriveRefusedError:
    if status == 404:
        return _not_found()
    if status == 403:
        return _denied()
    title, words = clean(_title(page)), clean(_text(page), 120)
    seen = f"{title!r}: {words!r}" if title or words else "without a word"
    return DriveRefusedError(
        f"Drive sent a page that is not known (status {status}, {seen}).",
        advice="It was not saved as data. Open the link in a browser to see what Drive wants.",
    )


def sign_in() -> AccessDeniedError:
    """Return the error for a private file, which the sign-in page stands for."""
    return AccessDeniedError("Drive asks for a sign-in: the file is private.", advice=ASK_OWNER)


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
    caption = re.search(r'class="uc-error-subcaption"[^>]{0,500}>(.{0,2000}?)</p>', page, re.DOTALL)
    in_title = re.match(r"Google Drive\W+(la )?(quota|cuota|kuota|quote)\b", title, re.IGNORECASE)
    return bool(in_title) or bool(caption and re.search(r"\b24\b", caption[1]))


def _says(*words: str) -> Callable[[str, str], bool]:
    search = re.compile("|".join(words), re.IGNORECASE).search
    return lambda _title, page: search(page) is not None


_SIGN_IN_TITLE = re.compile(r"(google drive\W+)?sign.?in\b.*", re.IGNORECASE).match
_REFUSALS: tuple[tuple[Callable[[str, str], bool], Callable[[], DriveRefusedError]], ...] = (
    (_is_quota, _quota),
    (
        _says(
            r"[-\u2013] infected file<",
            "this file is infected with a virus",
            "download infected files",
        ),
        _infected,
    ),
    (
        _says(
            r"can(?:'|\u2019|&#39;)t download file<",
            r"hasn(?:'|\u2019|&#39;)t given you permission to download",
        ),
        _disabled,
    ),
    (_says("in violation of our terms of service"), _terms),
    (_says("access denied<", "you need (?:access|permission)", ">request access<"), _denied),
    (_says(r"error 404 \(not found\)", ">page not found<", "requested does not exist"), _not_found),
    # Last, because other pages have a link to it in their corner.
    (_says(r'<form\b[^>]{0,500}\baction="[^"]{0,500}ServiceLogin'), sign_in),
)


_BY_REASON = {
    "notFound": _not_found,
    "downloadQuotaExceeded": _quota,
    "dailyLimitExceeded": _quota,
    "cannotDownloadAbusiveFile": _infected,
    "cannotDownloadFile": _disabled,
}
_KEY_REASONS = frozenset(
    {
        "keyInvalid",
        "badRequest",
        "API_KEY_INVALID",
        "accessNotConfigured",
        "dailyLimitExceededUnreg",
    }
)
LIMIT_REASONS = frozenset(
    {"userRateLimitExceeded", "rateLimitExceeded", "sharingRateLimitExceeded"}
)


def _api_refusal(status: int, reason: str, message: str) -> DriveRefusedError:
    known = _BY_REASON.get(reason)
    if known is not None:
        return known()
    if reason == "fileNotDownloadable":
        return DriveRefusedError(
            "this is a Google document, which has no bytes of its own.",
            advice="Export it by hand, or take it out of the registry.",
        )
    if reason in _KEY_REASONS:
        return AccessDeniedError(
            f"the Drive API refused the key ({reason}).",
            advice="Correct or unset EVIO_DATA_API_KEY.",
        )
    return DriveRefusedError(
        f"the Drive API answered {status}, {clean(reason)!r}: {clean(message)!r}.",
        advice="Unset EVIO_DATA_API_KEY to go the public way.",
    )


def api_error(page: str) -> tuple[str, str]:
    """Return the reason and the message of an API error's JSON; empty where there is none."""
    import json

    if not page.lstrip().startswith("{"):
        return "", ""
    try:
        error = json.loads(page)["error"]
        details = [*error.get("errors", []), *error.get("details", []), {}]
        reasons = [str(detail["reason"]) for detail in details if "reason" in detail]
        return next(iter(reasons), ""), str(error.get("message", ""))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return "", ""


def _title(page: str) -> str:
    match = re.search(r"<title[^>]{0,200}>([^<]{0,500})", page, re.IGNORECASE)
    return html.unescape(match[1]).strip() if match else ""


def _text(page: str) -> str:
    body = re.sub(r"(?is)<(style|script)\b.*?</\1>", " ", page[:20_000])
    return html.unescape(re.sub(r"<[^>]{0,2000}>", " ", body))


_AN_ID = "[A-Za-z0-9_-]{10,200}"
_ID = re.compile(_AN_ID).fullmatch
_KEY = re.compile("[A-Za-z0-9_-]{1,200}").fullmatch
_EDITORS = "document|spreadsheets|presentation"
_FILE_PATH = re.compile(rf"/(?:file|{_EDITORS})/(?:u/\d+/)?d/({_AN_ID})(?=/|$)").search
_FOLDER_PATH = re.compile(rf"/folders?/(?:d/)?({_AN_ID})(?=/|$)").search
