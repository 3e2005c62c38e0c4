"""A request before it is sent: who we are, and what goes to which host only."""

import re

import pytest

from evio_data._http.connection import (
    HttpSession,
)
from evio_data.errors import DownloadError
from tests.http.wire import Wire, answer, anywhere, ask, redirect


def test_who_we_are(wire: Wire, connection: HttpSession) -> None:
    """Every request names this client, asks for plain bytes, and for pages in English."""
    wire.answers["/"] = answer()
    ask(connection, f"{wire.url}/").close()

    assert re.search(r"(?m)^User-Agent: evio-data/\S+ python-requests/\S+\r$", wire.heads[0])
    assert "Accept-Encoding: identity\r\n" in wire.heads[0]
    assert "Accept-Language: en\r\n" in wire.heads[0]


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "http://", "http://[::1", "http://*/", "data:,x"]
)
def test_unusable_url(connection: HttpSession, url: str) -> None:
    """A URL that no request can be made of will not work later either."""
    with pytest.raises(DownloadError, match="cannot use the URL"):
        ask(connection, url)


@pytest.mark.usefixtures("netrc")
def test_password_in_the_url_is_for_its_host(wire: Wire, connection: HttpSession) -> None:
    """A password that stands in a URL is sent, but not to where that URL redirects."""
    wire.answers["/a"] = redirect(f"{wire.url.replace('127.0.0.1', 'localhost')}/b")
    wire.answers["/b"] = answer()
    ask(connection, wire.url.replace("//", "//me:mine@") + "/a").close()

    assert "Authorization: Basic bWU6bWluZQ==" in wire.heads[0]
    assert "authorization" not in wire.heads[1].lower()


@pytest.mark.parametrize("location", ["/b", "{other}/b"])
def test_secret_headers_are_for_the_first_address(
    wire: Wire, connection: HttpSession, location: str
) -> None:
    """A key goes to the address that it is for, and no redirect takes it on."""
    other = wire.url.replace("127.0.0.1", "localhost")
    wire.answers["/a"] = redirect(location.format(other=other))
    wire.answers["/b"] = answer()
    connection.get(
        f"{wire.url}/a", headers={"Range": "bytes=0-"}, route=anywhere, secret={"X-Key": "SECRET"}
    ).close()

    assert ["SECRET" in head for head in wire.heads] == [True, False]
    assert ["Range" in head for head in wire.heads] == [True, True]
