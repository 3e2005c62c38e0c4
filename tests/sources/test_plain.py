"""Files at plain URLs."""

import ssl
from pathlib import Path

import pytest
import trustme

from evio_data._http.connection import (
    BusyError,
    HttpSession,
    TransportError,
    UnusableHostError,
)
from evio_data._sources.origin import source_of
from evio_data._sources.plain import PlainSource
from evio_data.errors import (
    DownloadError,
)
from evio_data.testing import DriveFile, DriveServer
from tests.sources.conftest import DATA, read, say, small_server
from tests.sources.test_drive import drive_source

# --- plain URLs ------------------------------------------------------------------------------


def test_plain(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """A plain URL is asked once, and any stretch comes."""
    source = PlainSource(server.plain_url(large))

    assert read(source, connection) == DATA
    assert read(source, connection, 10, 20) == DATA[10:20]
    assert len(server.requests) == 2


@pytest.mark.parametrize("kind", ["text/html", "TEXT/HTML; charset=x", "application/xhtml+xml"])
def test_plain_web_page_is_not_data(
    server: DriveServer, connection: HttpSession, kind: str
) -> None:
    """A web page in the place of a recording is a sign-in page of the network, not the file."""
    file = server.add("a.raw", DATA, content_type=kind)

    with pytest.raises(DownloadError, match="web page instead of the file"):
        PlainSource(server.plain_url(file)).open(connection, 0, None)


@pytest.mark.parametrize("name", ["a.html", "B.HTM"])
def test_plain_web_page_as_data(server: DriveServer, connection: HttpSession, name: str) -> None:
    """A file that is registered as a web page may be one."""
    file = server.add(name, DATA, content_type="text/html")

    assert read(source_of(server.plain_url(file)), connection) == DATA


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 410, 451])
def test_plain_refusal(
    server: DriveServer, connection: HttpSession, large: DriveFile, status: int
) -> None:
    """A 4xx will be the same next time: it is no matter of ranges or patience."""
    large.errors = [status]

    with pytest.raises(DownloadError, match=f"127.0.0.1 answered {status}"):
        PlainSource(server.plain_url(large)).open(connection, 0, None)


@pytest.mark.parametrize(
    ("status", "kind"), [(408, TransportError), (429, BusyError), (500, TransportError)]
)
def test_plain_trouble(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    status: int,
    kind: type[Exception],
) -> None:
    """Trouble of the server's own may pass, after the time that it asks for."""
    large.errors, large.retry_after = [status], "3"

    with pytest.raises(kind) as caught:
        PlainSource(server.plain_url(large)).open(connection, 0, None)
    assert getattr(caught.value, "wait", None) == 3


def test_plain_redirect_names_who_answered(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """After a redirect an error names the host that answered, and the one that led there."""
    large.redirect_to = server.plain_url(server.add("gone.raw", b"", refuse="not-found"))
    large.redirect_to = large.redirect_to.replace("127.0.0.1", "localhost")

    with pytest.raises(DownloadError, match=r"localhost, to which \S+ leads, answered 404"):
        read(source_of(server.plain_url(large)), connection)


def test_network_that_wants_a_sign_in(
    server: DriveServer, connection: HttpSession, large: DriveFile
) -> None:
    """A 511 asks for a sign-in to the network, whichever host was meant."""
    large.portal, large.portal_status = "text/html", 511

    for source in (source_of(server.plain_url(large)), drive_source(server, large)):
        with pytest.raises(UnusableHostError, match="wants a sign-in") as error:
            read(source, connection)
        assert "Sign in to this network" in error.value.advice


def test_plain_redirect(server: DriveServer, connection: HttpSession, large: DriveFile) -> None:
    """A plain URL may lead to another host, as downloads of many sites do."""
    with small_server(
        lambda handler: say(handler, b"", 302, Location=server.plain_url(large))
    ) as site:
        source = PlainSource(site.url.replace("127.0.0.1", "localhost") + "/a.raw")
        assert read(source, connection, 10) == DATA[10:]


def test_plain_https_never_leads_to_http(
    server: DriveServer,
    connection: HttpSession,
    large: DriveFile,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A redirect from https to http is refused, and not asked."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    target = server.plain_url(large)

    with small_server(lambda handler: say(handler, b"", 302, Location=target), tls) as site:
        with pytest.raises(DownloadError, match="not followed"):
            PlainSource(f"{site.url}/a.raw").open(connection, 0, None)
        assert len(site) == 1
    assert server.requests == []
