"""Redirects: what is followed, what is refused, and how far."""

import socket

import pytest

from evio_data._http.connection import HttpSession
from evio_data._http.redirects import MAX_REDIRECTS, refuse_downgrade
from evio_data.errors import DownloadError
from tests.http.wire import ENOUGH, Wire, answer, ask, redirect


@pytest.mark.parametrize("status", ["301 M", "302 F", "303 S", "307 T", "308 P"])
def test_redirect(wire: Wire, connection: HttpSession, status: str) -> None:
    """Every kind of redirect is followed, with the range that was asked for."""
    wire.answers["/a"] = answer(b"", "Location: /b?c=d", status=status)
    wire.answers["/b"] = answer(b"here")

    with ask(connection, f"{wire.url}/a", Range="bytes=5-") as got:
        assert (got.page(), got.url) == ("here", f"{wire.url}/b?c=d")
    assert "Range: bytes=5-" in wire.heads[1]


@pytest.mark.parametrize("said", [answer(b"x", status="300 M"), answer(b"x", status="302 F")])
def test_redirect_to_nowhere_is_an_answer(wire: Wire, connection: HttpSession, said: bytes) -> None:
    """Without a ``Location`` there is nothing to follow."""
    wire.answers["/"] = said

    with ask(connection, wire.url) as got:
        assert got.page() == "x"


def test_redirect_in_utf8(wire: Wire, connection: HttpSession) -> None:
    """A ``Location`` with raw UTF-8 bytes leads where its author meant."""
    wire.answers["/a"] = redirect("/gr\u00f6\u00dfe".encode().decode("latin-1"))
    wire.answers["/gr%C3%B6%C3%9Fe"] = answer(b"here")

    with ask(connection, f"{wire.url}/a") as got:
        assert got.page() == "here"


def test_redirect_loop(wire: Wire, connection: HttpSession) -> None:
    """Redirects end after a bounded number, and will not be better next time."""
    wire.answers["/a"] = redirect("/a")

    with pytest.raises(DownloadError, match=f"more than {MAX_REDIRECTS} redirects"):
        ask(connection, f"{wire.url}/a")
    assert len(wire.heads) == MAX_REDIRECTS + 1


@pytest.mark.parametrize("location", ["http://[::1", "http://127.0.0.1:port/", "ftp://127.0.0.1/"])
def test_redirect_that_cannot_be_followed(
    wire: Wire, connection: HttpSession, location: str
) -> None:
    """A ``Location`` that is no address is an error, not a crash."""
    wire.answers["/a"] = redirect(location)

    with pytest.raises(DownloadError):
        ask(connection, f"{wire.url}/a")


def test_route_decides_each_hop(wire: Wire, connection: HttpSession) -> None:
    """Every address is put to the route before it is asked; a forbidden one is never asked."""
    seen: list[str] = []

    def route(url: str) -> str:
        seen.append(url)
        if "forbidden" in url:
            raise DownloadError("no further.")
        return url.replace("http://public.example", wire.url)

    wire.answers["/a"] = redirect("/b")
    wire.answers["/b"] = redirect("http://public.example/forbidden\x1b[31m")

    with pytest.raises(DownloadError, match="no further"):
        connection.get("http://public.example/a", headers={}, route=route)
    assert [url.rpartition("/")[2][:9] for url in seen] == ["a", "b", "forbidden"]
    assert len(wire.heads) == 2


@pytest.mark.parametrize(
    ("url", "origin", "followed"),
    [
        ("https://b/", "https://a/", True),
        ("https://b/", "http://a/", True),
        ("http://b/", "http://a/", True),
        ("http://b/", "https://a/", False),
        ("HTTP://b/", "https://a/", False),
        ("ftp://b/", "http://a/", False),
        ("file:///etc/passwd", "http://a/", False),
        ("javascript:x", "https://a/", False),
    ],
)
def test_downgrade(url: str, origin: str, followed: bool) -> None:
    """From https nothing leads to http, and from neither to anything else."""
    if followed:
        assert refuse_downgrade(url, origin=origin) == url
    else:
        with pytest.raises(DownloadError, match="not followed"):
            refuse_downgrade(url, origin=origin)


def test_message_about_a_redirect_is_safe_to_print() -> None:
    """An address that a server chose comes without escapes and passwords into a message."""
    with pytest.raises(DownloadError) as caught:
        refuse_downgrade("http://user:SECRET@b/\x1b[2J?key=SECRET", origin="https://a/")
    assert str(caught.value).isprintable()
    assert "SECRET" not in str(caught.value)


INWARD = [
    "http://127.0.0.1/x",
    "http://127.1/x",
    "http://0x7f000001/x",
    "http://localhost/x",
    "http://10.0.0.7/x",
    "http://192.168.1.1/x",
    "http://169.254.169.254/latest/meta-data",
    "http://[::1]/x",
    "http://[::ffff:127.0.0.1]/x",
    "http://[fe80::1]/x",
    "http://0.0.0.0/x",
    "http://100.64.0.1/x",
]


@pytest.mark.parametrize("location", INWARD)
def test_redirect_into_a_private_network(
    wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch, location: str
) -> None:
    """From a public host, nobody leads us to this machine or into its network."""
    wire.answers["http://lab.example/a"] = redirect(location)
    monkeypatch.setenv("HTTP_PROXY", wire.url)

    with pytest.raises(DownloadError, match="private network, which is not followed"):
        ask(connection, "http://lab.example/a")
    assert len(wire.heads) == 1


@pytest.mark.parametrize("origin", ["http://localhost/a", "http://10.0.0.7/a"])
def test_redirect_inside_a_private_network(
    wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch, origin: str
) -> None:
    """A host inside may lead to others inside: the registry names such a network itself."""
    wire.answers[origin] = redirect("http://192.168.1.1/b")
    wire.answers["http://192.168.1.1/b"] = answer(b"here")
    monkeypatch.setenv("HTTP_PROXY", wire.url)
    monkeypatch.setenv("NO_PROXY", "none.example")

    with ask(connection, origin) as got:
        assert got.page() == "here"


def test_endpoint_inside_may_stand_for_a_public_host(wire: Wire, connection: HttpSession) -> None:
    """Where the route leads counts: an endpoint on this machine redirects to itself."""
    wire.answers["/a"] = redirect(f"{wire.url.replace('127.0.0.1', 'localhost')}/b")
    wire.answers["/b"] = answer(b"here")

    def route(url: str) -> str:
        return url.replace("https://public.example", wire.url)

    with connection.get("https://public.example/a", headers={}, route=route) as got:
        assert got.page() == "here"


def test_no_step_back_to_http(
    tls_wire: Wire, wire: Wire, connection: HttpSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A redirect that has led to https leads nowhere else from there."""
    wire.answers["/a"] = redirect(f"{tls_wire.url}/b")
    tls_wire.answers["/b"] = redirect(f"{wire.url}/c")

    with pytest.raises(DownloadError, match="not followed"):
        ask(connection, f"{wire.url}/a")
    assert len(wire.heads) == 1


@pytest.mark.timeout(ENOUGH)
def test_redirect_whose_body_drips(wire: Wire, connection: HttpSession) -> None:
    """A redirect is followed at once, however slowly its body comes."""

    def drip(client: socket.socket) -> None:
        client.sendall(
            answer(b"", "Location: /b", "Content-Length: 9", length=False, status="302 F")
        )
        client.recv(1)

    wire.answers["/a"], wire.answers["/b"] = drip, answer(b"here")
    with ask(connection, f"{wire.url}/a") as got:
        assert got.page() == "here"
    assert wire.lines == 2


@pytest.mark.parametrize(("status", "method"), [("303 S", "GET"), ("307 T", "POST")])
def test_post(wire: Wire, connection: HttpSession, status: str, method: str) -> None:
    """A POST stays one where the redirect says so, and has no body."""
    wire.answers["/a"] = answer(b"", "Location: /b", status=status)
    wire.answers["/b"] = answer(b"here")

    with connection.get(f"{wire.url}/a", headers={}, route=str, method="POST") as got:
        assert got.page() == "here"
    assert [head.split(" ")[0] for head in wire.heads] == ["POST", method]
    assert "Content-Length: 0\r\n" in wire.heads[0]
