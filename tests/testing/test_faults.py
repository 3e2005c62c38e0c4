"""Where a body ends early, and how; and which of its bytes are wrong."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import closing

import pytest

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, SIZE, Ask, bytes_url

RawGet = Callable[..., tuple[bytes, bytes, bool]]


def test_one_wrong_byte(ask: Ask, file: DriveFile) -> None:
    """The byte in the middle of the file is inverted, as often as is set."""
    file.garble, file.garble_times = "flip", 1
    assert ask(bytes_url(file), Range="bytes=0-9").content == DATA[:10]
    damaged = ask(bytes_url(file)).content
    assert [place for place in range(SIZE) if damaged[place] != DATA[place]] == [SIZE // 2]
    assert ask(bytes_url(file)).content == DATA


def test_damage_of_ones_own(ask: Ask, file: DriveFile) -> None:
    """A function sees the bytes and where in the file they are."""
    file.garble = lambda data, offset: data if offset else b"#" * len(data)
    assert ask(bytes_url(file)).content == b"#" * SIZE
    assert ask(bytes_url(file), Range="bytes=10-").content == DATA[10:]


def test_endless_body_can_be_cut(raw_get: RawGet, file: DriveFile) -> None:
    """A body longer than announced ends where it is cut."""
    file.endless, file.cut_after, file.cut_how = True, SIZE + 10, "close"
    head, body, _ = raw_get(f"/download?id={file.id}")
    assert f"Content-Length: {SIZE}\r\n".encode() in head + b"\r\n"
    assert body == DATA + bytes(10)


def test_stalled_body(server: DriveServer, file: DriveFile) -> None:
    """A stalled body sends so much, then nothing; the next one is whole if so counted."""
    file.stall_after, file.stall_times = 100, 1
    request = f"GET /download?id={file.id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()
    with closing(socket.create_connection(("127.0.0.1", server.port))) as client:
        client.sendall(request)
        received = b""
        while len(received.partition(b"\r\n\r\n")[2]) < 100:
            received += client.recv(65536)
        client.settimeout(0.05)
        with pytest.raises(TimeoutError):
            client.recv(1)
    assert server.sent(file) == 100
    assert file.stall_times == 0


def test_reset_comes_after_the_promised_bytes(raw_get: RawGet, small: DriveFile) -> None:
    """A8: a cut by reset lets exactly so many bytes through."""
    small.cut_after, small.cut_how = 1000, "reset"
    head, body, reset = raw_get(f"/download?id={small.id}")
    assert f"Content-Length: {SIZE}".encode() in head
    assert (body, reset) == (DATA[:1000], True)


def test_clean_close_short_of_the_length(raw_get: RawGet, small: DriveFile) -> None:
    """A8: a cut by close is a clean end, short of Content-Length."""
    small.cut_after, small.cut_how = 1000, "close"
    head, body, reset = raw_get(f"/download?id={small.id}")
    assert f"Content-Length: {SIZE}".encode() in head
    assert (body, reset) == (DATA[:1000], False)


def test_cut_chunked_body_has_no_last_chunk(raw_get: RawGet, small: DriveFile) -> None:
    """A8: a chunked body that is cut lacks the chunk that ends it."""
    small.length, small.cut_after, small.cut_how = "chunked", 1000, "close"
    _, body, _ = raw_get(f"/download?id={small.id}")
    assert body == b"%x\r\n%b\r\n" % (1000, DATA[:1000])


def test_cuts_are_counted(raw_get: RawGet, ask: Ask, small: DriveFile) -> None:
    """A8: after so many cuts the line holds."""
    small.cut_after, small.cut_times = 1000, 2
    cut = [raw_get(f"/download?id={small.id}")[2] for _ in range(2)]
    assert cut == [True, True]
    assert ask(bytes_url(small)).content == DATA


def test_body_shorter_than_the_cut_is_whole(ask: Ask, small: DriveFile) -> None:
    """A8: a range that ends before the cut neither suffers nor uses it up."""
    small.cut_after, small.cut_times = 1000, 1
    assert ask(bytes_url(small), Range="bytes=0-9").content == DATA[:10]
    assert small.cut_times == 1
