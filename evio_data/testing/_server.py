"""A local Google Drive, served on one loopback port."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Self
from urllib.parse import quote

from ._channel import Channel
from ._connection import Connection
from ._content import Content
from ._files import DriveFile, new_id
from ._folders import DriveFolder
from ._log import Log, RequestRecord
from ._model import Drive
from ._pace import Pace

_BACKLOG = 512  # connections that wait to be accepted
_JOIN_SECONDS = 5.0  # for all connections together to end


class DriveServer(Drive):
    """Answers as Google Drive does to an anonymous client, with faults on demand.

    It always speaks of Google: redirects, form actions and links are the real URLs.
    There are three entry points, all on one port of the loopback interface:

    * send what is meant for Google's hosts to `endpoint`, path and query unchanged;
    * with `tls`, use it as an HTTPS proxy under Google's real names, which unmodified
      clients can do (``HTTPS_PROXY``, ``REQUESTS_CA_BUNDLE``, ``curl --cacert``);
    * fetch `plain_url` of a file, which is an ordinary web server's, without Drive's pages.

    With `tls`, clients may also speak HTTPS to the port itself.

    Parameters
    ----------
    tls
        A server-side context whose certificate names the Google hosts (``trustme`` makes
        one in a line), or None.
    port
        The port to listen at; 0 takes a free one.
    host
        The loopback address to listen at: on Linux, servers at 127.0.0.1, 127.0.0.2, ...
        are different hosts.
    scan_limit
        Files larger than this (bytes) get the warning page first.
    lenient
        Whether ``confirm=t`` without ``uuid`` is enough at the bytes' own host.

    Attributes
    ----------
    scan_limit, lenient
        The parameters of the same name. Every attribute can be set at any time.
    latency
        Seconds before each answer, and once more for the handshake of TCP and of TLS: the round
        trip that a loopback connection does not have.
    proxy_status
        Refuse everything that is asked of it as a proxy with this status (403, or 407 with
        ``Proxy-Authenticate``); None: serve Google's hosts.
    rate, rate_per_connection
        Bytes a second for all connections together, and for each; None is no limit.
    max_connections
        More bodies of data than this at once get the "Sorry..." page.
    max_requests_per_second
        More requests to Google's hosts than this get it too.
    sorry_for
        Seconds that "Sorry..." then lasts, for every request.
    sorry_status
        429, or the 403 of former years.
    api_key
        The only API key that is good, or None: any is.
    api_page_limit
        The API lists no more than this a page, whatever is asked.
    cookies
        Whether a ``NID`` cookie is set; nothing ever depends on it.
    language
        Of folder listings that are asked without ``hl``.

    Examples
    --------
    >>> import urllib.request
    >>> from evio_data.testing import DriveServer
    >>> with DriveServer() as server:
    ...     fan = server.add("fan.raw", b"events", large=False)
    ...     path = f"/download?id={fan.id}&export=download"
    ...     urllib.request.urlopen(server.endpoint + path).read()
    b'events'
    """

    __slots__ = (
        "_acceptor",
        "_connections",
        "_host",
        "_listener",
        "_lock",
        "_log",
        "_pace",
        "_port",
        "_tls",
    )

    def __init__(
        self,
        tls: ssl.SSLContext | None = None,
        *,
        port: int = 0,
        host: str = "127.0.0.1",
        scan_limit: int = 100 * 2**20,
        lenient: bool = True,
    ) -> None:
        super().__init__(scan_limit=scan_limit, lenient=lenient)
        self._tls = tls
        self._port = port
        self._host = host
        self._listener: socket.socket | None = None
        self._acceptor: threading.Thread | None = None
        self._connections: dict[threading.Thread, Channel] = {}
        self._lock = threading.Lock()
        self._log = Log()
        self._pace = Pace()

    # --- life --------------------------------------------------------------------------------

    def start(self) -> DriveServer:
        """Listen, and answer in threads; return the server itself."""
        self._listener = socket.create_server((self._host, self._port), backlog=_BACKLOG)
        self._port = self._listener.getsockname()[1]
        self._acceptor = threading.Thread(
            target=self._accept, args=(self._listener,), name="DriveServer", daemon=True
        )
        self._acceptor.start()
        return self

    def close(self) -> None:
        """Cut every connection, stop listening, give the disk space back."""
        if self._listener is not None:
            listener, self._listener = self._listener, None
            self._stop_accepting()
            listener.close()
            self._end_connections()
        for content in self._contents:
            content.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # --- addresses ---------------------------------------------------------------------------

    @property
    def port(self) -> int:
        """The TCP port that it listens at."""
        return self._port

    @property
    def endpoint(self) -> str:
        """The base URL that stands for all of Google's hosts; also the proxy's URL."""
        return f"http://{self._host}:{self._port}"

    @property
    def secure_endpoint(self) -> str:
        """The same as `endpoint`, by HTTPS; needs `tls`."""
        return f"https://{self._host}:{self._port}"

    def plain_url(self, file: DriveFile, *, secure: bool = False) -> str:
        """Return the URL of a file as an ordinary web server would have it."""
        unique = self.named(file.name) is file
        endpoint = self.secure_endpoint if secure else self.endpoint
        return f"{endpoint}/plain/{quote(file.name)}" + ("" if unique else f"?id={file.id}")

    # --- what it holds -----------------------------------------------------------------------

    def add(
        self,
        name: str,
        content: bytes | Path,
        *,
        id: str | None = None,
        mime: str = "application/octet-stream",
        large: bool | None = None,
        folder: DriveFolder | None = None,
        **options: object,
    ) -> DriveFile:
        """Serve a file.

        Parameters
        ----------
        name
            What Drive calls it; names need not be unique.
        content
            Its bytes, or the path of a file that is served where it is.
        id
            Its Drive id; a new one if left out.
        mime
            Its MIME type.
        large
            Whether the warning page comes first; None: if it is over `scan_limit`.
        folder
            List it there too.
        **options
            Any other attribute of `DriveFile`.
        """
        kept = self.keep(Content(content))
        file = DriveFile(name=name, id=id or new_id(), mime=mime, content=kept, large=large)
        file.keep = self._keep_bytes
        for option, value in options.items():
            setattr(file, option, value)
        self.register(file)
        if folder is not None:
            folder.add(file)
        return file

    def folder(
        self, title: str, parent: DriveFolder | None = None, id: str | None = None
    ) -> DriveFolder:
        """Make a folder, listed in `parent` if one is given."""
        folder = DriveFolder(name=title, id=id or new_id(), _register=self.register)
        self.register(folder)
        if parent is not None:
            parent.add(folder)
        return folder

    def _keep_bytes(self, content: bytes) -> Content:
        return self.keep(Content(content))

    # --- what happened -----------------------------------------------------------------------

    @property
    def requests(self) -> list[RequestRecord]:
        """A snapshot of all requests so far, in their order."""
        return self._log.snapshot()

    def sent(self, file: DriveFile | None = None) -> int:
        """Return the bytes of data sent, of one file or of all; pages do not count."""
        return self._log.sent(file.id if file is not None else None)

    def forget(self) -> None:
        """Clear the log of requests."""
        self._log.clear()

    # --- connections -------------------------------------------------------------------------

    def _stop_accepting(self) -> None:
        with suppress(OSError), socket.create_connection((self._host, self._port)):
            pass  # wakes the thread that accepts
        if self._acceptor is not None:
            self._acceptor.join(_JOIN_SECONDS)

    def _end_connections(self) -> None:
        with self._lock:
            connections = dict(self._connections)
        for channel in connections.values():
            channel.wake()
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread in connections:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _accept(self, listener: socket.socket) -> None:
        while True:
            client, address = listener.accept()
            if self._listener is not listener:
                client.close()
                return
            self._start_connection(client, address[1])

    def _start_connection(self, client: socket.socket, client_port: int) -> None:
        channel = Channel(client)
        connection = Connection(
            self,
            channel,
            client_port=client_port,
            log=self._log,
            tls=self._tls,
            shared_pace=self._pace,
        )
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        with self._lock:
            self._connections[thread] = channel
        thread.start()

    def _serve(self, connection: Connection) -> None:
        try:
            connection.serve()
        finally:
            with self._lock:
                del self._connections[threading.current_thread()]
