"""The three entry points, the log, and the server's life."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
import signal
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import fields
from pathlib import Path

import pytest
import requests
import trustme

from evio_data.testing import DriveFile, DriveServer
from evio_data.testing._model import Drive

Ask = Callable[..., requests.Response]
RawGet = Callable[..., tuple[bytes, bytes, bool]]

DATA = b"0123456789" * 100
HOSTS = (
    "drive.google.com",
    "docs.google.com",
    "drive.usercontent.google.com",
    "www.googleapis.com",
    "accounts.google.com",
)
_TIMEOUT = 20  # seconds; only ever reached by a bug


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan raw", DATA)


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """A certificate authority for this test run."""
    return trustme.CA()


@pytest.fixture
def proxy(authority: trustme.CA) -> Iterator[DriveServer]:
    """A server that speaks TLS under Google's names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*HOSTS).configure_cert(context)
    with DriveServer(context) as running:
        yield running


@pytest.fixture
def browser(
    proxy: DriveServer, authority: trustme.CA, tmp_path: Path
) -> Iterator[requests.Session]:
    """An ordinary client that knows the server only as its proxy."""
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    with requests.Session() as session:
        session.trust_env = False
        session.proxies = {"https": proxy.endpoint, "http": proxy.endpoint}
        session.verify = str(tmp_path / "ca.pem")
        yield session


# --- proxy -----------------------------------------------------------------------------------


def test_proxy_serves_google_by_name(proxy: DriveServer, browser: requests.Session) -> None:
    """Through CONNECT, a client follows the real redirect over two real host names."""
    file = proxy.add("fan.raw", DATA)
    answer = browser.get(file.url, timeout=_TIMEOUT)
    assert answer.content == DATA
    assert answer.url.startswith("https://drive.usercontent.google.com/download?id=")
    assert [record.host for record in proxy.requests] == [HOSTS[0], HOSTS[2]]


@pytest.mark.parametrize(
    ("host", "path"),
    [
        ("drive.google.com", "/download?id={}"),
        ("drive.usercontent.google.com", "/uc?id={}"),
        ("www.googleapis.com", "/open?id={}"),
        ("accounts.google.com", "/drive/v3/files/{}?key=K"),
        ("drive.google.com", "/plain/fan.raw"),
    ],
)
def test_path_of_another_host(
    proxy: DriveServer, browser: requests.Session, host: str, path: str
) -> None:
    """A path asked of the wrong Google host is 404."""
    file = proxy.add("fan.raw", DATA)
    answer = browser.get(
        f"https://{host}{path.format(file.id)}", timeout=_TIMEOUT, allow_redirects=False
    )
    assert answer.status_code == 404


def test_plain_proxy_request(proxy: DriveServer, browser: requests.Session) -> None:
    """The absolute form works for Google's hosts too."""
    file = proxy.add("fan.raw", DATA)
    url = f"http://drive.usercontent.google.com/download?id={file.id}"
    assert browser.get(url, timeout=_TIMEOUT).content == DATA


def test_proxy_knows_only_google(proxy: DriveServer, browser: requests.Session) -> None:
    """CONNECT to, and requests for, any other host are refused with 403."""
    with pytest.raises(requests.exceptions.ProxyError, match="403"):
        browser.get("https://files.example.net/x", timeout=_TIMEOUT)
    assert browser.get("http://files.example.net/x", timeout=_TIMEOUT).status_code == 403
    assert {record.host for record in proxy.requests} == {"files.example.net"}


def test_connect_without_tls(server: DriveServer) -> None:
    """A server without a certificate refuses CONNECT and stays alive."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_TIMEOUT)
    connection.set_tunnel("drive.google.com", 443)
    with pytest.raises(OSError, match="501"):
        connection.connect()
    connection.close()


@pytest.mark.parametrize("how", ["reset", "close"])
def test_cut_under_tls(proxy: DriveServer, browser: requests.Session, how: str) -> None:
    """Cuts and ranges work under TLS as they do without."""
    file = proxy.add("fan.raw", DATA, cut_after=100, cut_how=how, cut_times=1)
    with suppress(requests.exceptions.RequestException):  # urllib3 1.26 calls a cut body whole
        assert browser.get(file.url, timeout=_TIMEOUT).content == DATA[:100]
    resumed = browser.get(file.url, headers={"Range": "bytes=100-"}, timeout=_TIMEOUT)
    assert (resumed.status_code, resumed.content) == (206, DATA[100:])


# --- plain -----------------------------------------------------------------------------------


def test_plain_url(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """A plain URL is an ordinary file: length, ranges, no name, no page, no cookie."""
    file.large = True
    url = server.plain_url(file)
    assert url == f"{server.endpoint}/plain/fan%20raw"
    answer = ask(url)
    assert (answer.status_code, answer.content) == (200, DATA)
    assert answer.headers["Content-Length"] == str(len(DATA))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert {"Content-Disposition", "Set-Cookie", "ETag", "Last-Modified"}.isdisjoint(answer.headers)


def test_plain_range(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Ranges and validators work at a plain URL."""
    file.etag = '"v1"'
    answer = ask(server.plain_url(file), Range="bytes=5-")
    assert (answer.status_code, answer.headers["ETag"]) == (206, '"v1"')
    assert answer.content == DATA[5:]


def test_plain_faults(server: DriveServer, raw_get: RawGet, ask: Ask, file: DriveFile) -> None:
    """The same options apply at a plain URL: cuts, errors, refusals, quota."""
    file.cut_after, file.cut_times, file.errors = 100, 1, [503]
    assert ask(server.plain_url(file)).status_code == 503
    assert raw_get("/plain/fan%20raw")[1:] == (DATA[:100], True)
    assert ask(server.plain_url(file)).content == DATA
    file.refuse = "not-found"
    assert ask(server.plain_url(file)).status_code == 404


def test_plain_urls_of_one_name(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Two files of one name have two plain URLs."""
    twin = server.add(file.name, b"other")
    assert ask(server.plain_url(twin)).content == b"other"
    assert ask(server.plain_url(file)).content == DATA
    assert ask(f"{server.endpoint}/plain/missing").status_code == 404


# --- registry --------------------------------------------------------------------------------


def test_registry_line(file: DriveFile) -> None:
    """A registry line has three columns, quoted as a shell would read them."""
    assert shlex.split(file.registry_line()) == ["fan raw", file.sha256, file.url]
    line = file.registry_line("fan/a.raw", pinned=False, size=True)
    assert line == f"fan/a.raw unpinned {file.url}#size={len(DATA)}"


def test_url_is_the_one_people_share(file: DriveFile) -> None:
    """A file's link is Drive's; ids look like Drive's."""
    assert file.url == f"https://drive.google.com/uc?export=download&id={file.id}"
    assert (len(file.id), file.id[0]) == (33, "1")


@pytest.mark.parametrize(
    "url",
    [
        "https://drive.google.com/u/0/uc?id={}&export=download",
        "https://drive.google.com/a/example.org/uc?id={}",
        "https://docs.google.com/uc?export=download&id={}",
    ],
)
def test_other_shapes_of_the_link(ask: Ask, file: DriveFile, url: str) -> None:
    """Links in the other shapes that people use redirect alike."""
    assert ask(url.format(file.id)).status_code == 303


# --- log -------------------------------------------------------------------------------------


def test_log(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Every request is recorded with what was asked and what was answered."""
    ask(file.url)
    ask(f"https://drive.usercontent.google.com/download?id={file.id}", Range="bytes=5-9")
    first, second = server.requests
    assert (first.method, first.host, first.path) == ("GET", "drive.google.com", "/uc")
    assert first.query == {"export": "download", "id": file.id}
    assert (first.status, first.kind, first.sent, first.range) == (303, "redirect", 0, None)
    assert (second.host, second.file_id) == ("drive.usercontent.google.com", file.id)
    assert (second.status, second.kind, second.sent) == (206, "data", 5)
    assert second.range == second.headers["range"] == "bytes=5-9"
    assert first.client_port == second.client_port


def test_sent_counts_data_only(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """Pages are not data; data are counted by file and in all."""
    other = server.add("other", b"x" * 10, large=True)
    address = "https://drive.usercontent.google.com/download?id={}"
    ask(address.format(file.id))
    ask(address.format(other.id))
    ask(address.format(other.id) + "&confirm=t")
    assert (server.sent(file), server.sent(other)) == (len(DATA), 10)
    assert server.sent() == len(DATA) + 10
    assert [record.kind for record in server.requests] == ["data", "page", "data"]
    server.forget()
    assert (server.requests, server.sent()) == ([], 0)


def test_kept_connection(server: DriveServer, file: DriveFile) -> None:
    """A connection serves request after request, also several sent at once."""
    request = f"GET /download?id={file.id} HTTP/1.1\r\nHost: localhost\r\n{{}}\r\n"
    with closing(socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)) as client:
        client.sendall((request.format("") * 2 + request.format("Connection: close\r\n")).encode())
        received = b""
        while piece := client.recv(65536):
            received += piece
    assert received.count(DATA) == 3
    assert len({record.client_port for record in server.requests}) == 1


# --- life ------------------------------------------------------------------------------------


def test_file_on_disk_is_served_in_place(server: DriveServer, ask: Ask, tmp_path: Path) -> None:
    """A path is served where it is, and left alone."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    file = server.add("fan.raw", tmp_path / "fan.raw")
    assert ask(server.plain_url(file)).content == DATA
    assert list(tmp_path.iterdir()) == [tmp_path / "fan.raw"]


def test_empty_file(server: DriveServer, ask: Ask) -> None:
    """An empty file is a file; every range of it lies behind its end."""
    url = server.plain_url(server.add("empty", b""))
    assert (ask(url).status_code, ask(url).content) == (200, b"")
    assert ask(url, Range="bytes=0-").status_code == 416


@pytest.mark.parametrize("nonsense", [b"hello", b"GET http://[/x HTTP/1.1"])
def test_nonsense_is_hung_up_on(
    server: DriveServer, ask: Ask, file: DriveFile, nonsense: bytes
) -> None:
    """A client that speaks no HTTP is let go, and others are served."""
    with closing(socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)) as client:
        client.sendall(nonsense + b"\r\n\r\n")
        assert client.recv(100) == b""
    assert ask(server.plain_url(file)).content == DATA


@pytest.mark.parametrize("state", ["idle", "stalled", "paced", "unread"])
def test_close_ends_every_connection(state: str) -> None:
    """Closing ends idle, stalled, slow and blocked connections, and leaves no thread."""
    before = threading.active_count()
    with DriveServer() as server:
        file = server.add("fan.raw", bytes(50_000_000))
        file.stall_after = 1 if state == "stalled" else None
        file.rate = 1000 if state == "paced" else None
        client = socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)
        if state != "idle":
            client.sendall(b"GET /plain/fan.raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(10)
    assert threading.active_count() == before
    client.close()


def test_vanished_client_is_forgotten(server: DriveServer, ask: Ask) -> None:
    """A client that resets its connection in mid-body disturbs nobody."""
    file = server.add("fan.raw", bytes(50_000_000))
    with closing(socket.create_connection(("127.0.0.1", server.port), _TIMEOUT)) as client:
        client.sendall(b"GET /plain/fan.raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert ask(server.plain_url(file), Range="bytes=0-9").content == bytes(10)


def test_many_connections(server: DriveServer, file: DriveFile) -> None:
    """Many clients at once each get their own bytes."""
    url, results = server.plain_url(file), list[bool]()

    def fetch(start: int) -> None:
        answer = requests.get(url, headers={"Range": f"bytes={start}-"}, timeout=_TIMEOUT)
        results.append(answer.content == DATA[start:])

    threads = [threading.Thread(target=fetch, args=(start,)) for start in range(32)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 32


def test_import_is_cheap() -> None:
    """Importing the testing package loads neither the server nor any other module."""
    code = "import sys, evio_data.testing; print(*(n for n in sys.modules if 'evio_data' in n))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(done.stdout.split()) == ["evio_data", "evio_data._fork", "evio_data.testing"]


def test_unknown_name_of_the_package() -> None:
    """A name that the package does not have is an AttributeError."""
    import evio_data.testing as package

    assert "DriveServer" in dir(package)
    with pytest.raises(AttributeError, match="DriveSaver"):
        _ = package.DriveSaver


def test_command_serves_a_folder(tmp_path: Path) -> None:
    """The command prints where, serves with the options given, and ends when told to."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    command = [sys.executable, "-m", "evio_data.testing", str(tmp_path)]
    command += ["--set", "large=true", "--set", "cookies=false", "--set", "etag=v1"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
            fan = told["files"]["fan.raw"]
            page = requests.get(f"{told['endpoint']}/download?id={fan['id']}", timeout=_TIMEOUT)
            plain = requests.get(fan["plain_url"], timeout=_TIMEOUT)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(_TIMEOUT) == 0
    assert ("Virus scan warning" in page.text, "Set-Cookie" in page.headers) == (True, False)
    assert (plain.content, plain.headers["ETag"], fan["size"]) == (DATA, "v1", len(DATA))


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["none"], "No such file"),
        ([".", "--port", "80000"], "0-65535"),
        ([".", "--set", "nope=1"], "'nope'"),
        ([".", "--set", "refuse=maybe"], "'quota'"),
        ([".", "--set", "rate"], "NAME=VALUE"),
        ([".", "--cert", "fan.raw"], "PEM"),
    ],
)
def test_command_that_cannot_be_obeyed(tmp_path: Path, arguments: list[str], what: str) -> None:
    """What the command cannot do is an error of usage in words."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    done = subprocess.run(
        [sys.executable, "-m", "evio_data.testing", *arguments],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert what in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has all of 127.0.0.0/8")
def test_command_has_options_for_speed(tmp_path: Path) -> None:
    """Rates, latency and host can be given without --set."""
    (tmp_path / "fan.raw").write_bytes(DATA)
    command = [sys.executable, "-m", "evio_data.testing", str(tmp_path), "--host", "127.0.0.2"]
    command += ["--rate", "1e9", "--rate-per-connection", "1e8", "--latency", "0.01"]
    command += ["--set", 'checksums=["md5"]']
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            url = json.loads(process.stdout.readline())["files"]["fan.raw"]["plain_url"]
            answer = requests.get(url, timeout=_TIMEOUT)
        finally:
            process.send_signal(signal.SIGTERM)
    assert url.startswith("http://127.0.0.2:")
    assert answer.content == DATA


@pytest.mark.skipif(os.name == "nt", reason="there is no limit of descriptors")
def test_command_serves_more_files_than_the_soft_limit(tmp_path: Path) -> None:
    """A folder may hold more files than the shell lets a process open."""
    for number in range(80):
        (tmp_path / f"{number}.raw").write_bytes(DATA)
    script = 'ulimit -Sn 64; exec "$0" -m evio_data.testing "$1"'
    command = ["sh", "-c", script, sys.executable, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            told = json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
    assert len(told["files"]) == 80


@pytest.fixture(scope="module")
def listed() -> str:
    """What --options prints."""
    command = [sys.executable, "-m", "evio_data.testing", "--options"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("kind", [DriveFile, Drive])
def test_every_option_is_described(listed: str, kind: type) -> None:
    """The list of options has every one of them, and so has the reference page."""
    page = (Path(__file__).parents[2] / "docs" / "reference.md").read_text(encoding="utf-8")
    entries = re.findall(r"^([\w, ]+)$", listed, re.MULTILINE)
    described = {name for line in entries for name in line.split(", ")}
    names = set(options_of(kind))
    assert names - described == set()
    assert {name for name in names if f"`{name}`" not in page} == set()


def options_of(kind: type) -> list[str]:
    """Return the names of the options of a file or of the server."""
    if kind is DriveFile:
        names = [each.name for each in fields(DriveFile)]
        names = names[names.index("large") : names.index("served")]
    else:
        names = sorted(set(Drive.__slots__) - {"items", "traffic"})
    return [name for name in names if not name.startswith("_")]
