"""One client's connection: its requests, answered in turn, directly or through CONNECT."""

from __future__ import annotations

import ssl
import time

from . import _refusals, _routes
from ._answers import Answer, page
from ._channel import Channel
from ._log import Log, RequestRecord
from ._model import Drive
from ._pace import Pace
from ._routes import GOOGLE_HOSTS, ITSELF
from ._sending import Sender
from ._wire import Request, head


class Connection:
    """Answers until the client, a fault, or the closing server ends it."""

    def __init__(
        self,
        drive: Drive,
        channel: Channel,
        *,
        client_port: int,
        log: Log,
        tls: ssl.SSLContext | None,
        shared_pace: Pace,
    ) -> None:
        self._drive = drive
        self._channel = channel
        self._client_port = client_port
        self._log = log
        self._tls = tls
        self._sender = Sender(drive, channel, shared_pace)

    def serve(self) -> None:
        """Answer requests; a client that vanishes is no error."""
        try:
            while self._serve_one():
                pass
        except OSError:  # gone, or speaks no TLS: nobody is left to tell
            pass
        finally:
            self._channel.close()

    def _serve_one(self) -> bool:
        request = self._channel.read_request()
        if request is None:
            return False
        if request.method == "CONNECT":
            return self._tunnel(request)
        return self._respond(request)

    def _tunnel(self, request: Request) -> bool:
        if request.host not in GOOGLE_HOSTS:
            return self._turn_away(request, 403)
        if self._tls is None or self._channel.secured:
            return self._turn_away(request, 501)
        self._channel.send(head(200, []))
        self._channel.secure(self._tls)
        return True

    def _turn_away(self, request: Request, status: int) -> bool:
        answer = page("", status)
        answer.close = True
        return self._send(answer, request, self._record(request, request.host, answer))

    def _respond(self, request: Request) -> bool:
        if request.host not in GOOGLE_HOSTS and request.host not in ITSELF:
            return self._turn_away(request, 403)
        host, answer = _routes.answer(self._drive, request)
        if answer.kind != "data" or request.method == "HEAD":
            return self._send(answer, request, self._record(request, host, answer))
        return self._send_in_turn(answer, request, host)

    def _send_in_turn(self, answer: Answer, request: Request, host: str) -> bool:
        drive = self._drive
        if not drive.traffic.enter(drive.max_connections, sorry_for=drive.sorry_for):
            refused = _refusals.sorry(drive.sorry_status)
            refused.file_id = answer.file_id
            return self._send(refused, request, self._record(request, host, refused))
        try:
            return self._send(answer, request, self._record(request, host, answer))
        finally:
            drive.traffic.leave()

    def _send(self, answer: Answer, request: Request, record: RequestRecord) -> bool:
        try:
            return self._sender.send(answer, request, record)
        finally:
            record.ended = time.monotonic()

    def _record(self, request: Request, host: str, answer: Answer) -> RequestRecord:
        record = RequestRecord(
            method=request.method,
            host=host,
            path=request.path,
            query=request.query,
            headers=request.headers,
            range=request.headers.get("range"),
            file_id=answer.file_id,
            status=answer.status,
            kind=answer.kind,
            client_port=self._client_port,
        )
        self._log.add(record)
        return record
