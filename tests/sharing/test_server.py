"""Serve: the verified cache for the neighbours, and nothing else for anybody."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from evio_data._collection import open_collection
from evio_data._importing.importer import import_paths
from evio_data._sharing.http_request import MalformedError, parse, select
from tests.conftest import MIB, noise

MAIN = "from evio_data._cli.main import main; main()"
ETAG = '"e"'
FAN = noise(200_000)


class Neighbour:
    """A process that serves a cache."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.process = process
        self.port = port
        self._words: list[str] = []
        self._listener = threading.Thread(target=self._listen)
        self._listener.start()

    def _listen(self) -> None:
        assert self.process.stderr is not None
        self._words.extend(self.process.stderr)

    def end(self) -> str:
        """Press Ctrl-C once it is at work, and return all that it said."""
        self.get("/")
        self.process.send_signal(signal.SIGINT)
        assert self.process.wait(10) == 0
        self._listener.join()
        return "".join(self._words)

    def close(self) -> None:
        """End it, in good order if it is still there."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        finally:
            self.process.kill()
            self._listener.join()

    @property
    def url(self) -> str:
        """What is pasted."""
        return f"http://127.0.0.1:{self.port}"

    def message(self, request: bytes) -> bytes:
        """Send bytes, and return all that comes until the end."""
        with closing(self.connect()) as line:
            line.sendall(request)
            return received(line)

    def get(self, target: str, *headers: str, method: str = "GET") -> tuple[bytes, bytes]:
        """Ask for something, and return head and body."""
        lines = [f"{method} {target} HTTP/1.1", "Host: x", *headers, "Connection: close", "", ""]
        head, _, body = self.message("\r\n".join(lines).encode("latin-1")).partition(b"\r\n\r\n")
        return head, body

    def status(self, target: str, *headers: str, method: str = "GET") -> int:
        """Return the status of an answer."""
        return int(self.get(target, *headers, method=method)[0].split()[1])

    def connect(self) -> socket.socket:
        """Return a line to it."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)


def received(line: socket.socket) -> bytes:
    """Return all that comes until the end."""
    data = b""
    while piece := line.recv(65536):
        data += piece
    return data


def send_for_ever(line: socket.socket, data: bytes) -> None:
    """Send the same bytes again and again."""
    while True:
        line.sendall(data)


@contextmanager
def serving(folder: Path, *arguments: str) -> Iterator[Neighbour]:
    """Run ``evio-data serve`` on a free port."""
    places = ["--registry", str(folder / "registry.txt"), "--cache-dir", str(folder / "cache")]
    command = [sys.executable, "-c", MAIN, "serve", "--port", "0", *places, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=dict(os.environ)
    ) as process:
        assert process.stdout is not None
        match = re.search(r"EVIO_DATA_MIRRORS=http://.*:(\d+)$", process.stdout.readline().strip())
        assert match is not None
        running = Neighbour(process, int(match[1]))
        try:
            yield running
        finally:
            running.close()


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Register files, and have them in the cache."""
    registry = folder / "registry.txt"
    lines = []
    for number, (name, content) in enumerate(files.items()):
        known = hashlib.sha256(content).hexdigest()
        lines.append(f"'{name}' {known} https://example.org/{number}#size={len(content)}\n")
        have = folder / "have" / str(number)
        have.parent.mkdir(exist_ok=True)
        have.write_bytes(content)
    registry.write_text("".join(lines), encoding="utf-8")
    import_paths(open_collection(registry, folder / "cache"), [folder / "have"])


def prepare(folder: Path) -> None:
    """Have one verified file, one that is missing, and secrets around them."""
    fill(folder, {"fan/fan.raw": FAN})
    with (folder / "registry.txt").open("a", encoding="utf-8") as file:
        file.write(f"hover.raw {'0' * 64} https://example.org/x\n")
    (folder / "secret").write_text("secret")
    (folder / "cache" / "secret").write_text("secret")


@pytest.fixture
def neighbour(tmp_path: Path) -> Iterator[Neighbour]:
    """A neighbour of this test's own."""
    prepare(tmp_path)
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Neighbour]:
    """One neighbour for all tests that only read."""
    folder = tmp_path_factory.mktemp("public")
    prepare(folder)
    with serving(folder) as running:
        yield running


# --- what a request asks for (no sockets) -----------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "selection"),
    [
        ({}, (200, 0, 100)),
        ({"range": "bytes=0-0"}, (206, 0, 1)),
        ({"range": "bytes=10-19"}, (206, 10, 20)),
        ({"range": "bytes=10-"}, (206, 10, 100)),
        ({"range": "bytes=90-1000"}, (206, 90, 100)),
        ({"range": "bytes=-10"}, (206, 90, 100)),
        ({"range": "bytes=-1000"}, (206, 0, 100)),
        ({"range": "BYTES=5-6"}, (206, 5, 7)),
        ({"range": "bytes=100-"}, (416, 0, 0)),
        ({"range": "bytes=-0"}, (416, 0, 0)),
        ({"range": "bytes=20-10"}, (200, 0, 100)),
        ({"range": "bytes=-"}, (200, 0, 100)),
        ({"range": "bytes=0-1,5-6"}, (200, 0, 100)),
        ({"range": "lines=1-2"}, (200, 0, 100)),
        ({"range": "bytes=99999999999999999999-"}, (200, 0, 100)),
        ({"range": "bytes=5-", "if-range": ETAG}, (206, 5, 100)),
        ({"range": "bytes=5-", "if-range": '"other"'}, (200, 0, 100)),
        ({"range": "bytes=5-", "if-range": f"W/{ETAG}"}, (200, 0, 100)),
        ({"range": "bytes=5-", "if-range": "Tue, 25 Nov 2025 00:00:00 GMT"}, (200, 0, 100)),
        ({"if-none-match": ETAG}, (304, 0, 0)),
        ({"if-none-match": f'"x", W/{ETAG}'}, (304, 0, 0)),
        ({"if-none-match": '"x"'}, (200, 0, 100)),
        ({"if-match": f'"x", {ETAG}', "range": "bytes=5-"}, (206, 5, 100)),
        ({"if-match": "*"}, (200, 0, 100)),
        ({"if-match": '"x"', "range": "bytes=5-"}, (412, 0, 0)),
        ({"if-match": f"W/{ETAG}"}, (412, 0, 0)),
    ],
)
def test_selection(headers: dict[str, str], selection: tuple[int, int, int]) -> None:
    """One range is served, several are not; a condition that does not hold sends the whole."""
    assert select(headers, 100, ETAG) == selection


@pytest.mark.parametrize(
    ("target", "key"),
    [
        ("/fan/fan.raw", "fan/fan.raw"),
        ("/fan%2Ffan.raw", "fan/fan.raw"),
        ("/a%20b?x=1", "a b"),
        ("/%2e%2e/secret", "../secret"),
        ("/%252e%252e/secret", "%2e%2e/secret"),
        ("//etc/passwd", "/etc/passwd"),
        ("/%ff", None),
        ("*", None),
        ("http://127.0.0.1:8417/fan.raw", "fan.raw"),
        ("http://127.0.0.1:8417", None),
    ],
)
def test_key(target: str, key: str | None) -> None:
    """A path is decoded once, and is a word to look up: nothing is resolved in it."""
    assert parse(f"GET {target} HTTP/1.1".encode()).key == key


@pytest.mark.parametrize(
    "head",
    [
        b"",
        b"GET /",
        b"GET / HTTP/2.0",
        b"get / HTTP/1.1",
        b"GET  / HTTP/1.1",
        b"GET /\x00 HTTP/1.1",
        b"GET /\xe9 HTTP/1.1",
        b"GET / HTTP/1.1\r\nno colon",
        b"GET / HTTP/1.1\r\nA: b\r\n folded",
        b"GET / HTTP/1.1\r\nBad name: b",
        b"GET / HTTP/1.1\r\nA: b\x00c",
        b"GET / HTTP/1.1\r\nContent-Length: 5",
        b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked",
        b"GET /" + b"a" * 9000 + b" HTTP/1.1",
    ],
)
def test_malformed(head: bytes) -> None:
    """What is no request without a body is refused."""
    with pytest.raises(MalformedError):
        parse(head)


@pytest.mark.parametrize(
    ("first", "connection", "keep_alive"),
    [
        ("GET / HTTP/1.1", "", True),
        ("GET / HTTP/1.1", "close", False),
        ("GET / HTTP/1.0", "", False),
        ("GET / HTTP/1.0", "Keep-Alive", True),
    ],
)
def test_keep_alive(first: str, connection: str, keep_alive: bool) -> None:
    """HTTP/1.1 goes on unless told otherwise, HTTP/1.0 only if told."""
    line = f"\r\nConnection: {connection}" if connection else ""
    assert parse((first + line).encode()).keep_alive is keep_alive


# --- what is served ---------------------------------------------------------------------------


def test_whole_file(public: Neighbour) -> None:
    """A verified file comes with its length, its hash as ETag, and the promise of ranges."""
    head, body = public.get("/fan/fan.raw")

    assert body == FAN
    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(FAN)}".encode() in head
    assert f'ETag: "{hashlib.sha256(FAN).hexdigest()}"'.encode() in head
    assert b"Accept-Ranges: bytes" in head


def test_range(public: Neighbour) -> None:
    """A range comes as such."""
    head, body = public.get("/fan/fan.raw", "Range: bytes=1000-1999")

    assert body == FAN[1000:2000]
    assert head.startswith(b"HTTP/1.1 206 ")
    assert f"Content-Range: bytes 1000-1999/{len(FAN)}".encode() in head


def test_range_beyond_the_end(public: Neighbour) -> None:
    """A range beyond the end is a 416 that tells the size."""
    head, body = public.get("/fan/fan.raw", f"Range: bytes={len(FAN)}-")

    assert head.startswith(b"HTTP/1.1 416 ")
    assert f"Content-Range: bytes */{len(FAN)}".encode() in head
    assert body == b""


def test_head(public: Neighbour) -> None:
    """HEAD tells what GET would, without the bytes."""
    head, body = public.get("/fan/fan.raw", method="HEAD")

    assert f"Content-Length: {len(FAN)}".encode() in head
    assert body == b""


def test_head_has_no_ranges(public: Neighbour) -> None:
    """A range is a matter of GET alone: HEAD tells of the whole file."""
    head, _ = public.get("/fan/fan.raw", "Range: bytes=5-9", method="HEAD")

    assert head.startswith(b"HTTP/1.1 200 ")
    assert f"Content-Length: {len(FAN)}".encode() in head


def test_another_version_is_asked_for(public: Neighbour) -> None:
    """Who goes on with the bytes of another version gets none of this one."""
    head, body = public.get("/fan/fan.raw", 'If-Match: "another"', "Range: bytes=5-")

    assert head.startswith(b"HTTP/1.1 412 ")
    assert body == b""


def test_not_modified(public: Neighbour) -> None:
    """Who has the bytes already is told so, without a body."""
    tag = f'If-None-Match: "{hashlib.sha256(FAN).hexdigest()}"'
    head, body = public.get("/fan/fan.raw", tag)

    assert head.startswith(b"HTTP/1.1 304 ")
    assert body == b""


def test_index(public: Neighbour) -> None:
    """The root lists the keys that can be had, as plain text."""
    head, body = public.get("/")

    assert body == b"fan/fan.raw\n"
    assert b"Content-Type: text/plain" in head


def test_one_line_for_many_requests(public: Neighbour) -> None:
    """A connection serves one request after the other, pipelined ones too."""
    ask = "GET /fan/fan.raw HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n"
    answer = public.message(f"{ask}\r\n{ask}\r\n{ask}Connection: close\r\n\r\n".encode())

    assert answer.count(b"HTTP/1.1 206 ") == 3
    assert answer.count(FAN[:10]) == 3


def test_empty_lines_between_requests(public: Neighbour) -> None:
    """An empty line after a request, as some clients send, is no request."""
    ask = b"GET /fan/fan.raw HTTP/1.1\r\nRange: bytes=0-9\r\n"

    answer = public.message(ask + b"\r\n\r\n" + ask + b"Connection: close\r\n\r\n")

    assert answer.count(b"HTTP/1.1 206 ") == 2


def test_request_in_pieces(public: Neighbour) -> None:
    """A head may come byte by byte."""
    with closing(public.connect()) as line:
        for byte in b"GET /fan/fan.raw HTTP/1.1\r\nRange: bytes=0-0\r\nConnection: close\r\n\r\n":
            line.sendall(bytes([byte]))
        assert received(line).endswith(b"\r\n\r\n" + FAN[:1])


def test_empty_file(tmp_path: Path) -> None:
    """An empty file is served as one."""
    fill(tmp_path, {"empty.raw": b""})
    with serving(tmp_path) as neighbour:
        head, body = neighbour.get("/empty.raw")

    assert b"Content-Length: 0" in head
    assert body == b""


def test_names_that_need_quoting(tmp_path: Path) -> None:
    """A key with blanks and letters of the world is asked for percent-encoded."""
    fill(tmp_path, {"größe 1/é.raw": b"x"})
    with serving(tmp_path) as neighbour:
        assert neighbour.get("/gr%C3%B6%C3%9Fe%201/%C3%A9.raw")[1] == b"x"
        assert neighbour.get("/")[1].decode() == "größe 1/é.raw\n"


# --- what is not ------------------------------------------------------------------------------


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
def test_nothing_else_can_be_read(public: Neighbour, target: str) -> None:
    """Only keys of the registry name anything: every other path is a 404 without content."""
    head, body = public.get(target)

    assert head.split()[1] == b"404"
    assert body == b"Nothing verified has this name.\n"


def test_link_under_a_key(tmp_path: Path, neighbour: Neighbour) -> None:
    """A symbolic link that takes a key's place is not followed."""
    final = tmp_path / "cache/fan/fan.raw"
    final.unlink()
    final.symlink_to(tmp_path / "secret")

    assert neighbour.status("/fan/fan.raw") == 404


def test_folder_that_became_a_link(tmp_path: Path, neighbour: Neighbour) -> None:
    """A folder that becomes a link to elsewhere serves nothing that was not verified."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "fan.raw").write_bytes(b"x" * len(FAN))
    (tmp_path / "cache/fan").rename(tmp_path / "cache/old")
    (tmp_path / "cache/fan").symlink_to(elsewhere)

    assert neighbour.status("/fan/fan.raw") == 404


def test_fifo_under_a_key(tmp_path: Path, neighbour: Neighbour) -> None:
    """A pipe under a key is neither served nor waited for."""
    (tmp_path / "cache/fan/fan.raw").unlink()
    os.mkfifo(tmp_path / "cache/fan/fan.raw")

    assert neighbour.status("/fan/fan.raw") == 404


def test_changed_file(tmp_path: Path, neighbour: Neighbour) -> None:
    """A file that changed since it was verified is not served, nor listed."""
    (tmp_path / "cache/fan/fan.raw").write_bytes(b"changed")

    assert neighbour.status("/fan/fan.raw") == 404
    assert neighbour.get("/")[1] == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PROPFIND", "TRACE"])
def test_read_only(public: Neighbour, method: str) -> None:
    """Whatever would write is refused, and told what is possible."""
    head, _ = public.get("/fan/fan.raw", method=method)

    assert head.split()[1] == b"405"
    assert b"Allow: GET, HEAD" in head


@pytest.mark.parametrize(
    "request_bytes",
    [b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET /\x00 HTTP/1.1\r\n\r\n", b"nonsense\r\n\r\n"],
)
def test_nonsense(public: Neighbour, request_bytes: bytes) -> None:
    """What is no request gets a 400, and the line is closed."""
    assert public.message(request_bytes).startswith(b"HTTP/1.1 400 ")
    assert public.status("/fan/fan.raw") == 200


def test_endless_head(public: Neighbour) -> None:
    """A head without end is cut, and does not fill the memory."""
    with closing(public.connect()) as line, pytest.raises(ConnectionError):
        send_for_ever(line, b"A: " + b"a" * 60_000 + b"\r\n")
    assert public.status("/fan/fan.raw") == 200


def test_empty_lines_buy_no_time(public: Neighbour) -> None:
    """A client that sends nothing but line ends has its place for ten seconds, not for ever."""
    began = time.monotonic()
    with closing(public.connect()) as line, suppress(ConnectionError):
        while time.monotonic() - began < 15:
            line.sendall(b"\r\n")
            time.sleep(0.5)
    assert time.monotonic() - began < 13


# --- many -------------------------------------------------------------------------------------


def test_two_hundred_at_once(public: Neighbour) -> None:
    """Of 200 clients at once each gets its bytes, at once or when it comes again after a 503."""

    def fetch(_: int) -> bytes:
        for _attempt in range(100):
            head, body = public.get("/fan/fan.raw")
            if head.startswith(b"HTTP/1.1 200 "):
                return body
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: " in head
            time.sleep(0.1)
        raise AssertionError("never served")

    with ThreadPoolExecutor(200) as pool:
        assert all(body == FAN for body in pool.map(fetch, range(200)))


def test_connections_are_bounded(public: Neighbour) -> None:
    """64 clients that hold their lines are served; the 65th is asked to come again."""
    with ExitStack() as lines:
        for _ in range(64):
            line = lines.enter_context(closing(public.connect()))
            line.sendall(b"GET /fan/fan.raw HTTP/1.1\r\nRange: bytes=0-0\r\n\r\n")
            assert line.recv(4096).startswith(b"HTTP/1.1 206 ")
        head, _ = public.get("/fan/fan.raw")
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"Retry-After: 5" in head
    time.sleep(0.2)
    assert public.status("/fan/fan.raw") == 200


def test_client_that_leaves(neighbour: Neighbour) -> None:
    """A client that leaves in mid-body is its own affair."""
    for _ in range(5):
        with closing(neighbour.connect()) as line:
            line.sendall(b"GET /fan/fan.raw HTTP/1.1\r\n\r\n")
            line.recv(10)
    assert neighbour.status("/fan/fan.raw") == 200
    assert "Traceback" not in neighbour.end()


# --- words, and the end -----------------------------------------------------------------------


def test_a_line_a_request(neighbour: Neighbour) -> None:
    """Each request is a line: who, what became of it, what was asked for."""
    neighbour.get("/fan/fan.raw", "Range: bytes=5-9")
    neighbour.get("/nothing")
    text = neighbour.end()

    assert re.search(r"127\.0\.0\.1 206 GET /fan/fan\.raw 5-9 5 B in", text)
    assert re.search(r"127\.0\.0\.1 404 GET /nothing", text)


def test_line_of_a_client_that_left(tmp_path: Path) -> None:
    """The line of a client that left in mid-body says how much was sent until then."""
    fill(tmp_path, {"large.raw": bytes(64 * MIB)})
    with serving(tmp_path) as neighbour:
        with closing(neighbour.connect()) as line:
            line.sendall(b"GET /large.raw HTTP/1.1\r\n\r\n")
            line.recv(MIB, socket.MSG_WAITALL)
        text = neighbour.end()

    assert re.search(r"200 GET /large\.raw [1-9][0-9.]* [KM]iB in .* s \(cut\)", text)


def test_log_is_clean(neighbour: Neighbour) -> None:
    """A request cannot speak to the terminal, nor add lines of its own."""
    neighbour.message(b"GET /\x1b[31m HTTP/1.1\r\nA: \x9b31m\r\n\r\n")
    neighbour.get("/?key=SECRET")
    text = neighbour.end()

    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "SECRET" not in text


def test_stops_at_once(neighbour: Neighbour) -> None:
    """Ctrl-C ends it within a second, with clients on the line, as a good end."""
    with closing(neighbour.connect()) as line:
        line.sendall(b"GET /fan/fan.raw HTTP/1.1\r\n\r\n")
        line.recv(10)
        began = time.monotonic()
        neighbour.process.send_signal(signal.SIGINT)
        assert neighbour.process.wait(5) == 0
    assert time.monotonic() - began < 2  # on a busy machine; 0.05 s otherwise


def test_loopback_unless_told_otherwise(neighbour: Neighbour) -> None:
    """Without ``--host`` nobody else can reach it, and the words say so."""
    assert "Only this machine reaches that" in neighbour.end()


def test_on_the_network(tmp_path: Path) -> None:
    """With ``--host 0.0.0.0`` the machine's addresses are printed, with who can read."""
    fill(tmp_path, {"fan.raw": FAN})
    with serving(tmp_path, "--host", "0.0.0.0") as neighbour:
        assert neighbour.status("/fan.raw") == 200
        said = neighbour.end()
    alone = "Only this machine" in said  # one without a network
    assert alone or "Everybody who reaches this machine" in said


def test_port_in_use(tmp_path: Path) -> None:
    """A port that is taken is an error with a way out."""
    fill(tmp_path, {"fan.raw": FAN})
    with serving(tmp_path) as neighbour:
        places = ["--registry", str(tmp_path / "registry.txt")]
        command = [sys.executable, "-c", MAIN, "serve", "--port", str(neighbour.port), *places]
        second = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert second.returncode == 1
    assert "Try another --port" in second.stderr


def test_large_file_is_sent_whole(tmp_path: Path) -> None:
    """A file larger than any buffer arrives whole, in ranges over several lines."""
    large = noise(24 * MIB)
    fill(tmp_path, {"large.raw": large})
    with serving(tmp_path) as neighbour, ThreadPoolExecutor(4) as pool:

        def part(number: int) -> bytes:
            start = number * 6 * MIB
            return neighbour.get("/large.raw", f"Range: bytes={start}-{start + 6 * MIB - 1}")[1]

        assert b"".join(pool.map(part, range(4))) == large
