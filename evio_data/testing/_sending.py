"""An answer onto a connection: head, then the body at its rate, up to where it is cut."""

from __future__ import annotations

import time
from email.utils import formatdate

from . import _faults
from ._answers import Answer, Body, Headers
from ._channel import Channel
from ._faults import Ending
from ._files import Garble, Length
from ._log import RequestRecord
from ._model import Drive
from ._pace import Pace, slice_length
from ._wire import Request, head

_LONGEST_SLICE = 1024 * 1024  # bytes between two looks at the switches
_ENDLESS_SLICE = b"\0" * 65536
_ENDLESS_LIMIT = 2**40  # bytes; nobody's disk is larger, and no loop here is unbounded


class Sender:
    """Sends the answers of one connection, one after the other."""

    def __init__(self, drive: Drive, channel: Channel, shared_pace: Pace) -> None:
        self._drive = drive
        self._channel = channel
        self._shared = shared_pace
        self._own = Pace()

    def send(self, answer: Answer, request: Request, record: RequestRecord) -> bool:
        """Send one answer; return whether the connection can go on."""
        closing = answer.close or not request.keeps_open
        if isinstance(answer.body, Body):
            return self._send_data(answer, answer.body, request, record) and not closing
        headers = _page_headers(answer, request, len(answer.body), closing=closing)
        body = b"" if request.method == "HEAD" else answer.body
        self._channel.send(head(answer.status, headers) + body)
        record.sent = len(body)
        return not closing

    def _send_data(
        self, answer: Answer, body: Body, request: Request, record: RequestRecord
    ) -> bool:
        length = body.file.length  # once: a body is framed in the way that its head says
        headers = [*answer.headers, ("Date", formatdate(usegmt=True)), *_framing(body, length)]
        if request.method == "HEAD":
            self._channel.send(head(answer.status, headers))
            return True
        # Chosen before the head goes out: a client that has seen it may change the switches.
        transfer = Transfer(body, length, record, time.monotonic())
        self._channel.send(head(answer.status, headers))
        self._run(transfer)
        return self._end(transfer) and length != "absent"

    def _run(self, transfer: Transfer) -> None:
        done = 0
        while done < transfer.ending.after and not transfer.is_over_time():
            rate = _lowest(transfer.body.file.rate, self._drive.rate_per_connection)
            length = slice_length(_lowest(rate, self._drive.rate), _LONGEST_SLICE)
            length = min(length, transfer.ending.after - done)
            self._own.wait(length, rate, first=done == 0)
            self._shared.wait(length, self._drive.rate, first=done == 0)
            done += self._send_slice(transfer, done, length)
        transfer.done = done

    def _send_slice(self, transfer: Transfer, done: int, length: int) -> int:
        body = transfer.body
        if done >= body.length:
            return self._send_bytes(transfer, _ENDLESS_SLICE[:length])
        length = min(length, body.length - done)
        start = body.start + done
        if transfer.garble is None and transfer.length != "chunked":
            return self._send_span(transfer, start, length)
        data = body.content.read(start, length)
        if transfer.garble is not None:
            data = _faults.damaged(transfer.garble, body, data, start)
        return self._send_bytes(transfer, data)

    def _send_bytes(self, transfer: Transfer, data: bytes) -> int:
        transfer.count(len(data))
        chunked = transfer.length == "chunked"
        self._channel.send(b"%x\r\n%b\r\n" % (len(data), data) if chunked else data)
        return len(data)

    def _send_span(self, transfer: Transfer, start: int, length: int) -> int:
        # Counted first: whoever has received the last byte must find it in the log.
        transfer.count(length)
        sent = 0
        try:
            sent = self._channel.send_span(transfer.body.content, start, length)
        finally:
            transfer.count(sent - length)
        return sent

    def _end(self, transfer: Transfer) -> bool:
        how = transfer.how()
        if how == "reset":
            self._channel.reset()
        elif how == "stall":
            self._channel.hang()
        elif how == "complete" and transfer.length == "chunked":
            self._channel.send(b"0\r\n\r\n")
        return how == "complete"


class Transfer:
    """One body under way."""

    def __init__(self, body: Body, length: Length, record: RequestRecord, started: float) -> None:
        self.body = body
        self.length = length
        self.done = 0
        self.ending = _endless(_faults.ending(body), body)
        self.garble: Garble | None = _faults.damage(body)
        self._record = record
        self._started = started

    def is_over_time(self) -> bool:
        """Whether the connection has lived as long as it may."""
        limit = self.body.file.cut_seconds
        return limit is not None and time.monotonic() - self._started >= limit

    def how(self) -> _faults.EndHow:
        """Return what happens after the last byte that was sent."""
        return self.ending.how if self.done >= self.ending.after else self.body.file.cut_how

    def count(self, length: int) -> None:
        """Add to the record and to the file's total."""
        self._record.sent += length
        self.body.file.count(length)


def _endless(ending: Ending, body: Body) -> Ending:
    if body.file.endless and ending.how == "complete":
        return Ending(_ENDLESS_LIMIT, "close")
    return ending


def _lowest(*rates: float | None) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)


def _framing(body: Body, length: Length) -> Headers:
    if length == "chunked":
        return [("Transfer-Encoding", "chunked")]
    if length == "absent":
        return [("Connection", "close")]
    return [("Content-Length", str(body.length))]


def _page_headers(answer: Answer, request: Request, length: int, *, closing: bool) -> Headers:
    headers = [*answer.headers, ("Date", formatdate(usegmt=True))]
    if request.method != "HEAD" or answer.size_on_head:
        headers.append(("Content-Length", str(length)))
    if closing:
        headers.append(("Connection", "close"))
    return headers
