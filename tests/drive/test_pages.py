"""What each of Drive's pages says instead of the file."""

import html
import json
import time
from typing import get_args
from urllib.parse import parse_qsl, urlsplit

import pytest

from evio_data._drive import links, pages
from evio_data._drive.links import FileLink
from evio_data.errors import (
    AccessDeniedError,
    DriveRefusedError,
    NotFoundError,
    QuotaExceededError,
)
from evio_data.testing._choices import PageStyle
from evio_data.testing._page_styles import restyled

ID = "1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"
DATA = "https://drive.usercontent.google.com/download"
PAGE_URL = f"{DATA}?id={ID}&export=download"

# --- confirmation pages ----------------------------------------------------------------------

HIDDEN = {"id": ID, "export": "download", "confirm": "t"}
UUID = "99b6f2ce-1412-4b2d-b6ea-d2e37aea8333"
BAR = (
    '<div id="gb"><a href="https://accounts.google.com/ServiceLogin?service=wise">Sign in</a></div>'
)


def warning_page(form: str, name: str = "fan.raw") -> str:
    """Return the 2024 page with this form."""
    return (
        "<!DOCTYPE html><html><head><title>Google Drive - Virus scan warning</title>"
        '<style nonce="x">.goog-inline-block{}</style></head><body>'
        '<p class="uc-warning-caption">Google Drive can\'t scan this file for viruses.</p>'
        f'<p class="uc-warning-subcaption"><span class="uc-name-size"><a href="/open?id={ID}">'
        f"{html.escape(name)}</a> (108M)</span> is too large for Google to scan for viruses. "
        f"Would you still like to download this file?</p>{form}"
        '<div class="uc-footer"><hr class="uc-footer-divider"></div></body></html>'
    )


def form_2024(*inputs: str, action: str = DATA) -> str:
    """Return the form of 2024 with these inputs."""
    return (
        f'<form id="download-form" action="{action}" method="get">'
        '<input type="submit" id="uc-download-link" class="goog-inline-block jfk-button" '
        f'value="Download anyway"/>{"".join(inputs)}</form>'
    )


def inputs(**more: str) -> list[str]:
    """Return the usual hidden inputs, and more of them."""
    fields = {**HIDDEN, "uuid": UUID, **more}
    return [f'<input type="hidden" name="{k}" value="{v}">' for k, v in fields.items()]


REVERSED = [
    f"<input value='{value}' name={name} TYPE=HIDDEN />"
    for name, value in {**HIDDEN, "uuid": UUID}.items()
]
PLAIN_FORM = form_2024(*inputs())


@pytest.mark.parametrize(
    ("page", "sent"),
    [
        (PLAIN_FORM, {**HIDDEN, "uuid": UUID}),
        (BAR + PLAIN_FORM, {**HIDDEN, "uuid": UUID}),
        (PLAIN_FORM.replace(">", ">\n  "), {**HIDDEN, "uuid": UUID}),
        (form_2024(*REVERSED), {**HIDDEN, "uuid": UUID}),
        (
            form_2024(*inputs(authuser="0", at="APvzH3r:1700000000000")),
            {**HIDDEN, "uuid": UUID, "authuser": "0", "at": "APvzH3r:1700000000000"},
        ),
        (
            form_2024(*inputs(at="a&amp;b=c&#39;&quot;+/ ", confirm="")),
            {**HIDDEN, "uuid": UUID, "at": "a&b=c'\"+/ ", "confirm": ""},
        ),
        (
            form_2024(*inputs(), '<input name="seen" value="1"><input type="hidden" value="x">'),
            {**HIDDEN, "uuid": UUID},
        ),
        (
            '<form id="search"><input type="hidden" name="q" value="1"></form>'
            + PLAIN_FORM
            + '<form><input type="hidden" name="z" value="2"></form>',
            {**HIDDEN, "uuid": UUID},
        ),
        (form_2024(*inputs(), action=f"{DATA}?a=1&amp;b="), {"a": "1", "b": "", **HIDDEN}),
        (form_2024(*inputs(), action="/download"), {**HIDDEN, "uuid": UUID}),
        (PLAIN_FORM + "<![if gte mso 9]>", {**HIDDEN, "uuid": UUID}),
    ],
    ids=[
        "2024",
        "sign-in-link-in-the-corner",
        "many-lines",
        "attribute-order",
        "authuser-and-at",
        "entities",
        "not-hidden-or-nameless",
        "other-forms",
        "action-with-query",
        "relative-action",
        "broken-declaration",
    ],
)
def test_confirmation_form(page: str, sent: dict[str, str]) -> None:
    """Submitting the form sends every hidden input of it, as a browser would, and no other."""
    target = pages.confirmation(warning_page(page), PAGE_URL)

    assert target is not None
    assert target.startswith(f"{DATA}?")
    assert dict(parse_qsl(urlsplit(target).query, keep_blank_values=True)) == {
        **sent,
        **({"uuid": UUID} if "uuid" in page else {}),
    }


FORM_2022 = (
    '<form id="downloadForm" action="https://drive.google.com/uc?export=download&amp;'
    f'id={ID}&amp;confirm=t" method="post"></form>'
)


@pytest.mark.parametrize(
    ("page", "base", "target"),
    [
        (
            f'<a id="uc-download-link" href="/uc?export=download&amp;confirm=AbCd&amp;id={ID}">',
            "https://docs.google.com/uc",
            f"https://docs.google.com/uc?export=download&confirm=AbCd&id={ID}",
        ),
        (
            f'<a href="/uc?id={ID}">other</a><a href="/uc?confirm=AbCd&amp;id={ID}">this</a>',
            "https://drive.google.com/uc",
            f"https://drive.google.com/uc?confirm=AbCd&id={ID}",
        ),
        (
            FORM_2022,
            "https://drive.google.com/uc",
            f"https://drive.google.com/uc?export=download&id={ID}&confirm=t",
        ),
        (
            r'{"downloadUrl":"https:\u002f\u002fdrive.google.com/uc?id\u003dX\u0026confirm\u003dt"}',
            "https://drive.google.com/uc",
            "https://drive.google.com/uc?id=X&confirm=t",
        ),
    ],
    ids=["link-with-cookie", "the-right-link", "form-2022", "script"],
)
def test_older_confirmation(page: str, base: str, target: str) -> None:
    """The shapes of former years are still understood."""
    assert pages.confirmation(page, base) == target


@pytest.mark.parametrize(
    "action", ["https://example.org/x", "http://drive.google.com/uc", "javascript:x", "https://[x"]
)
def test_foreign_form_action_is_told_as_it_is(action: str) -> None:
    """Where a form leads is not judged here; but it never comes out as Google's."""
    target = pages.confirmation(form_2024(*inputs(), action=action), PAGE_URL)

    assert target is not None
    assert not links.is_google(target)


# --- pages that refuse -----------------------------------------------------------------------


def page(title: str, body: str = "") -> str:
    """Return a page as Drive writes them, with its sign-in link in the corner."""
    return (
        f"<!DOCTYPE html><html><head><title>{title}</title><style>a{{}}</style></head>"
        f"<body>{BAR}{body}</body></html>"
    )


def error_page(title: str, caption: str, subcaption: str) -> str:
    """Return a page of the ``uc-error`` family."""
    return page(
        title,
        f'<p class="uc-error-caption">{caption}</p><p class="uc-error-subcaption">{subcaption}</p>',
    )


QUOTA = error_page(
    "Google Drive - Quota exceeded",
    "Sorry, you can&#39;t view or download this file at this time.",
    "Too many users have viewed or downloaded this file recently. Please try accessing the file "
    "again later. If the file you are trying to access is particularly large or is shared with "
    "many people, it may take up to 24 hours to be able to view or download the file. If you "
    "still can&#39;t access a file after 24 hours, contact your domain administrator.",
)
QUOTA_ES = error_page("Google Drive \u2013 Cuota superada", "x", "pueden pasar 24 horas")
QUOTA_DE = error_page("Google Drive \u2013 Quote \u00fcberschritten", "x", "bis zu 24 Stunden")
QUOTA_IT = page("Google Drive \u2013 La quota \u00e8 stata superata")
QUOTA_JA = error_page("Google \u30c9\u30e9\u30a4\u30d6", "x", "\u6700\u5927 24 \u6642\u9593")
INFECTED = error_page(
    "Google Drive - Infected file",
    "Sorry, this file is infected with a virus",
    "Only the owner is allowed to download infected files.",
)
DISABLED = error_page(
    "Google Drive - Can't download file",
    "Sorry, the owner hasn't given you permission to download this file.",
    "Only the owner and editors can download this file.",
)
DENIED = page(
    "Google Drive - Access Denied", "<h1>You need access</h1><button>Request access</button>"
)
NOT_FOUND = page(
    "Error 404 (Not Found)!!1", "The requested URL /download was not found on this server."
)
PAGE_NOT_FOUND = page(
    "Page Not Found",
    "Sorry, the file you have requested does not exist. "
    "Make sure that you have the correct URL and the file exists.",
)
TERMS = page(
    "Error 404",
    "We're sorry. You can't access this item because it is in violation of our Terms of Service.",
)
SIGN_IN = page("Google Drive: Sign-in", '<form action="/ServiceLogin" method="post"></form>')
SIGN_IN_2 = page("Sign in - Google Accounts")
SIGN_IN_FR = page("Connexion", '<form method="post" action="https://a/ServiceLogin"></form>')
SORRY = (
    "<html><head><title>Sorry...</title></head><body><h1>We're sorry...</h1><p>... but your "
    "computer or network may be sending automated queries. To protect our users, we can't process "
    'your request right now.</p>See <a href="https://support.google.com/websearch/answer/86640">'
    "Google Help</a></body></html>"
)
UNKNOWN = page("Google Drive", "<p>Something else is going on today.</p>")
FORBIDDEN = page("Error 403 (Forbidden)!!1", "Your client does not have permission.")

REFUSALS = [
    ("quota", 200, QUOTA, QuotaExceededError, "24 hours"),
    ("quota-403", 403, QUOTA, QuotaExceededError, "24 hours"),
    ("quota-429", 429, QUOTA, QuotaExceededError, "evio-data import"),
    ("quota-es", 200, QUOTA_ES, QuotaExceededError, "24 hours"),
    ("quota-de", 200, QUOTA_DE, QuotaExceededError, "24 hours"),
    ("quota-it", 200, QUOTA_IT, QuotaExceededError, "EVIO_DATA_MIRRORS"),
    ("quota-ja", 200, QUOTA_JA, QuotaExceededError, "24 hours"),
    ("infected", 200, INFECTED, DriveRefusedError, "ask the owner"),
    ("infected-403", 403, INFECTED, DriveRefusedError, "ask the owner"),
    ("disabled", 200, DISABLED, AccessDeniedError, "allow downloads"),
    ("disabled-entity", 200, DISABLED.replace("'", "&#39;"), AccessDeniedError, "allow downloads"),
    ("disabled-quote", 200, DISABLED.replace("'", "\u2019"), AccessDeniedError, "allow downloads"),
    ("denied", 403, DENIED, AccessDeniedError, "anyone with the link"),
    ("denied-200", 200, DENIED, AccessDeniedError, "anyone with the link"),
    ("permission", 200, page("x", "You need permission"), AccessDeniedError, "anyone with"),
    ("forbidden", 403, FORBIDDEN, AccessDeniedError, "anyone with the link"),
    ("sign-in", 200, SIGN_IN, AccessDeniedError, "anyone with the link"),
    ("sign-in-2", 200, SIGN_IN_2, AccessDeniedError, "anyone with the link"),
    ("sign-in-fr", 200, SIGN_IN_FR, AccessDeniedError, "anyone with the link"),
    ("unauthorised", 401, UNKNOWN, AccessDeniedError, "anyone with the link"),
    ("not-found", 404, NOT_FOUND, NotFoundError, "Check the URL"),
    ("not-found-200", 200, PAGE_NOT_FOUND, NotFoundError, "Check the URL"),
    ("bare-404", 404, "", NotFoundError, "Check the URL"),
    ("terms", 404, TERMS, AccessDeniedError, "another source"),
    ("unknown", 200, UNKNOWN, DriveRefusedError, "Open the link in a browser"),
    ("empty", 200, "", DriveRefusedError, "Open the link in a browser"),
    ("json-of-nobody", 404, '{"detail": "no"}', NotFoundError, "Check the URL"),
    ("unconfirmed", 200, warning_page("<p>no form</p>"), DriveRefusedError, "Open the link"),
]


@pytest.mark.parametrize(
    ("status", "text", "kind", "advice"),
    [case[1:] for case in REFUSALS],
    ids=[case[0] for case in REFUSALS],
)
def test_refusal(status: int, text: str, kind: type[DriveRefusedError], advice: str) -> None:
    """Each page has its one error, with advice for that case."""
    error = pages.refusal(status, PAGE_URL, text)

    assert type(error) is kind
    assert advice in error.advice


STYLES = get_args(PageStyle)
KNOWN = [case for case in REFUSALS if "Open the link" not in case[4] and case[2]]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(
    ("status", "text", "kind", "advice"),
    [case[1:] for case in KNOWN],
    ids=[case[0] for case in KNOWN],
)
def test_refusal_in_other_writing(
    status: int, text: str, kind: type[DriveRefusedError], advice: str, style: str
) -> None:
    """A page that a browser shows alike is the same page, however its text is written."""
    test_refusal(status, restyled(text, style), kind, advice)


@pytest.mark.parametrize("style", STYLES)
def test_sorry_in_other_writing(style: str) -> None:
    """The "Sorry..." page is known by its link and by its title, however they are written."""
    without_link = SORRY.replace("https://support.google.com", "")
    for text in (SORRY, SORRY.replace('"', "'"), without_link):
        assert pages.is_sorry(403, PAGE_URL, restyled(text, style))


@pytest.mark.parametrize(
    "body",
    [
        "<p>the owner hasn't <b>given you</b> permission to <i>download</i></p>",
        "<p>the owner hasn&#x2019;t given&#160;you\tpermission to download</p>",
    ],
)
def test_refusal_in_pieces(body: str) -> None:
    """A sentence is found across the tags inside it."""
    assert type(pages.refusal(200, PAGE_URL, page("x", body))) is AccessDeniedError


def test_words_of_a_script_say_nothing() -> None:
    """What a browser does not show decides nothing."""
    text = page("Google Drive", "<script>'<p>Request access</p>'</script>")
    assert type(pages.refusal(200, PAGE_URL, text)) is DriveRefusedError


def test_endless_reference_is_text() -> None:
    """A reference with thousands of digits, at which Python gives up, is no crash."""
    text = page(f"x &#{'9' * 5000};", f'<form id="download-form" action="&#{"9" * 5000};">')
    assert type(pages.refusal(200, PAGE_URL, text)) is DriveRefusedError
    pages.confirmation(text, PAGE_URL)


def test_refusal_by_the_sign_in_address() -> None:
    """A page at the sign-in address is the sign-in page, whatever its words."""
    url = "https://accounts.google.com/v3/signin/identifier"

    assert isinstance(pages.refusal(200, url, UNKNOWN), AccessDeniedError)


def test_unknown_page_is_quoted() -> None:
    """A page that nobody knows is told by status, title and first words, for a bug report."""
    message = str(pages.refusal(200, PAGE_URL, UNKNOWN))

    assert "200" in message
    assert "'Google Drive'" in message
    assert "Something else is going on today" in message


def test_unknown_page_cannot_speak_to_the_terminal() -> None:
    """Escapes and endless text of a page do not reach the message; nor do its scripts."""
    nasty = page("\x1b]0;owned\x07&#27;[2J", "<script>evil()</script>\u202e" + "x" * 100_000)
    message = str(pages.refusal(200, PAGE_URL, nasty))

    assert message.isprintable()
    assert "evil" not in message
    assert len(message) < 600


@pytest.mark.parametrize(
    ("status", "text", "lasting"),
    [
        (200, QUOTA, True),
        (200, INFECTED, True),
        (200, DISABLED, True),
        (403, DENIED, True),
        (404, NOT_FOUND, True),
        (404, "", True),
        (401, "", True),
        (403, FORBIDDEN, False),
        (200, UNKNOWN, False),
        (200, "", False),
        (400, '{"error": {"errors": [{"reason": "keyInvalid"}]}}', True),
    ],
)
def test_is_lasting(status: int, text: str, lasting: bool) -> None:
    """A known refusal stays; a bare 403 or an unknown page may only mean that a token is old."""
    assert pages.is_lasting(status, PAGE_URL, text) is lasting


@pytest.mark.parametrize(
    ("status", "url", "text", "sorry"),
    [
        (429, PAGE_URL, SORRY, True),
        (403, PAGE_URL, SORRY, True),
        (429, PAGE_URL, "", True),
        (200, "https://www.google.com/sorry/index?continue=x", "", True),
        (200, PAGE_URL, "<title>Sorry...</title>", True),
        (429, PAGE_URL, QUOTA, False),
        (200, PAGE_URL, QUOTA, False),
        (403, PAGE_URL, FORBIDDEN, False),
        (200, PAGE_URL, UNKNOWN, False),
        (200, f"{DATA}?continue=/sorry/index", UNKNOWN, False),
        (200, PAGE_URL, page("Sorry....raw - Google Drive"), False),
    ],
)
def test_is_sorry(status: int, url: str, text: str, sorry: bool) -> None:
    """ "Too many requests from you" is told from "too many downloads of this file"."""
    assert pages.is_sorry(status, url, text) is sorry


@pytest.mark.parametrize(
    "name",
    [
        "support.google.com/websearch/answer/86640",
        '<a href="https://support.google.com/websearch/answer/86640">.raw',
        "Sorry... quota exceeded 24 hours.raw",
        "<title>Sorry...</title>",
        "Access Denied: this file is infected with a virus, ServiceLogin.raw",
    ],
)
def test_a_file_s_name_decides_nothing(name: str) -> None:
    """Whatever its owner calls a file, the page that asks for confirmation is one."""
    text = warning_page(form_2024(*inputs()), name)

    assert not pages.is_sorry(200, PAGE_URL, text)
    assert pages.confirmation(text, PAGE_URL) is not None


# --- the API ---------------------------------------------------------------------------------


def api(reason: str, message: str = "m", **more: object) -> str:
    """Return the JSON of an API error."""
    one = {"domain": "global", "reason": reason, "message": message}
    return json.dumps({"error": {"errors": [one], "code": 403, "message": message, **more}})


NEW_KEY_ERROR = json.dumps(
    {
        "error": {
            "code": 400,
            "message": "API key not valid. Please pass a valid API key.",
            "status": "INVALID_ARGUMENT",
            "details": [{"@type": "x"}, {"reason": "API_KEY_INVALID"}],
        }
    }
)


@pytest.mark.parametrize(
    ("status", "text", "kind", "says"),
    [
        (404, api("notFound"), NotFoundError, "Check the URL"),
        (403, api("downloadQuotaExceeded"), QuotaExceededError, "24 hours"),
        (403, api("dailyLimitExceeded"), QuotaExceededError, "24 hours"),
        (403, api("cannotDownloadAbusiveFile"), DriveRefusedError, "infected"),
        (403, api("cannotDownloadFile"), AccessDeniedError, "allow downloads"),
        (403, api("fileNotDownloadable"), DriveRefusedError, "Google document"),
        (400, api("keyInvalid"), AccessDeniedError, "EVIO_DATA_API_KEY"),
        (400, NEW_KEY_ERROR, AccessDeniedError, "EVIO_DATA_API_KEY"),
        (403, api("accessNotConfigured"), AccessDeniedError, "EVIO_DATA_API_KEY"),
        (403, api("dailyLimitExceededUnreg"), AccessDeniedError, "EVIO_DATA_API_KEY"),
        (418, api("newReason", "new words"), DriveRefusedError, "418, 'newReason': 'new words'"),
        (418, api("\x1b[2J", "\x1b[2J" * 500), DriveRefusedError, "418"),
    ],
)
def test_api_refusal(status: int, text: str, kind: type[DriveRefusedError], says: str) -> None:
    """Each reason of the API has its one error: a status of 403 says too little."""
    error = pages.refusal(status, links.api_url(FileLink(ID)), text)

    assert type(error) is kind
    assert says in str(error)
    assert str(error).isprintable()
    assert len(str(error)) < 500


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (api("notFound", "gone"), ("notFound", "gone")),
        (f"\n {api('notFound', 'gone')}", ("notFound", "gone")),
        (NEW_KEY_ERROR, ("API_KEY_INVALID", "API key not valid. Please pass a valid API key.")),
        ('{"error": {"message": "m"}}', ("", "m")),
        ('{"error": {"errors": [{}]}}', ("", "")),
        ('{"error": {"errors": {"a": 1}}}', ("", "")),
        ('{"error": {"errors": ["reason"]}}', ("", "")),
        ('{"error": "denied"}', ("", "")),
        ('{"error": null}', ("", "")),
        ('{"files": []}', ("", "")),
        ("[1]", ("", "")),
        ('{"error": ', ("", "")),
        ('{"error":' * 100_000, ("", "")),
        (SORRY, ("", "")),
        ("", ("", "")),
    ],
)
def test_api_error(text: str, found: tuple[str, str]) -> None:
    """An API error's reason and message are found; anything else has none, whatever its shape."""
    assert pages.api_error(text) == found


# --- hostile pages ---------------------------------------------------------------------------

SOME = 128 * 1024  # characters; a parser that tires with their square would take minutes


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "unit",
    [
        *("<", "<a ", "</", "<!--", "<![x[", "<title", '<a x="', "<form id=", "&", "\x00"),
        *('href="/uc?', 'class="uc-error-subcaption">', '"downloadUrl":"', "<style "),
        *("{", '{"error":'),
    ],
)
def test_hostile_page_is_judged_in_time(unit: str) -> None:
    """A page made to confuse parsers is an unknown page like any other."""
    text = unit * (SOME // len(unit))

    assert pages.confirmation(text, PAGE_URL) is None
    assert not pages.is_sorry(200, PAGE_URL, text)
    assert type(pages.refusal(200, PAGE_URL, text)) is DriveRefusedError


def test_page_of_captions_is_read_once() -> None:
    """A page that repeats the beginning of a caption is not searched again from each of them."""

    def cost(repeats: int) -> float:
        page = 'class="uc-error-subcaption"' * repeats
        began = time.thread_time()
        pages.refusal(200, DATA, page)
        return time.thread_time() - began

    # Eight times the page is eight times the work; it was 64 times when each began a search.
    assert min(cost(16_000) for _ in range(3)) < 30 * min(cost(2_000) for _ in range(3))
