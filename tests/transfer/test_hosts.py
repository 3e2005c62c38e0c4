"""Hosts: one that cannot be reached, or asks to wait, decides over its own files only."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data import errors
from evio_data._transfer.hosts import Host, Hosts
from evio_data.testing import DriveServer
from tests.conftest import noise

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Drive

DATA = noise(300_000)
NOBODY = "no-such-host.invalid"


@pytest.fixture
def dripping() -> Iterator[str]:
    """Serve a host that begins each answer, and never gets on with it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def drip(client: socket.socket) -> None:
            with suppress(OSError), client:
                client.sendall(b"HTTP/1.1 200 OK\r\n")
                while True:
                    client.sendall(b"X")
                    time.sleep(0.05)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=drip, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)


def test_nobody_is_named_once_for_all(drive: Drive) -> None:
    """A name that does not resolve fails every file with the host's name, and is asked briefly."""
    for number in range(9):
        drive.register(f"{number}.raw {'0' * 64} https://{NOBODY}/{number}.raw")
    report = evio_data.prefetch()
    assert len(report.failed) == 9
    for outcome in report:
        assert outcome.error is not None
        assert NOBODY in str(outcome.error)
        assert "kept" not in str(outcome.error)


def test_nobody_does_not_stop_others(drive: Drive) -> None:
    """A host beyond reach takes nothing from another one's files."""
    drive.register(f"a.raw {'0' * 64} https://{NOBODY}/a.raw")
    for name in "bcd":
        drive.add(f"{name}.raw", DATA)
    report = evio_data.prefetch()
    assert [outcome.name for outcome in report.failed] == ["a.raw"]


def test_a_sign_in_page_at_one_port_is_no_verdict_on_another(drive: Drive) -> None:
    """Two servers on one machine are two hosts; what one says of a file is told under its name."""
    with DriveServer() as other:
        page = {"portal": "text/html", "portal_status": 511}
        for number in range(2):
            file = other.add(f"{number}.raw", DATA, **page)  # type: ignore[arg-type]
            drive.register(f"a/{number}.raw {file.sha256} {other.plain_url(file)}")
        file = drive.server.add("good.raw", DATA)
        drive.register(f"b/good.raw {file.sha256} {drive.server.plain_url(file)}")
        first, second, good = evio_data.prefetch(concurrency=1)
    assert str(first.error).startswith("a/0.raw: this network wants a sign-in")
    assert str(second.error).startswith("a/1.raw: this network wants a sign-in")
    assert good.path is not None


def test_lines_of_a_run_without_a_network(drive: Drive) -> None:
    """Fourteen files that nobody serves take no more than 25 lines to say so."""
    for number in range(14):
        drive.register(f"{number}.raw {'0' * 64} https://{NOBODY}/{number}.raw")
    code = "from evio_data._cli.main import prefetch_datasets; prefetch_datasets()"
    command = [sys.executable, "-c", code, "--yes"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    lines = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 1
    assert all(f"{number}.raw" in done.stderr for number in range(14))
    assert len(lines) <= 25, lines


def test_a_long_pause_is_not_waited_for(drive: Drive) -> None:
    """A server that asks for six hours ends its own file, with its wish in the message."""
    drive.add("a.raw", DATA, errors=[429] * 50, retry_after="21600")
    (outcome,) = evio_data.prefetch()
    assert isinstance(outcome.error, errors.DownloadError)
    assert "6 h" in str(outcome.error)


@pytest.mark.parametrize("status", [429, 503])
def test_a_pause_belongs_to_a_host(drive: Drive, status: int) -> None:
    """While one host is left alone, the files of another one come."""
    os.environ["EVIO_DATA_RETRIES"] = "1"
    busy = drive.server.add("busy.raw", DATA, errors=[status] * 50, retry_after="2")
    drive.register(f"busy.raw {busy.sha256} {drive.server.plain_url(busy)}")
    for name in "bcd":
        drive.add(f"{name}.raw", DATA)
    report = evio_data.prefetch()
    assert [outcome.name for outcome in report.failed] == ["busy.raw"]


def test_a_dripping_host_holds_up_no_other_file(drive: Drive, dripping: str) -> None:
    """Hosts that never finish an answer cost their own files some time, and no other file."""
    os.environ["EVIO_DATA_TIMEOUT"] = "0.5"
    os.environ["EVIO_DATA_RETRIES"] = "0"
    for number in range(3):
        drive.register(f"drip{number}.raw {'0' * 64} {dripping}/{number}.raw")
    for name in "bcd":
        drive.add(f"{name}.raw", DATA)
    report = evio_data.prefetch(concurrency=4)
    assert {outcome.name for outcome in report.failed} == {f"drip{n}.raw" for n in range(3)}


def test_a_verdict_holds_until_bytes_have_come() -> None:
    """A host that has sent bytes in this run is not judged as beyond reach."""
    silent, proved = Host(3), Host(3)
    proved.arrived = True
    for host in (silent, proved):
        host.judge(errors.DownloadError("nobody answers."), lasting=True)
    assert silent.verdict is not None
    assert proved.verdict is None


def test_a_host_is_one_for_all_files() -> None:
    """Whoever asks for a host by its label gets the same one."""
    hosts = Hosts(3)
    assert hosts["a"] is hosts["a"]
    assert hosts["a"] is not hosts["b"]


LIMITED = """
import resource, sys
import evio_data, evio_data._transfer.engine
from pathlib import Path
import threading
real = threading.Thread.start
left = int(sys.argv[1])
def start(self):
    global left
    left -= 1
    if left < 0:
        raise RuntimeError("can't start new thread")
    real(self)
threading.Thread.start = start
report = evio_data.prefetch()
print(report.ok, len(report))
"""


@pytest.mark.parametrize("threads", [0, 1, 2, 4])
def test_threads_that_cannot_start(drive: Drive, threads: int) -> None:
    """A run works with the threads that the machine gives it, and with none."""
    for number in range(3):
        drive.add(f"{number}.raw", noise(3_000_000, number), size=True)
    command = [sys.executable, "-c", LIMITED, str(threads)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "True 3\n", done.stderr


@pytest.mark.skipif(os.name == "nt", reason="there are no such limits")
def test_descriptors_that_run_out(drive: Drive) -> None:
    """With too few descriptors every file has an outcome, and nothing is wrong or hangs."""
    for number in range(3):
        drive.add(f"{number}.raw", noise(300_000, number))
    code = """
import resource, evio_data, evio_data._transfer.engine
resource.setrlimit(resource.RLIMIT_NOFILE, (12, 12))
report = evio_data.prefetch()
print(len(report))
"""
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.stdout == "3\n", done.stderr
