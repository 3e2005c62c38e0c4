"""The three entry points, the log, and the server's life."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, TIMEOUT, Ask

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
    with closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT)) as client:
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
        client = socket.create_connection(("127.0.0.1", server.port), TIMEOUT)
        if state != "idle":
            client.sendall(b"GET /plain/fan.raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(10)
    assert threading.active_count() == before
    client.close()


def test_vanished_client_is_forgotten(server: DriveServer, ask: Ask) -> None:
    """A client that resets its connection in mid-body disturbs nobody."""
    file = server.add("fan.raw", bytes(50_000_000))
    with closing(socket.create_connection(("127.0.0.1", server.port), TIMEOUT)) as client:
        client.sendall(b"GET /plain/fan.raw HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(10)
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    assert ask(server.plain_url(file), Range="bytes=0-9").content == bytes(10)


def test_many_connections(server: DriveServer, file: DriveFile) -> None:
    """Many clients at once each get their own bytes."""
    url, results = server.plain_url(file), list[bool]()

    def fetch(start: int) -> None:
        answer = requests.get(url, headers={"Range": f"bytes={start}-"}, timeout=TIMEOUT)
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
