"""A connection: directly, through a proxy, and through CONNECT with TLS."""

from __future__ import annotations

import http.client
import socket
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest
import requests
import trustme

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, TIMEOUT


@pytest.fixture
def browser(
    proxy: DriveServer, authority: trustme.CA, tmp_path: Path
) -> Iterator[requests.Session]:
    """An ordinary client that knows the server only as its proxy."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy.endpoint, "http": proxy.endpoint}
        session.verify = str(tmp_path / "ca.pem")
        yield session


def test_proxy_serves_google_by_name(proxy: DriveServer, browser: requests.Session) -> None:
    """Through CONNECT, a client follows the real redirect over two real host names."""
    file = proxy.add("fan.raw", DATA)
    answer = browser.get(file.url, timeout=TIMEOUT)
    assert answer.content == DATA
    assert answer.url.startswith("https://drive.usercontent.google.com/download?id=")
    assert [record.host for record in proxy.requests] == [
        "drive.google.com",
        "drive.usercontent.google.com",
    ]


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("drive.google.com", "/download?id={}"),
        ("drive.usercontent.google.com", "/uc?id={}"),
        ("www.googleapis.com", "/open?id={}"),
        ("accounts.google.com", "/drive/v3/files/{}?key=K"),
        ("drive.google.com", "/plain/fan.raw"),
    ],
)
def test_path_of_another_host(
    proxy: DriveServer, browser: requests.Session, host: str, path: str
) -> None:
    """A path asked of the wrong Google host is 404."""
    file = proxy.add("fan.raw", DATA)
    answer = browser.get(
        f"https://{host}{path.format(file.id)}", timeout=TIMEOUT, allow_redirects=False
    )
    assert answer.status_code == 404


def test_plain_proxy_request(proxy: DriveServer, browser: requests.Session) -> None:
    """The absolute form works for Google's hosts too."""
    file = proxy.add("fan.raw", DATA)
    url = f"http://drive.usercontent.google.com/download?id={file.id}"
    assert browser.get(url, timeout=TIMEOUT).content == DATA


def test_proxy_knows_only_google(proxy: DriveServer, browser: requests.Session) -> None:
    """CONNECT to, and requests for, any other host are refused with 403."""
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        browser.get("https://files.example.net/x", timeout=TIMEOUT)
    assert browser.get("http://files.example.net/x", timeout=TIMEOUT).status_code == 403
    assert {record.host for record in proxy.requests} == {"files.example.net"}


def test_connect_without_tls(server: DriveServer) -> None:
    """A server without a certificate refuses CONNECT and stays alive."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=TIMEOUT)
    connection.set_tunnel("drive.google.com", 443)
    with pytest.raises(OSError, match="501"):
        connection.connect()
    connection.close()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_cut_under_tls(proxy: DriveServer, browser: requests.Session, how: str) -> None:
    """Cuts and ranges work under TLS as they do without."""
    file = proxy.add("fan.raw", DATA, cut_after=100, cut_how=how, cut_times=1)
    with suppress(requests.exceptions.RequestException):  # urllib3 1.26 calls a cut body whole
        assert browser.get(file.url, timeout=TIMEOUT).content == DATA[:100]
    resumed = browser.get(file.url, headers={"Range": "bytes=100-"}, timeout=TIMEOUT)
    assert (resumed.status_code, resumed.content) == (206, DATA[100:])


def test_kept_connection(server: DriveServer, file: DriveFile) -> None:
    """A connection serves request after request, also several sent at once."""
    request = f"GET /download?id={file.id} HTTP/1.1\r\nHost: localhost\r\n{{}}\r\n"
    with closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT)) as client:
        client.sendall((request.format("") * 2 + request.format("Connection: close\r\n")).encode())
        received = b""
        while piece := client.recv(65536):
            received += piece
    assert received.count(DATA) == 3
    assert len({record.client_port for record in server.requests}) == 1
