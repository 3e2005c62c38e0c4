"""A small internet on this machine: many hosts with certificates, behind one HTTPS proxy."""

from __future__ import annotations

import json
import os
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme


class Internet:
    """Pages by their HTTPS addresses; every request is noted."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._folder = folder
        self.pages: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.cut_at: dict[str, int] = {}  # bytes of a page after which its next answer breaks off
        self.asked: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.sent: dict[str, int] = {}

    @property
    def bundle(self) -> Path:
        """The file of the authority that all its certificates are from."""
        path = self._folder / "authority.pem"
        self._authority.cert_pem.write_to_path(path)
        return path

    def add(self, url: str, body: bytes | Any, status: int = 200, **headers: str) -> None:
        """Serve a page: bytes, or what becomes JSON."""
        if not isinstance(body, bytes):
            body, headers = json.dumps(body).encode(), {"content_type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[url] = (status, named, body)

    def lead(self, url: str, target: str) -> None:
        """Redirect one address to another."""
        self.add(url, b"", 302, location=target)

    def context(self, host: str) -> ssl.SSLContext:
        """Return how to speak TLS as a host."""
        if host not in self._contexts:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._authority.issue_cert(host).configure_cert(context)
            self._contexts[host] = context
        return self._contexts[host]


class _Site(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer with a page, or a range of it."""
        internet: Internet = self.server.internet  # type: ignore[attr-defined]
        url = f"https://{self.headers['Host']}{self.path}"
        internet.asked.append(url)
        internet.headers.append(dict(self.headers))
        status, headers, body = internet.pages.get(url, (404, {}, b"nothing here"))
        if status == 200 and (wanted := self.headers.get("Range")):
            start = int(wanted[6:].partition("-")[0])
            stop = int(wanted.partition("-")[2] or len(body) - 1) + 1
            headers = {**headers, "Content-Range": f"bytes {start}-{stop - 1}/{len(body)}"}
            status, body = 206, body[start:stop]
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        cut = internet.cut_at.pop(url, None)
        internet.sent[url] = internet.sent.get(url, 0) + len(body[:cut])
        self.wfile.write(body[:cut])
        self.close_connection = self.close_connection or cut is not None

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


class _Proxy(BaseHTTPRequestHandler):
    def do_CONNECT(self) -> None:
        """Be the host that is asked for."""
        host = self.path.partition(":")[0]
        self.send_response(200)
        self.end_headers()
        context = self.server.internet.context(host)  # type: ignore[attr-defined]
        with suppress(OSError), context.wrap_socket(self.connection, server_side=True) as secure:
            _Site(secure, self.client_address, self.server)
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@contextmanager
def running(folder: Path) -> Iterator[Internet]:
    """Run an internet of HTTPS hosts, and lead everybody in this process to it."""
    made = Internet(folder)
    proxy = ThreadingHTTPServer(("127.0.0.1", 0), _Proxy)
    proxy.internet = made  # type: ignore[attr-defined]
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    os.environ["HTTPS_PROXY"] = os.environ["https_proxy"] = f"http://127.0.0.1:{proxy.server_port}"
    os.environ["REQUESTS_CA_BUNDLE"] = str(made.bundle)
    try:
        yield made
    finally:
        proxy.shutdown()
        proxy.server_close()
