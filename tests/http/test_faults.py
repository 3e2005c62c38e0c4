"""Hosts that give no answer: which setting matters, and whether it may pass."""

import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from evio_data._http.connection import (
    HttpSession,
    TransportError,
    UnreachableError,
    UnusableHostError,
)
from evio_data.testing import DriveServer
from tests.http.wire import ENOUGH, Wire, answer, ask

URL = "https://lab.example/a.raw"
PASSWORDS = ["pa#ss-SECRET", "pa/ss-SECRET", "pa@ss-SECRET", "pa?ss-SECRET", "12/SECRET", "SECRET"]


@pytest.fixture
def nobody() -> str:
    """An address on this machine where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


@pytest.fixture
def untrusted() -> Iterator[Wire]:
    """A server over TLS whose authority nobody knows."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    server = Wire(tls)
    yield server
    server.close()


def test_certificate_that_is_not_trusted(untrusted: Wire, connection: HttpSession) -> None:
    """A certificate of an unknown authority names the host, and the setting for authorities."""
    with pytest.raises(UnusableHostError, match=r"certificate of 127\.0\.0\.1 is not trusted") as e:
        ask(connection, untrusted.url)
    assert "REQUESTS_CA_BUNDLE" in e.value.advice


def test_certificate_of_another_host(tls_wire: Wire, connection: HttpSession) -> None:
    """A certificate for another name is not trusted either, and the message says why."""
    with pytest.raises(UnusableHostError, match=r"localhost is not trusted.*'localhost'"):
        ask(connection, tls_wire.url.replace("127.0.0.1", "localhost"))


@pytest.mark.parametrize("content", [b"", b"no PEM\n", b"-----BEGIN CERTIFICATE-----\nx\n"])
@pytest.mark.parametrize("variable", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_bundle_that_is_none(
    connection: HttpSession,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    content: bytes,
    variable: str,
) -> None:
    """A bundle without a certificate names the file and the setting, before anything is asked."""
    (tmp_path / "ca.pem").write_bytes(content)
    monkeypatch.setenv(variable, str(tmp_path / "ca.pem"))

    with pytest.raises(UnusableHostError, match=r"ca\.pem \(no certificate is in it\)\.") as error:
        ask(connection, "https://127.0.0.1:9/")
    assert variable in error.value.advice


def accepts_once(listener: socket.socket, said: bytes) -> None:
    """Say something to the first client, and close."""

    def serve() -> None:
        client, _ = listener.accept()
        with client:
            client.sendall(said)
            client.recv(1000)

    threading.Thread(target=serve, daemon=True).start()


def test_no_tls(connection: HttpSession) -> None:
    """A host that speaks no TLS will not speak it next time."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepts_once(listener, answer(status="400 Bad Request"))
        with pytest.raises(UnusableHostError, match=r"no TLS connection to 127\.0\.0\.1"):
            ask(connection, f"https://127.0.0.1:{listener.getsockname()[1]}/")


def test_handshake_that_breaks_may_pass(connection: HttpSession) -> None:
    """A connection that ends during the handshake is a fault that may pass."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        accepts_once(listener, b"")
        with pytest.raises(TransportError):
            ask(connection, f"https://127.0.0.1:{listener.getsockname()[1]}/")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_name_that_does_not_resolve(connection: HttpSession, scheme: str) -> None:
    """A host whose name does not resolve is named."""
    with pytest.raises(UnreachableError, match=r"cannot reach nowhere\.invalid: its name"):
        ask(connection, f"{scheme}://nowhere.invalid/")


def test_refused_connection(connection: HttpSession, nobody: str) -> None:
    """A host where nobody listens is named."""
    with pytest.raises(UnreachableError, match=r"cannot reach 127\.0\.0\.1: the connection was r"):
        ask(connection, f"http://{nobody}/")


@pytest.mark.parametrize("url", [URL, "http://lab.example/a.raw"])
@pytest.mark.parametrize("host", ["127.0.0.1", "nowhere.invalid"])
def test_proxy_that_is_not_there(
    connection: HttpSession, monkeypatch: pytest.MonkeyPatch, nobody: str, url: str, host: str
) -> None:
    """A proxy that cannot be reached is named with its setting, without its password."""
    setting = url.partition(":")[0].upper() + "_PROXY"
    proxy = nobody.replace("127.0.0.1", host)
    monkeypatch.setenv(setting, f"http://user:SECRET@{proxy}")

    with pytest.raises(UnreachableError, match=rf"the proxy {proxy} does not answer") as error:
        ask(connection, url)
    assert setting in str(error.value)
    assert "lab.example" in str(error.value)
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize(
    ("status", "words", "advice"),
    [
        (407, "asks for a name and a password", "HTTPS_PROXY: http://NAME:PASSWORD@HOST:PORT"),
        (403, "does not lead to lab.example", "NO_PROXY"),
    ],
)
def test_proxy_that_refuses_a_tunnel(
    connection: HttpSession,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    words: str,
    advice: str,
) -> None:
    """A proxy that does not lead on says what to change, and where; it will not pass by itself."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("lab.example").configure_cert(tls)
    with DriveServer(tls) as proxy:
        proxy.proxy_status = status
        monkeypatch.setenv("HTTPS_PROXY", proxy.endpoint)
        with pytest.raises(UnusableHostError, match=words) as error:
            ask(connection, URL)
    assert "lab.example" in error.value.message
    assert advice in error.value.advice


def test_proxy_that_cannot_reach_the_host(
    wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that finds nobody is told as a host that nobody answers at."""
    wire.answers["lab.example:443"] = answer(status="502 Bad Gateway")
    monkeypatch.setenv("HTTPS_PROXY", wire.url)

    with pytest.raises(UnreachableError, match=r"cannot reach lab\.example: the proxy .*502"):
        ask(connection, URL)


def test_407_over_plain_http(
    wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 407 is about the proxy, over plain http too."""
    wire.answers["http://lab.example/a.raw"] = answer(status="407 Proxy Authentication Required")
    monkeypatch.setenv("HTTP_PROXY", wire.url)

    with pytest.raises(UnusableHostError, match="asks for a name and a password") as error:
        ask(connection, "http://lab.example/a.raw")
    assert "HTTP_PROXY" in error.value.advice


@pytest.mark.timeout(ENOUGH)
@pytest.mark.parametrize("url", [URL, "http://lab.example/a.raw"])
@pytest.mark.parametrize("password", PASSWORDS)
def test_proxy_s_password_is_never_shown(
    connection: HttpSession, monkeypatch: pytest.MonkeyPatch, nobody: str, url: str, password: str
) -> None:
    """No part of a proxy's password is shown, however it is written."""
    for setting in ("HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(setting, f"http://user:{password}@{nobody}")

    with pytest.raises((TransportError, UnusableHostError)) as error:
        ask(connection, url)
    assert "SECRET" not in f"{error.value}"
    assert "pa" not in f"{error.value}".replace("password", "").replace("pass", "")[:70]
    assert "_PROXY" in f"{error.value}"


@pytest.mark.parametrize("password", PASSWORDS)
def test_url_s_password_is_never_shown(connection: HttpSession, nobody: str, password: str) -> None:
    """Nor is one that stands in a URL."""
    with pytest.raises((TransportError, OSError)) as error:
        ask(connection, f"http://user:{password}@{nobody}/a.raw")
    assert "SECRET" not in f"{error.value}"
