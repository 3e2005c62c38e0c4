"""Tests of ``evio-data serve``: the verified cache for peers, and nothing else for anybody."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path

import pytest

from evio_data._sharing.server import Limits
from tests.conftest import MIB
from tests.sharing.clients import (
    ASK,
    FAN,
    LAST,
    Client,
    Server,
    fill,
    prepare,
    received,
    serving,
)

MAIN = "from evio_data._cli.main import main; main()"


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
