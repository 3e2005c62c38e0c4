"""Recognise Drive's pages: confirmation form, quota, sign-in and other refusals."""

import html
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode, urljoin

from .._text import clean
from ..errors import AccessDeniedError, DriveRefusedError, NotFoundError, QuotaExceededError
from .links import is_sign_in, split

MAX_FORM_PAGE = 64 * 1024  # characters; the page with the form has some 2,400


def is_sorry(status: int, url: str, page: str) -> bool:
    """Say whether an answer is the "Sorry..." page: too many requests from this address.

    A page's own text decides, not a file's name in it; and the quota page, whatever its status,
    is about one file.
    """
    title = read(page).title
    if _is_quota(title, page):
        return False
    return (
        status == 429
        or "/sorry/" in split(url).path
        or _HELP_LINK(page) is not None
        or title == "sorry..."
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
    # How html.parser gives up on "<![...", and Python on a reference with thousands of digits.
    with suppress(AssertionError, ValueError):
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
            return _unescaped(match[1])
    return None


def _script_link(page: str) -> str | None:
    match = re.search(r'"downloadUrl":\s*"([^"]{1,4000})"', page)
    if match is None:
        return None
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), match[1])


# --- the pages that refuse -------------------------------------------------------------------

BY_HAND = "place the file by hand: `evio-data import PATH`"
ASK_OWNER = 'Ask the owner to share it with "anyone with the link".'
_LATER = "Wait up to 24 hours and run again (what arrived is kept)"
QUOTA_ADVICE = f"{_LATER}, set EVIO_DATA_MIRRORS, or {BY_HAND}."
# Nothing would show that a mirror's bytes are the right ones.
QUOTA_ADVICE_WITHOUT_HASH = f"{_LATER}, or {BY_HAND}; without a published hash no mirror can help."


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
    words = read(page)
    if is_sign_in(url) or status == 401 or _SIGN_IN_TITLE(words.title):
        return sign_in()
    if _is_quota(words.title, page):
        return _quota()
    for recognise, error in _REFUSALS:
        if recognise(words.text):
            return error()
    # Last, because other pages have a link to it in their corner.
    return sign_in() if _SIGN_IN_FORM(page) else None


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
    caption = _SUBCAPTION(page[:MAX_FORM_PAGE])
    return bool(_QUOTA_TITLE(title) or (caption and _HOURS(_unescaped(caption[1]))))


def _says(*words: str) -> Callable[[str], object]:
    return re.compile("|".join(words), re.MULTILINE).search


_HELP_LINK = re.compile(
    r"""href=["']?https://support\.google\.com/websearch/answer/86640""", re.IGNORECASE
).search
_SIGN_IN_TITLE = re.compile(r"(google drive\W+)?sign.?in\b.*").match
_SIGN_IN_FORM = re.compile(
    r"""<form\b[^<>]{0,500}\baction=["']?[^"'<>]{0,500}ServiceLogin""", re.IGNORECASE
).search
_QUOTA_TITLE = re.compile(r"google drive\W+(la )?(quota|cuota|kuota|quote)\b").match
_SUBCAPTION = re.compile(
    r"""class=["']?uc-error-subcaption[^>]{0,500}>(.{0,2000}?)</p>""", re.DOTALL | re.IGNORECASE
).search
_HOURS = re.compile(r"\b24\b").search
# Of a page's text: each piece between two tags is a line, in lower case, and the last line has all.
_REFUSALS: tuple[tuple[Callable[[str], object], Callable[[], DriveRefusedError]], ...] = (
    (
        _says(
            r"[-\u2013] infected file$",
            "this file is infected with a virus",
            "download infected files",
        ),
        _infected,
    ),
    (
        _says("can't download file$", "hasn't given you permission to download"),
        _disabled,
    ),
    (_says("in violation of our terms of service"), _terms),
    (_says("access denied$", "you need (?:access|permission)", "^request access$"), _denied),
    (_says(r"error 404 \(not found\)", "^page not found$", "requested does not exist"), _not_found),
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


class Words(NamedTuple):
    """What a page says to people, as they read it: in lower case, white space folded.

    Attributes
    ----------
    title : str
    text : str
        A line for each piece of text between two tags, the title among them, and in the last
        line all of them.
    """

    title: str
    text: str


def read(page: str) -> Words:
    """Return what a page says, however its text is written.

    >>> read("<title>Sorry&hellip;</title>").title, read("<p>You can&rsquo;t&nbsp;READ").text[:14]
    ('sorry...', "you can't read")
    """
    title, pieces = "", []
    for tag, piece in _pieces(page[:MAX_FORM_PAGE]):
        words = _folded(piece)
        title = title or (words if tag == "title" else "")
        pieces.append(words)
    pieces = list(filter(None, pieces))
    return Words(title, "\n".join([*pieces, " ".join(pieces)]))


def _pieces(page: str) -> Iterator[tuple[str, str]]:
    """Return the texts between two tags, each with the name of the tag before it."""
    name, hidden = "", False
    for part in _TAGS.split(page):
        if part.startswith("<"):
            name = part[1:10].lower().rstrip(">").partition(" ")[0]
            hidden = name in ("style", "script") or (hidden and name not in ("/style", "/script"))
        elif not hidden:
            yield name, part


def _folded(text: str) -> str:
    return " ".join(_unescaped(text).translate(_PLAIN).split()).lower()


def _unescaped(text: str) -> str:
    try:
        return html.unescape(text)
    except ValueError:  # a reference with thousands of digits
        return text


_TAGS = re.compile(r"(<[^<>]{0,4000}>)")
_PLAIN = str.maketrans({"\u2019": "'", "\u2018": "'", "\u00b4": "'", "`": "'", "\u2026": "..."})


def _title(page: str) -> str:
    match = re.search(r"<title[^>]{0,200}>([^<]{0,500})", page, re.IGNORECASE)
    return _unescaped(match[1]).strip() if match else ""


def _text(page: str) -> str:
    return " ".join(_unescaped(piece) for tag, piece in _pieces(page[:20_000]) if tag != "title")
