"""One client's connection, whose requests are answered in turn, directly or through CONNECT."""

from __future__ import annotations

import ssl
import time

from . import _refusals, _routes
from ._answers import Answer, Body, page
from ._channel import Channel
from ._files import DriveFile
from ._log import Log, RequestRecord
from ._model import Drive
from ._pace import Pace
from ._routes import GOOGLE_HOSTS, is_itself
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
            self._begin()
            while self._serve_one():
                pass
        except OSError:  # gone, or speaks no TLS: nobody is left to tell
            pass
        finally:
            self._channel.close()

    def _begin(self) -> None:
        """Wait as long as TCP's handshake would take, then speak TLS if the client does."""
        self._channel.pause(self._drive.latency)
        if self._tls is not None and self._channel.begins_with_tls():
            self._secure(self._tls)

    def _secure(self, tls: ssl.SSLContext) -> None:
        self._channel.pause(self._drive.latency)
        self._channel.secure(tls)

    def _serve_one(self) -> bool:
        request = self._channel.read_request()
        if request is None:
            return False
        self._channel.pause(self._drive.latency)
        if self._drive.proxy_status is not None and request.is_for_a_proxy:
            return self._turn_away(request, self._drive.proxy_status)
        if request.method == "CONNECT":
            return self._tunnel(request)
        return self._respond(request)

    def _tunnel(self, request: Request) -> bool:
        if request.host not in GOOGLE_HOSTS:
            return self._turn_away(request, 403)
        if self._tls is None or self._channel.secured:
            return self._turn_away(request, 501)
        self._channel.send(head(200, []))
        self._secure(self._tls)
        return True

    def _turn_away(self, request: Request, status: int) -> bool:
        answer = page("", status)
        answer.close = True
        if status == 407:
            answer.headers.append(("Proxy-Authenticate", 'Basic realm="proxy"'))
        return self._send(answer, request, self._record(request, request.host, answer))

    def _respond(self, request: Request) -> bool:
        if request.host not in GOOGLE_HOSTS and not is_itself(request.host):
            return self._turn_away(request, 403)
        host, answer = _routes.answer(self._drive, request)
        if isinstance(answer.body, Body) and request.method != "HEAD":
            return self._send_in_turn(answer, answer.body.file, request, host)
        return self._send(answer, request, self._record(request, host, answer))

    def _send_in_turn(self, answer: Answer, file: DriveFile, request: Request, host: str) -> bool:
        drive = self._drive
        if not drive.traffic.enter(drive.max_connections, sorry_for=drive.sorry_for):
            return self._refuse(_refusals.sorry(drive.sorry_status), answer, request, host)
        try:
            return self._send_within_limit(answer, file, request, host)
        finally:
            drive.traffic.leave()

    def _send_within_limit(
        self, answer: Answer, file: DriveFile, request: Request, host: str
    ) -> bool:
        if not file.enter(ranged="range" in request.headers):
            return self._refuse(_refusals.over_limit(file), answer, request, host)
        try:
            return self._send(answer, request, self._record(request, host, answer))
        finally:
            file.leave()

    def _refuse(self, refused: Answer, answer: Answer, request: Request, host: str) -> bool:
        """Send a refusal in place of an answer that is about the same file."""
        refused.file_id = answer.file_id
        return self._send(refused, request, self._record(request, host, refused))

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
