"""A folder in, its files on a loopback port out, served by a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ._bench import Bench
from ._files import Work, make, work
from ._tools import Tools

MB = 10**6
CAP = 20 * MB  # bytes/s on each connection, where a line is played
_PATIENCE = 10.0  # seconds for a server to begin
_NGINX = """
daemon off; master_process off; pid {state}/pid; error_log {state}/errors;
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {state}/body; proxy_temp_path {state}/proxy;
    fastcgi_temp_path {state}/fastcgi; uwsgi_temp_path {state}/uwsgi;
    scgi_temp_path {state}/scgi;
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
"""


@dataclass(frozen=True)
class Served:
    """Files that are being served, as work for the tools, and by whom."""

    work: Work
    server: str
    folder: Path


@contextmanager
def serving(bench: Bench, sizes: list[int], *, rate: int | None = None) -> Iterator[Served]:
    """Make files of these sizes, and serve them without limit or at a rate a connection."""
    with bench.folder() as scratch:
        folder = scratch / "served"
        hashes = make(folder, sizes)
        fast = rate is None and bench.tools.has("nginx")
        serve = nginx(bench.tools, folder) if fast else _drive_server(bench.tools, folder, rate)
        with serve as (urls, server):
            yield Served(work(folder, hashes, urls.__getitem__), server, folder)


@contextmanager
def nginx(tools: Tools, folder: Path) -> Iterator[tuple[dict[str, str], str]]:
    """Serve a folder by nginx; give URLs by name, and what to call it."""
    state = folder.with_name("nginx")
    state.mkdir()
    port = _free_port()
    settings = state / "settings"
    settings.write_text(_NGINX.format(state=state, port=port, folder=folder), encoding="utf-8")
    command = [tools.programs["nginx"], "-c", str(settings), "-e", str(state / "errors")]
    with running(command):
        _wait_for(port)
        urls = {path.name: f"http://127.0.0.1:{port}/{path.name}" for path in folder.iterdir()}
        yield urls, f"nginx {tools.versions['nginx']} with sendfile"


@contextmanager
def _drive_server(
    tools: Tools, folder: Path, rate: int | None
) -> Iterator[tuple[dict[str, str], str]]:
    command = [str(tools.python), "-m", "evio_data.testing", str(folder)]
    label = "evio_data.testing (plain URLs)"
    if rate is not None:
        command += ["--set", f"rate_per_connection={rate}"]
        label += f" at {rate // MB} MB/s a connection"
    with running(command) as process:
        assert process.stdout is not None
        files = json.loads(process.stdout.readline())["files"]
        yield {name: file["plain_url"] for name, file in files.items()}, label


@contextmanager
def running(command: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run a program for a while."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.terminate()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
        else:
            return
