"""Proxies, certificates and passwords of the surroundings: which are used, and which stay there."""

import socket
from pathlib import Path

import pytest

from evio_data._http.connection import (
    HttpSession,
    TransportError,
)
from evio_data.errors import DownloadError
from tests.http.wire import Wire, answer, ask, redirect


def test_missing_certificates(
    connection: HttpSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A certificate bundle that is not there is told as such, not as trouble with our disk."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "none.pem"))

    with pytest.raises(DownloadError, match=r"none\.pem") as caught:
        ask(connection, "https://127.0.0.1:9/")
    assert "REQUESTS_CA_BUNDLE" in caught.value.advice


def test_proxy_that_does_not_answer(
    connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trouble with the proxy is told as such, without the password in its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://user:SECRET@127.0.0.1:{port}")

    with pytest.raises(
        TransportError,
        match=r"lab\.example: the proxy 127\.0\.0\.1:\d+ does not answer \(HTTP_PROXY\)",
    ):
        ask(connection, "http://lab.example/a.raw")


def test_proxy_from_the_environment(
    wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``HTTP_PROXY`` is used, as everywhere with requests."""
    wire.answers["http://lab.example/a.raw"] = answer(b"by proxy")
    monkeypatch.setenv("HTTP_PROXY", wire.url)

    with ask(connection, "http://lab.example/a.raw") as got:
        assert got.page() == "by proxy"


@pytest.mark.usefixtures("netrc")
def test_netrc_stays_at_home(wire: Wire, connection: HttpSession) -> None:
    """Passwords for other programs go to no server, neither asked nor redirected to."""
    wire.answers["/a"] = redirect(f"{wire.url.replace('127.0.0.1', 'localhost')}/b")
    wire.answers["/b"] = answer()
    ask(connection, f"{wire.url}/a").close()

    assert len(wire.heads) == 2
    assert "authorization" not in "".join(wire.heads).lower()
