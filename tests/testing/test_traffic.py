"""When Google says "Sorry...": too many requests, too many bodies, and for how long."""

from __future__ import annotations

import socket
from contextlib import closing

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, Ask, bytes_url, title


def test_too_many_requests_get_sorry(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """B18: requests above the rate are refused until the time is over."""
    server.max_requests_per_second, server.sorry_for = 2, 3600
    statuses = [ask(bytes_url(file)).status_code for _ in range(4)]
    assert statuses[2:] == [429, 429]
    assert statuses[:2] == [200, 200]


def test_too_many_connections_get_sorry(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """B18: one body more at once than allowed is refused; afterwards all is well."""
    server.max_connections, file.stall_after, file.stall_times = 1, 100, 1
    with closing(socket.create_connection(("127.0.0.1", server.port))) as busy:
        busy.sendall(f"GET /download?id={file.id} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        assert busy.recv(20)
        assert ask(bytes_url(file)).status_code == 429
    assert ask(bytes_url(file)).content == DATA


def test_sorry_lasts(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """B18: once triggered, "Sorry..." is the answer to everything, API and links included."""
    server.max_connections, server.sorry_for, server.sorry_status = 0, 3600, 403
    assert ask(bytes_url(file)).status_code == 403
    api = f"https://www.googleapis.com/drive/v3/files/{file.id}?key=K"
    assert {title(ask(url)) for url in (bytes_url(file), file.url, api)} == {"Sorry..."}
