"""What is served, byte for byte, and what is not, whoever asks for it."""

from __future__ import annotations

import hashlib
import os
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from evio_data._sharing.handler import Patience
from tests.conftest import MIB, noise
from tests.sharing.clients import (
    ASK,
    FAN,
    LAST,
    Server,
    fill,
    prepare,
    received,
    serving,
)


def send_for_ever(line: socket.socket, data: bytes, every: float = 0.0) -> None:
    """Send the same bytes again and again."""
    while True:
        line.sendall(data)
        time.sleep(every)


def test_whole_file(public: Server) -> None:
    """A verified file comes with its length, its hash as ETag, and the promise of ranges."""
    head, body = public.get("/fan/fan.raw")

    assert body == FAN
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(FAN)}".encode() in head
    assert f'ETag: "{hashlib.sha256(FAN).hexdigest()}"'.encode() in head
    assert b"Accept-Ranges: bytes" in head


def test_range(public: Server) -> None:
    """A range comes as such."""
    head, body = public.get("/fan/fan.raw", "Range: bytes=1000-1999")

    assert body == FAN[1000:2000]
    assert head.startswith(b"HTTP/1.1 206 ")
    assert f"Content-Range: bytes 1000-1999/{len(FAN)}".encode() in head


def test_range_beyond_the_end(public: Server) -> None:
    """A range beyond the end is a 416 that tells the size."""
    head, body = public.get("/fan/fan.raw", f"Range: bytes={len(FAN)}-")

    assert head.startswith(b"HTTP/1.1 416 ")
    assert f"Content-Range: bytes */{len(FAN)}".encode() in head
    assert body == b""


def test_head(public: Server) -> None:
    """HEAD tells what GET would, without the bytes."""
    head, body = public.get("/fan/fan.raw", method="HEAD")

    assert f"Content-Length: {len(FAN)}".encode() in head
    assert body == b""


def test_head_has_no_ranges(public: Server) -> None:
    """A range is a matter of GET alone: HEAD tells of the whole file."""
    head, _ = public.get("/fan/fan.raw", "Range: bytes=5-9", method="HEAD")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(FAN)}".encode() in head


def test_another_version_is_asked_for(public: Server) -> None:
    """Who goes on with the bytes of another version gets none of this one."""
    head, body = public.get("/fan/fan.raw", 'If-Match: "another"', "Range: bytes=5-")

    assert head.startswith(b"HTTP/1.1 412 ")
    assert body == b""


def test_not_modified(public: Server) -> None:
    """Who has the bytes already is told so, without a body."""
    tag = f'If-None-Match: "{hashlib.sha256(FAN).hexdigest()}"'
    head, body = public.get("/fan/fan.raw", tag)

    assert head.startswith(b"HTTP/1.1 304 ")
    assert body == b""


def test_index(public: Server) -> None:
    """The root lists the keys that can be had, as plain text."""
    head, body = public.get("/")

    assert body == b"fan/fan.raw\n"
    assert b"Content-Type: text/plain" in head


def test_one_line_for_many_requests(public: Server) -> None:
    """A connection serves one request after the other, pipelined ones too."""
    answer = public.message(ASK + ASK + LAST)

    assert answer.count(b"HTTP/1.1 206 ") == 3
    assert answer.count(FAN[:10]) == 3


def test_empty_lines_between_requests(public: Server) -> None:
    """An empty line after a request, as some clients send, is no request."""
    answer = public.message(ASK + b"\r\n" + LAST)

    assert answer.count(b"HTTP/1.1 206 ") == 2


def test_request_in_pieces(public: Server) -> None:
    """A head may come byte by byte."""
    with closing(public.connect()) as line:
        for byte in LAST:
            line.sendall(bytes([byte]))
        assert received(line).endswith(b"\r\n\r\n" + FAN[:10])


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is served as one."""
    fill(tmp_path, {"empty.raw": b""})
    with serving(tmp_path) as server:
        head, body = server.get("/empty.raw")

    assert b"Content-Length: 0" in head
    assert body == b""


def test_names_that_need_quoting(tmp_path: Path) -> None:
    """A key with blanks and letters of the world is asked for percent-encoded."""
    fill(tmp_path, {"größe 1/é.raw": b"x"})
    with serving(tmp_path) as server:
        assert server.get("/gr%C3%B6%C3%9Fe%201/%C3%A9.raw")[1] == b"x"
        assert server.get("/")[1].decode() == "größe 1/é.raw\n"


@pytest.mark.parametrize(
    "target",
    [
        "/secret",
        "/../secret",
        "/fan/../secret",
        "/fan/../fan/fan.raw",
        "/./fan/fan.raw",
        "//fan/fan.raw",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/%2e%2e%2f%2e%2e%2fetc%2fpasswd",
        "/%252e%252e%252fsecret",
        "/..%5csecret",
        "/..\\secret",
        "/fan\\fan.raw",
        "//etc/passwd",
        "/%2fetc%2fpasswd",
        "/fan/fan.raw%00",
        "/fan/fan.raw%00.html",
        "/fan/fan.raw/",
        "/fan",
        "/fan/",
        "/FAN/FAN.RAW",
        "/%c0%ae%c0%ae/secret",
        "/%ff%fe",
        "/C:/secret",
        "/CACHEDIR.TAG",
        "/.evio-data/fan/fan.raw/stamp",
        "/registry.txt",
        "/hover.raw",
        "http://x/../secret",
        "file:///etc/passwd",
        "*",
    ],
)
def test_nothing_else_can_be_read(public: Server, target: str) -> None:
    """Only keys of the registry name anything: every other path is a 404 without content."""
    head, body = public.get(target)

    assert head.split()[1] == b"404"
    assert body == b"Nothing verified has this name.\n"


def test_link_under_a_key(tmp_path: Path, server: Server) -> None:
    """A symbolic link that takes a key's place is not followed."""
    final = tmp_path / "cache/fan/fan.raw"
    final.unlink()
    final.symlink_to(tmp_path / "secret")

    assert server.status("/fan/fan.raw") == 404


def test_folder_that_became_a_link(tmp_path: Path, server: Server) -> None:
    """A folder that becomes a link to elsewhere serves nothing that was not verified."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "fan.raw").write_bytes(b"x" * len(FAN))
    (tmp_path / "cache/fan").rename(tmp_path / "cache/old")
    (tmp_path / "cache/fan").symlink_to(elsewhere)

    assert server.status("/fan/fan.raw") == 404


def test_fifo_under_a_key(tmp_path: Path, server: Server) -> None:
    """A pipe under a key is neither served nor waited for."""
    (tmp_path / "cache/fan/fan.raw").unlink()
    os.mkfifo(tmp_path / "cache/fan/fan.raw")

    assert server.status("/fan/fan.raw") == 404


def test_changed_file(tmp_path: Path, server: Server) -> None:
    """A file that changed since it was verified is not served, nor listed."""
    (tmp_path / "cache/fan/fan.raw").write_bytes(b"changed")

    assert server.status("/fan/fan.raw") == 404
    assert server.get("/")[1] == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"])
def test_read_only(public: Server, method: str) -> None:
    """Whatever would write is refused, and told what is possible."""
    head, _ = public.get("/fan/fan.raw", method=method)

    assert head.split()[1] == b"405"
    assert b"Allow: GET, HEAD" in head


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n"],
)
def test_nonsense(public: Server, request_bytes: bytes) -> None:
    """What is no request gets a 400, and the line is closed."""
    assert public.message(request_bytes).startswith(b"HTTP/1.1 400 ")
    assert public.status("/fan/fan.raw") == 200


def test_endless_head(public: Server) -> None:
    """A head without end is cut, and does not fill the memory."""
    with closing(public.connect()) as line, pytest.raises(ConnectionError):
        send_for_ever(line, b"GET /" + b"a" * 6000 + b" HTTP/1.1\r\n")
    assert public.status("/fan/fan.raw") == 200


@pytest.mark.parametrize("drip", [b"\r\n", b"A"])
def test_a_head_has_its_time(tmp_path: Path, drip: bytes) -> None:
    """A client that sends a byte now and then has its place for a time, not for ever."""
    prepare(tmp_path)
    with (
        serving(tmp_path, patience=Patience(head=0.3)) as impatient,
        closing(impatient.connect()) as line,
        pytest.raises(ConnectionError),
    ):
        send_for_ever(line, drip, 0.05)


def test_a_body_of_a_request(public: Server) -> None:
    """A request with a body gets its answer, though nobody reads the body."""
    body = b"Content-Length: 100000\r\n\r\n" + bytes(100_000)
    answer = public.message(b"POST /fan/fan.raw HTTP/1.1\r\nHost: x\r\n" + body)

    assert answer.startswith(b"HTTP/1.1 400 ")


def test_large_file_is_sent_whole(tmp_path: Path) -> None:
    """A file larger than any buffer arrives whole, in ranges over several lines."""
    large = noise(24 * MIB)
    fill(tmp_path, {"large.raw": large})
    with serving(tmp_path) as server, ThreadPoolExecutor(4) as pool:

        def part(number: int) -> bytes:
            start = number * 6 * MIB
            return server.get("/large.raw", f"Range: bytes={start}-{start + 6 * MIB - 1}")[1]

        assert b"".join(pool.map(part, range(4))) == large
