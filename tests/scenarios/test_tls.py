"""The line as it is in the world: over TLS."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from tests.conftest import FETCH, noise

if TYPE_CHECKING:
    from tests.conftest import Drive

MIB = 2**20
DATA = noise(24 * MIB)


def pump(source: socket.socket, target: socket.socket) -> None:
    """Pass on bytes, one way, to their end."""
    with suppress(OSError):
        while data := source.recv(2**16):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.close()


@pytest.fixture
def over_tls(drive: Drive, tmp_path: Path) -> Iterator[None]:
    """The Drive behind TLS, with a certificate that the environment names."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    behind = ("127.0.0.1", int(drive.server.endpoint.rpartition(":")[2]))
    listener = socket.create_server(("127.0.0.1", 0))

    def serve(client: socket.socket) -> None:
        with suppress(OSError):
            secured = tls.wrap_socket(client, server_side=True)
            server = socket.create_connection(behind)
            threading.Thread(target=pump, args=(secured, server), daemon=True).start()
            pump(server, secured)

    def accept() -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                threading.Thread(target=serve, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    os.environ["REQUESTS_CA_BUNDLE"] = str(tmp_path / "ca.pem")
    os.environ["EVIO_DATA_ENDPOINT"] = f"https://127.0.0.1:{listener.getsockname()[1]}"
    yield
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)
    listener.close()


@pytest.mark.usefixtures("over_tls")
def test_interrupted_over_tls(drive: Drive) -> None:
    """Ctrl-C while bytes wait to be deciphered keeps what was deciphered, and nothing else."""
    file = drive.add("fan.raw", DATA, rate=8 * MIB)
    with drive.spawn(FETCH, "fan.raw") as process:
        while drive.server.sent(file) < 4 * MIB:
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGSTOP)
        time.sleep(0.5)  # meanwhile more arrives than it has read
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGCONT)
        process.communicate(timeout=30)
    (journal,) = drive.state("fan.raw").glob("*.journal")
    held = json.loads(journal.read_bytes())["held"]
    part = drive.part("fan.raw").read_bytes()
    assert held
    assert all(part[start:stop] == DATA[start:stop] for start, stop in held)
    kept, before = sum(stop - start for start, stop in held), drive.server.sent(file)
    file.rate = None
    assert drive.fetch_elsewhere("fan.raw").read_bytes() == DATA
    assert drive.server.sent(file) - before < len(DATA) - kept + 4 * MIB
