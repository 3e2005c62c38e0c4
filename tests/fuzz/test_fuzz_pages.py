"""Whatever page comes instead of data, it is read without a fault, and leads nowhere bad."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from hypothesis import given
from hypothesis import strategies as st

from evio_data._drive import links, pages
from evio_data._drive.endpoint import route
from evio_data.errors import DriveRefusedError, EvioDataError
from evio_data.testing import _pages

PIECES = [
    '<form id="download-form" action="',
    "<form id=downloadForm action='https://drive.usercontent.google.com/download'>",
    '<input type="hidden" name="confirm" value="t">',
    "<input type=hidden name=uuid value=",
    '<input name="',
    "</form>",
    "<title>Google Drive - Quota exceeded</title>",
    "<title>Sign-in</title>",
    "<title>Sorry...</title>",
    '<p class="uc-error-subcaption">24 hours</p>',
    '<a href="/uc?export=download&amp;confirm=AbCd&amp;id=1">',
    '"downloadUrl": "https:\\u002f\\u002fdrive.google.com\\u002fuc?id=1"',
    '"downloadUrl": "\\ud800\\u0000//[::"',
    '<form action="https://accounts.google.com/ServiceLogin">',
    "in violation of our terms of service",
    "<![CDATA[",
    "<![",
    "<!--",
    "&#x110000;",
    "&#0;",
    '{"error": {"errors": [{"reason": "notFound"}]}}',
    "<script>",
    "</script>",
    '">',
    "//[",
    "http://evil.example/",
    "\\evil",
]
ID = "1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"
REAL = [
    _pages.server_error(404),
    _pages.denied(),
    _pages.infected(),
    _pages.disabled(),
    _pages.terms(),
    _pages.unknown(),
    _pages.sorry(),
    *map(_pages.quota, ("en", "de", "es")),
]
PAGES = st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=30)), max_size=25).map("".join)
STATUSES = st.one_of(st.sampled_from([200, 206, 302, 400, 401, 403, 404, 416, 429, 503]))
URLS = st.one_of(
    st.sampled_from(
        ["https://drive.google.com/uc?id=1", "https://accounts.google.com/ServiceLogin", "", "//["]
    ),
    st.builds(
        "https://{}{}{}{}".format,
        st.sampled_from(["drive.google.com", "docs.google.com", "www.googleapis.com", "x.org"]),
        st.sampled_from(
            ["/file/d/", "/drive/folders/", "/drive/v3/files/", "/uc?id=", "/open?id=", "/leaf?id="]
        ),
        st.one_of(st.just(ID), st.text("aZ0_-", max_size=12)),
        st.sampled_from(["", "/view", "?resourcekey=0-a", "&resourcekey=0-a", "?alt=media", "/"]),
    ),
    st.text(max_size=40),
)
ACTIONS = st.one_of(
    st.text(max_size=60),
    st.builds(
        "{}{}{}".format,
        st.sampled_from(["https://", "http://", "//", "/", "javascript:", "file:///", ""]),
        st.sampled_from(
            [
                "drive.google.com",
                "accounts.google.com",
                "drive.google.com.evil.example",
                "evil@drive.google.com",
                "[::1",
            ]
        ),
        st.text(max_size=20),
    ),
)


@given(page=PAGES, status=STATUSES, url=URLS)
def test_every_page_is_a_typed_refusal(page: str, status: int, url: str) -> None:
    """Any page, status and address make an error of the tree, in one printable line."""
    error = pages.refusal(status, url, page)
    assert isinstance(error, DriveRefusedError)
    assert str(error).isprintable()
    assert pages.is_lasting(status, url, page) in (True, False)
    assert pages.is_sorry(status, url, page) in (True, False)


@given(page=PAGES, url=URLS)
def test_every_page_is_searched_for_a_form(page: str, url: str) -> None:
    """Any page either leads to an address or does not; nothing else happens."""
    target = pages.confirmation(page, url)
    assert target is None or isinstance(target, str)


@given(action=ACTIONS)
def test_a_form_leads_to_google_or_nowhere(action: str) -> None:
    """Whatever a form's action is, it is followed to Google over https, or refused."""
    page = f'<form id="download-form" action="{action}"><input type=hidden name=id value=1></form>'
    target = pages.confirmation(page, "https://drive.google.com/uc?id=1")
    if target is None:
        return
    try:
        routed = route(target, None)
    except EvioDataError as error:
        assert str(error).isprintable()
        return
    parts = urlsplit(routed)
    assert parts.scheme == "https"
    assert ("." + (parts.hostname or "").rstrip(".")).endswith(links.GOOGLE_DOMAINS)


@given(action=ACTIONS)
def test_an_endpoint_is_never_left(action: str) -> None:
    """With an endpoint, whatever a form's action is, only the endpoint is asked."""
    try:
        routed = route(action, "http://127.0.0.1:1")
    except EvioDataError:
        return
    assert urlsplit(routed).netloc == "127.0.0.1:1"


@given(
    value=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20)),
        lambda inner: st.one_of(
            st.lists(inner, max_size=4),
            st.dictionaries(
                st.sampled_from(["error", "errors", "details", "reason", "message", "code"]),
                inner,
                max_size=4,
            ),
        ),
        max_leaves=15,
    ),
    status=STATUSES,
)
def test_every_json_is_read(value: object, status: int) -> None:
    """Any JSON in the place of an API error is read as one, or as none."""
    page = json.dumps(value)
    reason, message = pages.api_error(page)
    assert isinstance(reason, str)
    assert isinstance(message, str)
    assert str(pages.refusal(status, "https://www.googleapis.com/", page)).isprintable()


@given(page=st.sampled_from(REAL), status=STATUSES, cut=st.integers(0, 4000), noise=PAGES)
def test_a_cut_real_page_is_read(page: str, status: int, cut: int, noise: str) -> None:
    """A real page that is cut anywhere, with anything behind it, is read as well."""
    error = pages.refusal(status, "https://drive.google.com/uc", page[:cut] + noise)
    assert isinstance(error, DriveRefusedError)
    assert str(error).isprintable()


@given(url=st.one_of(URLS, ACTIONS))
def test_every_link_is_understood_or_not(url: str) -> None:
    """Any text is a link to a file, to a folder, or to nothing."""
    for link in (links.file_link(url), links.folder_link(url)):
        assert link is None or 10 <= len(link.id) <= 200
