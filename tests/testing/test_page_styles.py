"""Drive's pages, written in other ways that a browser shows alike."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]

STYLES = ("entities", "named-entities", "curly", "line-breaks", "nbsp", "upper")
REFUSALS = ("quota", "disabled", "infected", "denied-200", "not-found", "terms", "sorry", "unknown")


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive asks about first."""
    return server.add("fan.raw", b"events", large=True)


def bytes_url(file: DriveFile, **query: str) -> str:
    """Return the address at the host of the bytes."""
    return "https://drive.usercontent.google.com/download?" + urlencode({"id": file.id, **query})


def words(page: str) -> list[str]:
    """Return what a browser shows of a page, with quotes and case made alike."""
    page = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    text = unescape(re.sub(r"<[^>]*>", " ", page)).replace("\u2019", "'").casefold()
    return text.split()


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("refusal", REFUSALS)
def test_same_words(ask: Ask, file: DriveFile, refusal: str, style: str) -> None:
    """Whatever the style, a browser shows the same words; the tags stay as they are."""
    file.refuse = refusal  # type: ignore[assignment]
    captured = ask(bytes_url(file)).text
    file.page_style = style  # type: ignore[assignment]
    styled = ask(bytes_url(file)).text
    assert words(styled) == words(captured)
    assert styled != captured or ("'" not in captured and "&#39;" not in captured)
    classes = [re.findall(r'class="([^"]+)"', page) for page in (styled, captured)]
    assert classes[0] == classes[1]


@pytest.mark.parametrize(
    ("style", "title"),
    [
        ("captured", "Google Drive - Can&#39;t download file"),
        ("entities", "Google Drive - Can&#x27;t download file"),
        ("named-entities", "Google Drive - Can&rsquo;t download file"),
        ("curly", "Google Drive - Can\u2019t download file"),
        ("line-breaks", "Google\n    Drive\n    -\n    Can&#39;t\n    download\n    file"),
        ("nbsp", "Google&nbsp;Drive&nbsp;-&nbsp;Can&#39;t&nbsp;download&nbsp;file"),
        ("upper", "GOOGLE DRIVE - CAN&#39;T DOWNLOAD FILE"),
    ],
)
def test_title_of_the_disabled_page(ask: Ask, file: DriveFile, style: str, title: str) -> None:
    """Each style is what it says, shown on the title of one page."""
    file.refuse, file.page_style = "disabled", style  # type: ignore[assignment]
    assert f"<title>{title}</title>" in ask(bytes_url(file)).text


@pytest.mark.parametrize("style", STYLES)
def test_form_stays_usable(ask: Ask, server: DriveServer, file: DriveFile, style: str) -> None:
    """The warning page's form has the same inputs in every style."""
    server.lenient, file.page_style = False, style  # type: ignore[assignment]
    page = ask(bytes_url(file)).text
    inputs = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
    assert ask(bytes_url(file, **inputs)).content == b"events"
