"""Answers that come slowly, and interim answers without end."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import pairwise
from urllib.parse import urlsplit

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]
RawGet = Callable[..., tuple[bytes, bytes, bool]]

DATA = b"0123456789" * 10
PATH = "/plain/fan.raw"
_TIMEOUT = 20  # seconds; only ever reached by a bug


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan, with pauses too short to notice."""
    return server.add("fan.raw", DATA, drip_pause=0.0005)


def pieces(server: DriveServer, path: str) -> Iterator[bytes]:
    """Yield what arrives at a time."""
    with closing(socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while piece := client.recv(65536):
            yield piece


@pytest.mark.parametrize("drip", ["head-bytes", "head-lines"])
def test_slow_head_arrives_whole(server: DriveServer, ask: Ask, file: DriveFile, drip: str) -> None:
    """A head that comes slowly is the same head, of data and of pages."""
    usual = ask(server.plain_url(file)).headers
    file.drip = drip  # type: ignore[assignment]
    answer = ask(server.plain_url(file))
    assert answer.content == DATA
    assert {**answer.headers, "Date": ""} == {**usual, "Date": ""}
    file.errors = [503]
    assert ask(server.plain_url(file)).status_code == 503


@pytest.mark.parametrize(
    ("drip", "first"), [("head-bytes", b"H"), ("head-lines", b"HTTP/1.1 200 OK\r\n")]
)
def test_head_comes_in_pieces(
    server: DriveServer, file: DriveFile, drip: str, first: bytes
) -> None:
    """The first piece comes alone, and the next after a pause."""
    file.drip, file.drip_pause = drip, 0.2  # type: ignore[assignment]
    assert next(pieces(server, PATH)) == first


def test_useless_header_lines(raw_get: RawGet, file: DriveFile) -> None:
    """A head may have as many lines as wanted; they come last."""
    file.drip_lines = 200
    head, body, _ = raw_get(PATH, "Connection: close")
    assert len(re.findall(rb"\r\nX-Drip-\d+: ", head)) == 200
    assert head.rpartition(b"\r\n")[2].startswith(b"X-Drip-199")
    assert body == DATA


@pytest.mark.parametrize("status", [100, 102, 103])
def test_interim_answers_come_first(raw_get: RawGet, file: DriveFile, status: int) -> None:
    """So many 1xx answers come before the real one."""
    file.informational, file.informational_status = 3, status
    head, body, _ = raw_get(PATH, "Connection: close")
    answers = (head + b"\r\n\r\n" + body).split(b"\r\n\r\n")
    assert [int(each.split()[1]) for each in answers[:-1]] == [status] * 3 + [200]
    assert answers[-1] == DATA


def test_flood_of_interim_answers(server: DriveServer, file: DriveFile) -> None:
    """A flood goes on for as long as the client reads."""
    file.informational, file.drip_pause = 10**9, 0
    arrived = pieces(server, PATH)
    taken = b"".join(next(arrived) for _ in range(20))
    arrived.close()  # type: ignore[attr-defined]
    assert set(taken.split(b"\r\n\r\n")[:-1]) == {b"HTTP/1.1 100 Continue"}


def test_slow_page(server: DriveServer, file: DriveFile) -> None:
    """A page comes byte by byte, its head at once."""
    file.refuse, file.drip, file.drip_pause = "not-found", "body", 0.05
    arrived = pieces(server, PATH)
    head, body = next(arrived), next(arrived)
    assert head.endswith(b"\r\n\r\n")
    assert body == b"<"


def test_slow_redirect(ask: Ask, file: DriveFile) -> None:
    """A redirect has a body, and its length, when that is to come slowly."""
    file.drip, file.drip_pause = "body", 0
    answer = ask(file.url)
    assert answer.status_code == 303
    assert "Moved Temporarily" in answer.text
    assert len(answer.content) == int(answer.headers["Content-Length"])


def test_slow_body_is_not_that_of_data(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Data have a rate of their own: only pages and redirects come slowly."""
    file.drip, file.drip_pause = "body", 60
    assert ask(server.plain_url(file)).content == DATA


def test_slow_trailers(server: DriveServer, file: DriveFile) -> None:
    """Trailer fields come one after the other, the data before them at once."""
    file.length, file.drip, file.trailers, file.drip_pause = "chunked", "trailers", 3, 0.02
    arrived = b""
    chunks = pieces(server, PATH)
    while not arrived.endswith(b"0\r\n"):
        arrived += next(chunks)
    assert DATA in arrived
    fields = [next(chunks) for _ in range(4)]
    assert [field[:11] for field in fields] == [b"X-Trailer-%d" % n for n in range(3)] + [b"\r\n"]


@pytest.mark.parametrize(("hop", "slow"), [("uc", [True, False]), ("download", [False, True])])
def test_one_hop_is_slow(ask: Ask, file: DriveFile, hop: str, slow: list[bool]) -> None:
    """Only the answers of that hop are sent in the odd way."""
    file.drip_lines, file.drip_at = 5, hop  # type: ignore[assignment]
    bytes_url = f"https://drive.usercontent.google.com/download?id={file.id}"
    answers = [ask(file.url), ask(bytes_url)]
    assert ["X-Drip-0" in answer.headers for answer in answers] == slow


@pytest.mark.parametrize(("option", "value"), [("drip", "head-bytes"), ("informational", 10**9)])
def test_close_ends_a_pause(option: str, value: object) -> None:
    """Closing the server ends a connection that would pause for an hour."""
    before = threading.active_count()
    with DriveServer() as server:
        setattr(server.add("fan.raw", DATA, drip_pause=3600), option, value)
        client = socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)
        client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        while not server.requests:
            time.sleep(0.002)
    assert threading.active_count() == before
    client.close()


# --- latency ---------------------------------------------------------------------------------


def test_latency_delays_each_answer(server: DriveServer, file: DriveFile) -> None:
    """Each answer comes a round trip after its request, the first one two."""
    server.latency = 0.05
    with requests.Session() as session:
        session.trust_env = False
        for _ in range(3):
            session.get(server.plain_url(file), timeout=_TIMEOUT)
    starts = [record.started for record in server.requests]
    assert all(later - earlier >= 0.05 for earlier, later in pairwise(starts))
    assert len({record.client_port for record in server.requests}) == 1


def test_redirect_costs_a_round_trip_more(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """The latency holds for every answer, a redirect too."""
    server.latency = 0.03
    location = ask(file.url).headers["Location"]
    ask(f"https://{urlsplit(location).netloc}{urlsplit(location).path}?id={file.id}")
    first, second = server.requests
    assert second.started - first.started >= 0.03
