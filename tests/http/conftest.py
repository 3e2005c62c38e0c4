"""Servers and clients for the tests of one request."""

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
import trustme

from evio_data._http.connection import HttpSession
from tests.http.wire import ENOUGH, TIMEOUT, Wire


@pytest.fixture
def tls_wire(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Wire]:
    """The same over TLS, with a certificate that the environment names."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    server = Wire(tls)
    yield server
    server.close()


@pytest.fixture
def connection() -> Iterator[HttpSession]:
    """A connection that waits longer than a busy machine may take."""
    made = HttpSession(timeout=ENOUGH)
    yield made
    made.close()


@pytest.fixture
def impatient() -> Iterator[HttpSession]:
    """A connection that loses patience soon."""
    made = HttpSession(timeout=TIMEOUT)
    yield made
    made.close()


@pytest.fixture
def netrc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A ``~/.netrc`` with a password for this machine, and one for all others."""
    path = tmp_path / "netrc"
    path.write_text(
        "machine 127.0.0.1 login me password SECRET\ndefault login me password SECRET\n",
        encoding="ascii",
    )
    path.chmod(0o600)
    monkeypatch.setenv("NETRC", str(path))
    assert requests.utils.get_netrc_auth("http://127.0.0.1/") == ("me", "SECRET")
