"""Codings and labels of a body, odd answers to a range, and headers of one's own."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]
RawGet = Callable[..., tuple[bytes, bytes, bool]]

DATA = bytes(range(256)) * 16
SIZE = len(DATA)
PATH = "/plain/fan.raw"


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan.raw", DATA)


@pytest.mark.parametrize(
    "label", ["gzip", "x-gzip", "aws-chunked", "utf-8", "binary", "none", "8bit"]
)
def test_label_over_bytes_that_are_not_coded(raw_get: RawGet, file: DriveFile, label: str) -> None:
    """A label says that the bytes are coded, and they are not."""
    file.content_encoding = label
    head, body, _ = raw_get(PATH, "Connection: close", "Accept-Encoding: identity")
    assert f"\r\nContent-Encoding: {label}\r\n".encode() in head
    assert body == DATA


def test_transfer_encoding_identity(raw_get: RawGet, file: DriveFile) -> None:
    """RFC 2616's label stands beside the length."""
    file.transfer_encoding = "identity"
    head, body, _ = raw_get(PATH, "Connection: close")
    assert b"\r\nTransfer-Encoding: identity\r\n" in head
    assert f"\r\nContent-Length: {SIZE}".encode() in head
    assert body == DATA


@pytest.mark.parametrize(
    ("coding", "label", "decode"),
    [
        ("gzip", b"gzip", gzip.decompress),
        ("deflate", b"deflate", zlib.decompress),
        ("raw-deflate", b"deflate", lambda data: zlib.decompress(data, wbits=-15)),
    ],
)
@pytest.mark.parametrize("asked", ["Accept-Encoding: identity", "Range: bytes=100-"])
def test_compressed_whatever_is_asked_for(
    raw_get: RawGet,
    file: DriveFile,
    coding: str,
    label: bytes,
    decode: Callable[[bytes], bytes],
    asked: str,
) -> None:
    """The whole file is compressed, and ranges are ignored."""
    file.compress = coding  # type: ignore[assignment]
    head, body, _ = raw_get(PATH, "Connection: close", asked)
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nContent-Encoding: " + label + b"\r\n" in head
    assert b"\r\nContent-Length: %d" % len(body) in head
    assert b"Accept-Ranges" not in head
    assert len(body) < SIZE
    assert decode(body) == DATA


@pytest.mark.parametrize("length", ["exact", "chunked"])
@pytest.mark.parametrize("coding", ["gzip", "deflate", "raw-deflate"])
def test_ordinary_client_decodes(
    server: DriveServer, ask: Ask, file: DriveFile, coding: str, length: str
) -> None:
    """An ordinary client delivers the decoded file."""
    file.compress, file.length = coding, length  # type: ignore[assignment]
    assert ask(server.plain_url(file)).content == DATA


def test_compressed_file_is_replaced(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """A new version is compressed anew."""
    file.compress = "gzip"
    assert ask(server.plain_url(file)).content == DATA
    file.replace(b"new")
    assert ask(server.plain_url(file)).content == b"new"


@pytest.mark.parametrize("status", [400, 403, 405, 406, 416, 501, 503])
@pytest.mark.parametrize("host", ["plain", "drive"])
def test_range_is_refused(
    server: DriveServer, ask: Ask, file: DriveFile, status: int, host: str
) -> None:
    """Each request with a range is refused, and the plain one served."""
    file.range_status = status
    drive = f"https://drive.usercontent.google.com/download?id={file.id}"
    url = server.plain_url(file) if host == "plain" else drive
    assert ask(url, Range="bytes=0-").status_code == status
    assert ask(url, Range="bytes=5-9").status_code == status
    assert ask(url).content == DATA


def test_another_status_of_success(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """A whole file comes with 203, a part with 206 as ever."""
    file.ok_status = 203
    answer = ask(server.plain_url(file))
    assert (answer.status_code, answer.content) == (203, DATA)
    assert ask(server.plain_url(file), Range="bytes=5-").status_code == 206


def test_total_is_not_told(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """``Content-Range`` may leave the total out: RFC 9110 section 14.4."""
    file.ranges = "no-total"
    answer = ask(server.plain_url(file), Range="bytes=5-9")
    assert (answer.status_code, answer.content) == (206, DATA[5:10])
    assert answer.headers["Content-Range"] == "bytes 5-9/*"


def test_one_range_in_several_parts(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """One range comes wrapped as multipart/byteranges of one part."""
    file.ranges = "multipart"
    answer = ask(server.plain_url(file), Range="bytes=5-9")
    kind, _, boundary = answer.headers["Content-Type"].partition("; boundary=")
    assert (answer.status_code, kind) == (206, "multipart/byteranges")
    assert "Content-Range" not in answer.headers
    head, _, rest = answer.content.partition(b"\r\n\r\n")
    assert b"Content-Range: bytes 5-9/%d" % SIZE in head
    assert rest == DATA[5:10] + f"\r\n--{boundary}--\r\n".encode()


def test_ranges_are_honoured_though_denied(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """``Accept-Ranges: none`` need not be true."""
    file.accept_ranges = "none"
    answer = ask(server.plain_url(file), Range="bytes=5-9")
    assert (answer.headers["Accept-Ranges"], answer.content) == ("none", DATA[5:10])


def test_headers_of_ones_own(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Further headers replace those of the same name, and None removes one."""
    file.headers = {"content-type": "x/y", "X-Odd": "1", "Accept-Ranges": None}
    answer = ask(server.plain_url(file))
    assert (answer.headers["Content-Type"], answer.headers["X-Odd"]) == ("x/y", "1")
    assert "Accept-Ranges" not in answer.headers
