"""Tests of ``evio-data serve``: the verified cache for peers, and nothing else for anybody."""

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
from evio_data._sharing.handler import Patience
from evio_data._sharing.server import Limits, Share
from tests.conftest import MIB, noise

MAIN = "from evio_data._cli.main import main; main()"
FAN = noise(200_000)
ASK = b"GET /fan/fan.raw HTTP/1.1\r\nHost: x\r\nRange: bytes=0-9\r\n\r\n"
LAST = ASK.replace(b"Range", b"Connection: close\r\nRange")


class Client:
    """Whoever asks the server at a port."""

    def __init__(self, port: int) -> None:
        self.port = port

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

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        """Return a connection to it, from an address of this machine."""
        return socket.create_connection(("127.0.0.1", self.port), 20, (source, 0))


class Server(Client):
    """A server in this process, and the lines of its log."""

    def __init__(self, share: Share, lines: list[str]) -> None:
        super().__init__(share.port)
        self.share = share
        self.lines = lines

    def said(self) -> str:
        """End it, and return its log."""
        self.share.shutdown()
        self.share.server_close()
        return "\n".join(self.lines)


class ServerProcess(Client):
    """``evio-data serve`` in a process of its own."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        lines = os.read(process.stdout.fileno(), 65536).decode().split()
        self.urls = [line.removeprefix("EVIO_DATA_MIRRORS=") for line in lines]
        super().__init__(int(self.urls[0].rpartition(":")[2]))
        self.process = process

    def end(self) -> str:
        """Press Ctrl-C once it is at work, and return all that it said."""
        self.get("/")
        self.process.send_signal(signal.SIGINT)
        _, said = self.process.communicate(timeout=20)
        assert self.process.returncode == 0, said
        return said


def received(line: socket.socket) -> bytes:
    """Return all that comes until the end."""
    data = b""
    while piece := line.recv(65536):
        data += piece
    return data


def send_for_ever(line: socket.socket, data: bytes, every: float = 0.0) -> None:
    """Send the same bytes again and again."""
    while True:
        line.sendall(data)
        time.sleep(every)


@contextmanager
def serving(
    folder: Path, *, limits: Limits | None = None, patience: Patience | None = None
) -> Iterator[Server]:
    """Serve a cache on a free port, from this process."""
    lines: list[str] = []
    share = Share(
        open_collection(folder / "registry.txt", folder / "cache"),
        host="127.0.0.1",
        port=0,
        log=lines.append,
        limits=limits or Limits(),
        patience=patience or Patience(),
    )
    thread = threading.Thread(target=share.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield Server(share, lines)
    finally:
        share.shutdown()
        share.server_close()
        thread.join()


@contextmanager
def process(
    folder: Path, *arguments: str, before: str = "", stderr: int = subprocess.PIPE
) -> Iterator[ServerProcess]:
    """Run ``evio-data serve`` on a free port, after some lines of Python."""
    places = ["--registry", str(folder / "registry.txt"), "--cache-dir", str(folder / "cache")]
    command = [sys.executable, "-c", before + MAIN, "serve", "--port", "0", *places, *arguments]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=stderr, text=True, env=dict(os.environ)
    ) as running:
        try:
            yield ServerProcess(running)
        finally:
            running.kill()


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
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own."""
    prepare(tmp_path)
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only read."""
    folder = tmp_path_factory.mktemp("public")
    prepare(folder)
    with serving(folder) as running:
        yield running


# --- what is served ---------------------------------------------------------------------------


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


def test_small_file_that_changes(tmp_path: Path) -> None:
    """A small file that was sent before is sent again while it is the same, and no longer."""
    fill(tmp_path, {"small.raw": b"small", "other.raw": b"other"})
    path = tmp_path / "cache/small.raw"
    ask = b"GET /small.raw HTTP/1.1\r\nHost: x\r\n"
    with serving(tmp_path) as server:
        last = ask + b"Connection: close\r\n\r\n"
        twice = server.message((ask + b"\r\n") * 2 + last)
        part = server.message((ask + b"\r\n") + ask + b"Range: bytes=1-2\r\n\r\n" + last)
        status = path.stat()
        path.write_bytes(b"SMALL")
        os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns - 1))
        changed = server.message(ask + b"\r\n" + last)

    assert twice.count(b"\r\n\r\nsmall") == 3
    assert part.count(b"\r\n\r\nma") == 1
    assert changed.count(b"HTTP/1.1 404 ") == 2


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


# --- many -------------------------------------------------------------------------------------


def test_two_hundred_at_once(public: Server) -> None:
    """Of 200 clients at once each gets its bytes, at once or when it comes again after a 503."""

    def fetch(_: int) -> bytes:
        while True:
            head, body = public.get("/fan/fan.raw")
            if head.startswith(b"HTTP/1.1 200 "):
                return body
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"Retry-After: " in head
            time.sleep(0.1)

    with ThreadPoolExecutor(200) as pool:
        assert all(body == FAN for body in pool.map(fetch, range(200)))


def hold(lines: ExitStack, server: Client, source: str = "127.0.0.1") -> bytes:
    """Ask for a few bytes, keep the connection, and return the answer."""
    line = lines.enter_context(closing(server.connect(source)))
    line.sendall(ASK)
    return line.recv(4096)


def test_connections_of_one_peer_are_bounded(tmp_path: Path) -> None:
    """One address that holds all connections it can get is refused more, and shuts nobody out."""
    prepare(tmp_path)
    with serving(tmp_path, limits=Limits(8, 4)) as server, ExitStack() as lines:
        answers = [hold(lines, server) for _ in range(100)]

        assert [answer[9:12] for answer in answers] == [b"206"] * 4 + [b"503"] * 96
        assert b"Retry-After: 5" in answers[-1]
        assert hold(lines, server, "127.0.0.2")[9:12] == b"206"


def test_connections_are_bounded(tmp_path: Path) -> None:
    """When all places are taken the next one is asked to come again, until one is free."""
    prepare(tmp_path)
    with serving(tmp_path, limits=Limits(4, 2)) as server, ExitStack() as lines:
        for number in (1, 1, 2, 2):
            assert hold(lines, server, f"127.0.0.{number}")[9:12] == b"206"
        assert hold(lines, server, "127.0.0.3")[9:12] == b"503"
        lines.close()
        while hold(lines, server, "127.0.0.3")[9:12] == b"503":
            time.sleep(0.01)


def test_client_that_leaves(server: Server) -> None:
    """A client that leaves in mid-body is no fault."""
    for _ in range(5):
        with closing(server.connect()) as line:
            line.sendall(b"GET /fan/fan.raw HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(10)
    assert server.status("/fan/fan.raw") == 200
    assert "error" not in server.said()


WITHOUT_THREADS = """
import threading
start, left = threading.Thread.start, [2]
def limited(thread):
    if not left[0]:
        raise RuntimeError("can't start new thread")
    left[0] -= 1
    start(thread)
threading.Thread.start = limited
"""


def test_threads_cannot_start(tmp_path: Path) -> None:
    """Where no more threads start, further clients get a 503, and the served one is served."""
    prepare(tmp_path)
    with process(tmp_path, before=WITHOUT_THREADS) as server, ExitStack() as lines:
        first = lines.enter_context(closing(server.connect()))
        for _ in range(3):
            first.sendall(ASK)
            assert first.recv(4096)[9:12] == b"206"
            assert hold(lines, server)[9:12] == b"503"
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0


FEW_DESCRIPTORS = """
import resource
resource.setrlimit(resource.RLIMIT_NOFILE, (40, 40))
"""


def test_few_descriptors(tmp_path: Path) -> None:
    """Where few files may be open, few clients are served, and the others get a 503."""
    pytest.importorskip("resource")
    prepare(tmp_path)
    with process(tmp_path, before=FEW_DESCRIPTORS) as server, ExitStack() as lines:
        answers = {hold(lines, server)[9:12] for _ in range(60)}

        assert answers == {b"206", b"503"}


@contextmanager
def no_descriptors() -> Iterator[None]:
    """Have this process open all files that it may."""
    resource = pytest.importorskip("resource")
    old, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    taken: list[int] = []
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(old, 200), most))
    try:
        with suppress(OSError):
            while True:
                taken.append(os.dup(0))
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (old, most))
        for descriptor in taken:
            os.close(descriptor)


def test_no_descriptor_is_left(server: Server) -> None:
    """A verified file that cannot be opened for want of descriptors is not said to be missing."""
    with closing(server.connect()) as line:
        line.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
        line.recv(4096)
        with no_descriptors():
            line.sendall(ASK)
            answer = line.recv(4096)
            line.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            index = line.recv(4096)

    assert answer.startswith(b"HTTP/1.1 503 ")
    assert b"Retry-After: 5" in answer
    assert index.startswith(b"HTTP/1.1 503 ")


def test_no_descriptor_for_a_connection(server: Server) -> None:
    """A client for whom no descriptor is left waits, and is served once there is one."""
    with closing(socket.socket()) as line:
        with no_descriptors():
            line.connect(("127.0.0.1", server.port))
            line.sendall(LAST)
            while not any("cannot accept" in words for words in server.lines):
                time.sleep(0.01)
        assert received(line).endswith(FAN[:10])


# --- words, and the end -----------------------------------------------------------------------


def test_a_line_a_request(server: Server) -> None:
    """Each request is a line: who, what became of it, what was asked for."""
    server.get("/fan/fan.raw", "Range: bytes=5-9")
    server.get("/nothing")
    text = server.said()

    assert re.search(r"127\.0\.0\.1 206 GET /fan/fan\.raw 5-9 5 B in", text)
    assert re.search(r"127\.0\.0\.1 404 GET /nothing", text)


def test_line_of_a_client_that_left(tmp_path: Path) -> None:
    """The line of a client that left in mid-body says how much was sent until then."""
    fill(tmp_path, {"large.raw": bytes(24 * MIB)})
    with serving(tmp_path) as server:
        with closing(server.connect()) as line:
            line.sendall(b"GET /large.raw HTTP/1.1\r\nHost: x\r\n\r\n")
            line.recv(MIB, socket.MSG_WAITALL)
        while not server.lines:
            time.sleep(0.01)
        text = server.said()

    assert re.search(r"200 GET /large\.raw [1-9][0-9.]* [KM]iB in .* s \(cut\)", text)


def test_log_is_clean(server: Server) -> None:
    """A request cannot speak to the terminal, nor add lines of its own."""
    server.message(b"GET /\x1b[31m HTTP/1.1\r\nA: \x9b31m\r\n\r\n")
    server.get("/?key=SECRET")
    text = server.said()

    assert "\x1b" not in text
    assert "\x9b" not in text
    assert "SECRET" not in text


def test_log_that_nobody_reads(tmp_path: Path) -> None:
    """A reader of the log that stops holds up neither the clients nor the end."""
    prepare(tmp_path)
    with process(tmp_path) as server, closing(server.connect()) as line:
        target = b"/" + b"x" * 7000  # the log's pipe holds 64 KiB
        for _ in range(400):
            line.sendall(b"HEAD " + target + b" HTTP/1.1\r\nHost: x\r\n\r\n")
            assert line.recv(4096)[9:12] == b"404"
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(20) == 0


def test_stops_at_once(tmp_path: Path) -> None:
    """Ctrl-C ends it with clients connected, as a good end."""
    prepare(tmp_path)
    with process(tmp_path) as server, closing(server.connect()) as line:
        line.sendall(b"GET /fan/fan.raw HTTP/1.1\r\nHost: x\r\n\r\n")
        line.recv(10)
        said = server.end()

    assert "Only this machine reaches that" in said
    assert said.endswith("stopped\n")


@pytest.mark.parametrize(("host", "own"), [("0.0.0.0", "127.0.0.1"), ("::", "::1")])
def test_on_the_network(tmp_path: Path, host: str, own: str) -> None:
    """Every printed address answers, and none of the other family is printed."""
    if ":" in host and not has_ipv6():
        pytest.skip("there is no IPv6 here")
    fill(tmp_path, {"fan.raw": FAN})
    with process(tmp_path, "--host", host) as server:
        code = (
            "import socket, sys\n"
            "for url in sys.argv[2:]:\n"
            "    host = url.removeprefix('http://').rpartition(':')[0].strip('[]')\n"
            "    assert (':' in host) == (':' in sys.argv[1]), host\n"
            "    socket.create_connection((host, url.rpartition(':')[2]), 20).close()\n"
        )
        urls = [*server.urls, f"http://{own}:{server.port}"]
        command = [sys.executable, "-c", code, own, *urls]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert done.returncode == 0, done.stderr


def has_ipv6() -> bool:
    """Say whether this machine can listen to IPv6."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_port_in_use(server: Server, tmp_path: Path) -> None:
    """A port that is taken is an error with a way out."""
    places = ["--registry", str(tmp_path / "registry.txt")]
    command = [sys.executable, "-c", MAIN, "serve", "--port", str(server.port), *places]
    second = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)

    assert second.returncode == 1
    assert "Try another --port" in second.stderr


def test_large_file_is_sent_whole(tmp_path: Path) -> None:
    """A file larger than any buffer arrives whole, in ranges over several lines."""
    large = noise(24 * MIB)
    fill(tmp_path, {"large.raw": large})
    with serving(tmp_path) as server, ThreadPoolExecutor(4) as pool:

        def part(number: int) -> bytes:
            start = number * 6 * MIB
            return server.get("/large.raw", f"Range: bytes={start}-{start + 6 * MIB - 1}")[1]

        assert b"".join(pool.map(part, range(4))) == large
