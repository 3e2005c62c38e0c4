"""Rates: of a file, of a connection, of all together; and no burst at the start."""

from __future__ import annotations

import threading
import time

import pytest

from evio_data.testing import DriveFile, DriveServer
from tests.testing.asking import DATA, SIZE, Ask, bytes_url


@pytest.mark.parametrize("limit", ["file", "connection", "server"])
def test_rate_has_no_burst(server: DriveServer, ask: Ask, file: DriveFile, limit: str) -> None:
    """B26: under a rate, bytes take at least their time, from the first one on."""
    rate = SIZE / 0.2  # the whole file in 0.2 seconds
    if limit == "file":
        file.rate = rate
    elif limit == "connection":
        server.rate_per_connection = rate
    else:
        server.rate = rate
    began = time.monotonic()
    assert ask(bytes_url(file)).content == DATA
    assert time.monotonic() - began >= 0.19


def test_rate_of_all_connections_together(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """B26: the server's rate is shared by the connections that are open."""
    server.rate = SIZE / 0.1
    threads = [threading.Thread(target=ask, args=(bytes_url(file),)) for _ in range(3)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - began >= 0.25
