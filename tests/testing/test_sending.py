"""How bodies are delimited, and what comes after their last byte."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable
from contextlib import closing

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]
RawGet = Callable[..., tuple[bytes, bytes, bool]]

DATA = bytes(range(256)) * 16
SIZE = len(DATA)
PATH = "/plain/fan.raw"
_TIMEOUT = 20  # seconds; only ever reached by a bug


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan.raw", DATA)


def received(server: DriveServer, count: int) -> tuple[bytes, socket.socket]:
    """Ask for the file; return the first bytes of the answer, and the open connection."""
    client = socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)
    client.sendall(f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    data = b""
    while len(data.partition(b"\r\n\r\n")[2]) < count:
        data += client.recv(65536)
    return data, client


@pytest.mark.parametrize(
    ("length", "sent"),
    [
        ("exact", [str(SIZE).encode()]),
        ("twice", [str(SIZE).encode()] * 2),
        ("list", [f"{SIZE}, {SIZE}".encode()]),
        ("chunked", []),
        ("absent", []),
    ],
)
def test_content_length(raw_get: RawGet, file: DriveFile, length: str, sent: list[bytes]) -> None:
    """The length is sent once, twice, as a list, or not at all."""
    file.length = length  # type: ignore[assignment]
    head, _, _ = raw_get(PATH, "Connection: close")
    assert re.findall(rb"\r\nContent-Length: ([^\r]*)", head) == sent


@pytest.mark.parametrize("length", ["twice", "list"])
def test_equal_lengths_are_one_length(
    server: DriveServer, ask: Ask, file: DriveFile, length: str
) -> None:
    """A client gets the file; one that cannot read a list waits for the end of the connection."""
    file.length = length  # type: ignore[assignment]
    assert ask(server.plain_url(file), Connection="close").content == DATA


@pytest.mark.parametrize("rate", [None, 200_000])
def test_chunks_have_the_size_asked_for(
    raw_get: RawGet, file: DriveFile, rate: float | None
) -> None:
    """Chunks are as long as `chunk_size`, whatever is sent at a time."""
    file.length, file.chunk_size, file.rate = "chunked", 1000, rate
    _, body, _ = raw_get(PATH, "Connection: close")
    sizes, data = [], b""
    while body:
        size, _, body = body.partition(b"\r\n")
        sizes.append(int(size, 16))
        data, body = data + body[: sizes[-1]], body[sizes[-1] + 2 :]
    assert (sizes, data) == ([1000] * 4 + [96, 0], DATA)


def test_cut_inside_a_chunk(raw_get: RawGet, file: DriveFile) -> None:
    """A cut inside a chunk leaves its announced length unfulfilled."""
    file.length, file.chunk_size, file.cut_after, file.cut_how = "chunked", 1000, 1500, "close"
    _, body, _ = raw_get(PATH)
    assert body == b"3e8\r\n" + DATA[:1000] + b"\r\n3e8\r\n" + DATA[1000:1500]


def test_last_chunk_is_missing_at_the_close(raw_get: RawGet, file: DriveFile) -> None:
    """All bytes arrive and the connection closes, without the chunk that ends the body."""
    file.length, file.last_chunk = "chunked", "close"
    _, body, reset = raw_get(PATH)
    assert (body, reset) == (b"1000\r\n" + DATA + b"\r\n", False)


def test_last_chunk_never_comes(server: DriveServer, file: DriveFile) -> None:
    """All bytes arrive, and then nothing more on a connection that stays open."""
    file.length, file.last_chunk = "chunked", "never"
    expected = b"1000\r\n" + DATA + b"\r\n"
    data, client = received(server, len(expected))
    with closing(client):
        assert data.endswith(expected)
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)


def test_trailers(raw_get: RawGet, server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Trailer fields follow the last chunk, and a client reads past them."""
    file.length, file.trailers = "chunked", 2
    head, body, _ = raw_get(PATH, "Connection: close")
    assert b"\r\nTrailer: X-Trailer-0" in head
    end = body.partition(b"\r\n0\r\n")[2].split(b"\r\n")
    assert [line.partition(b":")[0] for line in end] == [b"X-Trailer-0", b"X-Trailer-1", b"", b""]
    assert ask(server.plain_url(file)).content == DATA


@pytest.mark.parametrize(("case", "name"), [("lower", b"content-type"), ("upper", b"CONTENT-TYPE")])
def test_case_of_header_names(raw_get: RawGet, file: DriveFile, case: str, name: bytes) -> None:
    """All header names are in the case asked for, also those of pages."""
    file.header_case = case  # type: ignore[assignment]
    for errors in ([], [503]):
        file.errors = errors
        head, _, _ = raw_get(PATH, "Connection: close")
        names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:]]
        assert name in names
        assert all(getattr(each, case)() == each for each in names)


@pytest.mark.parametrize("option", [{"http_version": "1.0"}, {"keep_alive": False}], ids=str)
@pytest.mark.parametrize("errors", [[], [503]])
def test_connection_closes_after_an_answer(
    raw_get: RawGet, file: DriveFile, option: dict[str, object], errors: list[int]
) -> None:
    """A client that asked for a lasting connection finds it closed after data and after pages."""
    for name, value in option.items():
        setattr(file, name, value)
    file.errors, status = list(errors), 503 if errors else 200
    head, body, reset = raw_get(PATH)
    assert head.startswith(f"HTTP/{file.http_version} {status} ".encode())
    assert (body == DATA, reset) == (status == 200, False)
    assert file.keep_alive or b"Connection: close" not in head
