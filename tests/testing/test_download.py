"""The confirmation by POST, in the two ways that were reported."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]

DATA = b"0123456789" * 100


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive asks about first, on a server that wants every input back."""
    server.lenient = False
    return server.add("fan.raw", DATA, large=True)


def bytes_url(file: DriveFile, **query: str) -> str:
    """Return the address at the host of the bytes."""
    return "https://drive.usercontent.google.com/download?" + urlencode({"id": file.id, **query})


def test_post_is_answered_like_get(ask: Ask, file: DriveFile) -> None:
    """Unless told otherwise, a POST without the form's inputs gets the page."""
    assert "Virus scan warning" in ask(bytes_url(file), method="POST").text


def test_post_passes_the_page(ask: Ask, file: DriveFile) -> None:
    """A POST gets the file at once, and a GET still the page."""
    file.post_passes = True
    assert ask(bytes_url(file), method="POST").content == DATA
    part = ask(bytes_url(file), method="POST", Range="bytes=5-9")
    assert (part.status_code, part.content) == (206, DATA[5:10])
    assert "Virus scan warning" in ask(bytes_url(file)).text


def test_redirect_of_a_post_stays_a_post(ask: Ask, file: DriveFile) -> None:
    """A POST to uc is redirected in the way that keeps its method."""
    file.post_passes = True
    answer = ask(file.url, method="POST")
    assert answer.status_code == 307
    assert ask(answer.headers["Location"], method="POST").content == DATA
    assert ask(file.url).status_code == 303


def test_post_does_not_pass_a_refusal(ask: Ask, file: DriveFile) -> None:
    """The quota holds for a POST too."""
    file.post_passes, file.quota = True, "after-form"
    assert "Quota exceeded" in ask(bytes_url(file), method="POST").text


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_form_that_is_posted(ask: Ask, file: DriveFile, method: str) -> None:
    """The form of 2024 has everything in its action, at uc, which keeps it."""
    file.form_method, file.extra_inputs = "post", {"at": "A&B"}
    page = ask(bytes_url(file)).text
    form = re.search(r'<form id="download-form" action="([^"]+)" method="post">', page)
    assert form is not None
    assert 'type="hidden"' not in page
    action = unescape(form[1])
    assert action.startswith(f"https://drive.google.com/uc?id={file.id}&")
    answer = ask(action, method=method)
    assert answer.status_code == 303
    assert ask(answer.headers["Location"]).content == DATA


def test_inputs_in_the_body_of_a_post(server: DriveServer, file: DriveFile) -> None:
    """The inputs of a form may come in the body of a POST, in place of the query."""
    url = f"{server.endpoint}/download"
    with requests.Session() as session:
        session.trust_env = False
        page = session.post(url, data={"id": file.id}, timeout=20).text
        inputs = dict(re.findall(r'name="(\w+)" value="([^"]*)"', page))
        assert session.post(url, data=inputs, timeout=20).content == DATA
        assert session.get(url, params=inputs, timeout=20).content == DATA
