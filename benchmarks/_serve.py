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
# The second location is what huggingface_hub asks for; its answers to a HEAD name a commit.
_NGINX = """
daemon off; master_process off; pid {state}/pid; error_log {state}/errors;
events {{ worker_connections 512; }}
http {{
    access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;
    default_type application/octet-stream;
    client_body_temp_path {state}/body; proxy_temp_path {state}/proxy;
    fastcgi_temp_path {state}/fastcgi; uwsgi_temp_path {state}/uwsgi;
    scgi_temp_path {state}/scgi;
    server {{
        listen 127.0.0.1:{port}{tls}; root {folder};
        location ~ ^/.+/.+/resolve/.+/(.+)$ {{
            alias {folder}/$1; add_header X-Repo-Commit {commit};
        }}
    }}
}}
"""
_TLS = """ ssl; ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {0}/server.pem; ssl_certificate_key {0}/server.key"""
_COMMIT = "0" * 40


@dataclass(frozen=True)
class Line:
    """A speed in bytes a second, of each connection or of all together; or a latency."""

    rate: int | None = None
    shared: bool = False
    latency: float = 0.0  # seconds

    @property
    def options(self) -> list[str]:
        """The options of ``python -m evio_data.testing``."""
        if self.rate is None:
            return ["--latency", str(self.latency)]
        return ["--set", f"{'rate' if self.shared else 'rate_per_connection'}={self.rate}"]

    def __str__(self) -> str:
        if self.rate is None:
            return f"{self.latency * 1000:.0f} ms of latency"
        whose = "for all connections together" if self.shared else "a connection"
        return f"{self.rate // MB} MB/s {whose}"


CAPPED = Line(CAP)


@dataclass(frozen=True)
class Served:
    """Files that are being served, as work for the tools, and by whom."""

    work: Work
    server: str
    folder: Path


@contextmanager
def serving(
    bench: Bench, sizes: list[int], *, line: Line | None = None, tls: bool = False
) -> Iterator[Served]:
    """Make files of these sizes, and serve them: over TLS, without limit, or over a line."""
    with bench.folder() as scratch:
        folder = scratch / "served"
        hashes = make(folder, sizes)
        certificate = _certificate(bench.tools, scratch) if tls else None
        if line is None and bench.tools.has("nginx"):
            serve = nginx(bench.tools, folder, certificate)
        else:
            serve = _drive_server(bench.tools, folder, line)
        with serve as (urls, server):
            authority = certificate / "client.pem" if certificate else None
            yield Served(work(folder, hashes, urls.__getitem__, authority), server, folder)


@contextmanager
def nginx(
    tools: Tools, folder: Path, certificate: Path | None = None
) -> Iterator[tuple[dict[str, str], str]]:
    """Serve a folder by nginx; give URLs by name, and what to call it."""
    state = folder.with_name("nginx")
    state.mkdir()
    port = free_port()
    settings = state / "settings"
    tls = _TLS.format(certificate) if certificate else ""
    text = _NGINX.format(state=state, port=port, folder=folder, tls=tls, commit=_COMMIT)
    settings.write_text(text, encoding="utf-8")
    command = [tools.programs["nginx"], "-c", str(settings), "-e", str(state / "errors")]
    with running(command):
        _wait_for(port)
        base = f"{'https' if certificate else 'http'}://127.0.0.1:{port}"
        urls = {path.name: f"{base}/{path.name}" for path in folder.iterdir()}
        yield urls, f"nginx {tools.versions['nginx']} with {'TLS' if certificate else 'sendfile'}"


def _certificate(tools: Tools, scratch: Path) -> Path:
    """Make an authority and a certificate of this machine in a folder, by trustme."""
    folder = scratch / "certificate"
    folder.mkdir()
    command = [str(tools.python), "-m", "trustme", "--quiet", "--dir", str(folder)]
    subprocess.run([*command, "--identities", "127.0.0.1", "localhost"], check=True)
    return folder


@contextmanager
def _drive_server(
    tools: Tools, folder: Path, line: Line | None
) -> Iterator[tuple[dict[str, str], str]]:
    command = [str(tools.python), "-m", "evio_data.testing", str(folder)]
    label = "evio_data.testing (plain URLs)"
    if line is not None:
        command += line.options
        label += f" at {line}"
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


def free_port() -> int:
    """Return a port on which nobody listens."""
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
