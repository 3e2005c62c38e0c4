"""Answers that are odd in ways that no bug report told of: the file comes all the same."""

from __future__ import annotations

import gzip
import hashlib
import re
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from evio_data import Registry
from tests.conftest import noise
from tests.http.wire import Wire, answer, redirect

DATA = noise(60_000)
SHA256 = hashlib.sha256(DATA).hexdigest()
PACKED = gzip.compress(DATA)
Speak = Callable[[str], bytes]  # the head of a request in, the bytes of an answer out


def _ranged(head: str) -> re.Match[str] | None:
    return re.search(r"\r\nRange: bytes=(\d+)-(\d*)\r\n", f"{head}\r\n", re.IGNORECASE)


def _ordinary(head: str, *lines: str, status: str | None = None) -> bytes:
    asked = _ranged(head)
    if asked is None:
        return answer(DATA, *lines, status=status or "200 OK")
    start, stop = int(asked[1]), min(int(asked[2] or len(DATA)) + 1, len(DATA))
    where = f"Content-Range: bytes {start}-{stop - 1}/{len(DATA)}"
    return answer(DATA[start:stop], *lines, where, status=status or "206 Partial Content")


def _without_range_only(head: str, status: str) -> bytes:
    return answer(b"", status=status) if _ranged(head) else answer(DATA)


def _first(status: str) -> Callable[[], Speak]:
    """Return one that has another status for the first request."""

    def make() -> Speak:
        said = iter([answer(b"", status=status)])
        return lambda head: next(said, b"") or _ordinary(head)

    return make


def _cut_once(later: Speak) -> Callable[[], Speak]:
    """Return one that breaks off half way first, and is odd after that."""

    def make() -> Speak:
        said = iter([answer(DATA)[:-30_000]])
        return lambda head: next(said, None) or later(head)

    return make


def _hops(count: int) -> Speak:
    def speak(head: str) -> bytes:
        hop = int((re.search(r"hop=(\d+)", head) or ["", "0"])[1])
        return redirect(f"/fan.raw?hop={hop + 1}") if hop < count else _ordinary(head)

    return speak


def _coded(label: str, body: bytes = PACKED) -> Speak:
    return lambda _: answer(body, f"Content-Encoding: {label}")


ODD: dict[str, Callable[[], Speak]] = {
    "empty lines first": lambda: lambda head: b"\r\n\r\n" + _ordinary(head),
    "lower case": lambda: lambda head: _ordinary(head).replace(b"HTTP", b"http", 1),
    "no reason": lambda: lambda head: _ordinary(head, status="206" if _ranged(head) else "200"),
    "no field": lambda: lambda head: _ordinary(head, "no field"),
    "blank before the colon": lambda: (
        lambda head: _ordinary(head).replace(b"-Length:", b"-Length :")
    ),
    "folded": lambda: lambda head: _ordinary(head, "X-A:\r\n folded"),
    "300 fields": lambda: lambda head: _ordinary(head, *["X: y"] * 300),
    "a long field": lambda: lambda head: _ordinary(head, "X: " + "y" * 100_000),
    "300 with a place": lambda: (
        lambda head: (
            _ordinary(head)
            if "hop=" in head
            else answer(b"", "Location: /fan.raw?hop=1", status="300 Multiple Choices")
        )
    ),
    "20 redirects": lambda: _hops(20),
    "404 to a range": lambda: lambda head: _without_range_only(head, "404 Not Found"),
    "412 to a range": lambda: lambda head: _without_range_only(head, "412 Precondition Failed"),
    "417 to a range": lambda: lambda head: _without_range_only(head, "417 Expectation Failed"),
    "no answer to a range": lambda: lambda head: b"" if _ranged(head) else answer(DATA),
    "421 once": _first("421 Misdirected Request"),
    "202 once": _first("202 Accepted"),
    "coded twice": lambda: _coded("gzip, gzip", gzip.compress(PACKED)),
    "coded once, said twice": lambda: _coded("gzip, gzip"),
    "coded, and a label": lambda: _coded("identity, gzip"),
    "coded, and Amazon's label": lambda: _coded("aws-chunked,gzip"),
    "coded, then padded": lambda: _coded("gzip", PACKED + bytes(100)),
    "coded, then something": lambda: _coded("gzip", PACKED + b"something"),
    "coded in members": lambda: _coded("gzip", gzip.compress(DATA[:9]) + gzip.compress(DATA[9:])),
    "coded by the transfer": lambda: (
        lambda _: answer(
            b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED),
            "Transfer-Encoding: gzip, chunked",
            length=False,
        )
    ),
    "cut, then 500 to ranges": _cut_once(lambda head: _without_range_only(head, "500 Oops")),
    "cut, then 404 to ranges": _cut_once(lambda head: _without_range_only(head, "404 Not Found")),
    "cut, then silence to ranges": _cut_once(lambda head: b"" if _ranged(head) else answer(DATA)),
    "a length that is too long": lambda: lambda _: answer(DATA).replace(b"60000", b"60100", 1),
}


@pytest.mark.parametrize("odd", ODD)
def test_comes(wire: Wire, tmp_path: Path, odd: str) -> None:
    """With a published hash and no size, each of these answers brings the file, and its bytes."""
    speak = ODD[odd]()

    def say(client: socket.socket) -> None:
        client.sendall(speak(wire.heads[-1]))

    wire.answers["/fan.raw"] = say
    (tmp_path / "registry.txt").write_text(f"fan.raw {SHA256} {wire.url}/fan.raw\n")
    registry = Registry.open(tmp_path / "registry.txt", cache_dir=tmp_path / "cache")
    assert Path(registry.fetch("fan.raw")).read_bytes() == DATA


def test_a_length_that_is_too_long_needs_a_hash(wire: Wire, tmp_path: Path) -> None:
    """Without a published hash a body that ends before its length is cut, and is not pinned."""
    wire.answers["/fan.raw"] = lambda client: client.sendall(
        answer(DATA).replace(b"60000", b"60100", 1)
    )
    (tmp_path / "registry.txt").write_text(f"fan.raw unpinned {wire.url}/fan.raw\n")
    registry = Registry.open(tmp_path / "registry.txt", cache_dir=tmp_path / "cache")
    with pytest.raises(OSError, match="cut short"):
        registry.fetch("fan.raw")
    assert not (tmp_path / "cache" / "fan.raw").exists()


@pytest.mark.parametrize("status", ["300 Multiple Choices", "304 Not Modified", "305 Use Proxy"])
def test_a_redirect_to_nowhere_is_told_at_once(wire: Wire, tmp_path: Path, status: str) -> None:
    """A status that leads elsewhere and does not say where is no reason to ask again."""
    wire.answers["/fan.raw"] = answer(b"", status=status)
    (tmp_path / "registry.txt").write_text(f"fan.raw {SHA256} {wire.url}/fan.raw\n")
    registry = Registry.open(tmp_path / "registry.txt", cache_dir=tmp_path / "cache")
    with pytest.raises(OSError, match=rf"answered {status[:3]}"):
        registry.fetch("fan.raw")
    assert len(wire.heads) == 1
