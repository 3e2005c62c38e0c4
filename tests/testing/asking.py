"""What is asked of a Drive, and what its pages show."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from urllib.parse import urlencode

import requests

from evio_data.testing import DriveFile, DriveFolder

Ask = Callable[..., requests.Response]
RawGet = Callable[..., tuple[bytes, bytes, bool]]

DATA = bytes(range(256)) * 16
SIZE = len(DATA)
TIMEOUT = 20  # seconds; only ever reached by a bug
ENTRY = re.compile(
    r'<div class="flip-entry" id="entry-(?P<id>[\w-]+)" tabindex="0" role="link">.*?'
    r'<a href="(?P<link>[^"]+)".*?<div class="flip-entry-title">(?P<title>.*?)</div>.*?'
    r'<div class="flip-entry-last-modified"><div>(?P<date>.*?)</div>'
)


def bytes_url(file: DriveFile, **query: str) -> str:
    """Return the address at the host of the bytes."""
    inputs = {"id": file.id, "export": "download", **query}
    return "https://drive.usercontent.google.com/download?" + urlencode(inputs)


def title(answer: requests.Response) -> str:
    """Return the title of a page."""
    answer.encoding = "utf-8"
    found = re.search("<title>(.*?)</title>", answer.text)
    return unescape(found[1]) if found else ""


def form(page: str) -> tuple[str, dict[str, str]]:
    """Return action and hidden inputs of the warning page, as a browser reads them."""
    action = re.search(r'<form id="download-form" action="([^"]+)"', page)
    assert action is not None
    tags = re.findall(r"<input [^>]*hidden[^>]*>", page)
    attributes = [dict(re.findall(r'(\w+)="([^"]*)"', tag)) for tag in tags]
    return unescape(action[1]), {one["name"]: unescape(one["value"]) for one in attributes}


def submitted(page: str) -> str:
    """Return the URL that submitting the page's form asks for."""
    action, inputs = form(page)
    return f"{action}?{urlencode(inputs)}"


def listing(folder: DriveFolder, query: str = "") -> str:
    """Return the address of the listing for web pages."""
    return f"https://drive.google.com/embeddedfolderview?id={folder.id}{query}"


def entries(page: str) -> list[dict[str, str]]:
    """Return what a listing shows, unescaped."""
    found = [match.groupdict() for match in ENTRY.finditer(page)]
    return [{key: unescape(value) for key, value in entry.items()} for entry in found]
