"""Sizes that the registry does not have, asked of servers before anything is downloaded."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from evio_data._collection import open_collection
from evio_data._transfer.sizes import ask_sizes
from evio_data.errors import EvioDataError, QuotaExceededError
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive


def sizes(connections: int = 3) -> dict[str, int | EvioDataError]:
    """Ask for the sizes of all files of the registry."""
    collection = open_collection()
    jobs = [collection.job(entry) for entry in collection.registry.entries.values()]
    return ask_sizes(jobs, connections=connections, timeout=1)


def test_each_file(drive: Drive) -> None:
    """Sizes come without the files; a refusal is told as what it is; what is not said is absent."""
    drive.add("fan.raw", noise(100_000))
    drive.add("empty.raw", b"")
    drive.add("unsaid.raw", noise(1000), length="chunked", ranges="ignore")
    drive.add("refused.raw", noise(1000), refuse="quota")

    found = sizes()

    assert (found["fan.raw"], found["empty.raw"]) == (100_000, 0)
    assert isinstance(found["refused.raw"], QuotaExceededError)
    assert found["refused.raw"].name == "refused.raw"
    assert "unsaid.raw" not in found
    assert drive.server.sent() < 50_000


def test_a_silent_host_is_asked_once(drive: Drive) -> None:
    """A host that says nothing costs the time of one question, not of each of its files."""
    drive.add("fan.raw", noise(1000))
    held: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hold() -> None:
            with suppress(OSError):
                while True:
                    held.append(listener.accept()[0])

        thread = threading.Thread(target=hold, daemon=True)
        thread.start()
        port = listener.getsockname()[1]
        for number in range(20):
            drive.register(f"{number}.raw unpinned http://127.0.0.1:{port}/{number}.raw")
        found = sizes(connections=1)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert found == {"fan.raw": 1000}
    assert len(held) == 1
    held[0].close()
