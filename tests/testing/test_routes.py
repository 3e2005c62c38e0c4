"""Which path means which file: plain URLs, and the shapes of Drive's links."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, Ask

RawGet = Callable[..., tuple[bytes, bytes, bool]]


def test_plain_url(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """A plain URL is an ordinary file: length, ranges, no name, no page, no cookie."""
    file.large = True
    url = server.plain_url(file)
    assert url == f"{server.endpoint}/plain/fan%20raw"
    answer = ask(url)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert {"Content-Disposition", "Set-Cookie", "ETag", "Last-Modified"}.isdisjoint(answer.headers)


def test_plain_range(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Ranges and validators work at a plain URL."""
    file.etag = '"v1"'
    answer = ask(server.plain_url(file), Range="bytes=5-")
    assert (answer.status_code, answer.headers["ETag"]) == (206, '"v1"')
    assert answer.content == DATA[5:]


def test_plain_faults(server: DriveServer, raw_get: RawGet, ask: Ask, file: DriveFile) -> None:
    """The same options apply at a plain URL: cuts, errors, refusals, quota."""
    file.cut_after, file.cut_times, file.errors = 100, 1, [503]
    assert ask(server.plain_url(file)).status_code == 503
    assert raw_get("/plain/fan%20raw")[1:] == (DATA[:100], True)
    assert ask(server.plain_url(file)).content == DATA
    file.refuse = "not-found"
    assert ask(server.plain_url(file)).status_code == 404


def test_plain_urls_of_one_name(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Two files of one name have two plain URLs."""
    twin = server.add(file.name, b"other")
    assert ask(server.plain_url(twin)).content == b"other"
    assert ask(server.plain_url(file)).content == DATA
    assert ask(f"{server.endpoint}/plain/missing").status_code == 404


def test_url_is_the_one_people_share(file: DriveFile) -> None:
    """A file's link is Drive's; ids look like Drive's."""
    assert file.url == f"https://drive.google.com/uc?export=download&id={file.id}"
    assert (len(file.id), file.id[0]) == (33, "1")


@pytest.mark.parametrize(
    "url",
    [
        "https://drive.google.com/u/0/uc?id={}&export=download",
        "https://drive.google.com/a/example.org/uc?id={}",
        "https://docs.google.com/uc?export=download&id={}",
    ],
)
def test_other_shapes_of_the_link(ask: Ask, file: DriveFile, url: str) -> None:
    """Links in the other shapes that people use redirect alike."""
    assert ask(url.format(file.id)).status_code == 303
