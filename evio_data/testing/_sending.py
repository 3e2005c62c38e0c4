"""Sends the answers of one connection, a body at its rate and up to where it is cut."""

from __future__ import annotations

import time
from email.utils import formatdate

from . import _dripping, _faults
from ._answers import Answer, Body, Headers
from ._channel import Channel
from ._faults import Ending
from ._files import DriveFile, Garble, Length
from ._log import RequestRecord
from ._model import Drive
from ._pace import Pace, slice_length
from ._wire import Request, head

_LONGEST_SLICE = 1024 * 1024  # bytes between two looks at the options
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
        closing = answer.close or not request.keeps_open or _closes(answer.about)
        if isinstance(answer.body, Body):
            return self._send_data(answer, answer.body, request, record) and not closing
        is_announced = closing and (answer.about is None or answer.about.keep_alive)
        headers = _page_headers(answer, request, len(answer.body), closing=is_announced)
        body = b"" if request.method == "HEAD" else answer.body
        record.sent = len(body)
        framed = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body) if body and answer.chunked else body
        self._send_page(answer, _head(answer, headers), framed)
        return not closing

    def _send_page(self, answer: Answer, top: bytes, body: bytes) -> None:
        if answer.slow is None:
            self._channel.send(top + body)  # in one packet
            return
        _dripping.send_head(self._channel, top, answer.slow)
        _dripping.send_body(self._channel, body, answer.slow)

    def _send_data(
        self, answer: Answer, body: Body, request: Request, record: RequestRecord
    ) -> bool:
        length = body.file.length  # once: a body is framed in the way that its head says
        headers = [*answer.headers, ("Date", formatdate(usegmt=True)), *_framing(body, length)]
        top = _head(answer, headers)
        # Chosen before the head goes out: a client that has seen it may change the options.
        transfer = Transfer(body, length, record, time.monotonic()) if _has_body(request) else None
        _dripping.send_head(self._channel, top, answer.slow)
        if transfer is None:
            return True
        self._run(transfer)
        return self._end(transfer, answer.slow) and ("Connection", "close") not in headers

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
            return self._send_bytes(transfer, done, _ENDLESS_SLICE[:length])
        length = min(length, body.length - done)
        start = body.start + done
        if transfer.garble is None and transfer.length != "chunked":
            return self._send_span(transfer, start, length)
        data = body.content.read(start, length)
        if transfer.garble is not None:
            data = _faults.damaged(transfer.garble, body, data, start)
        return self._send_bytes(transfer, done, data)

    def _send_bytes(self, transfer: Transfer, done: int, data: bytes) -> int:
        transfer.count(len(data))
        chunked = transfer.length == "chunked"
        self._channel.send(_chunked(transfer.body, done, data) if chunked else data)
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

    def _end(self, transfer: Transfer, slow: DriveFile | None) -> bool:
        how = transfer.how()
        if how == "reset":
            self._channel.reset()
        elif how == "stall":
            self._channel.hang()
        elif how == "complete" and transfer.length == "chunked":
            return self._end_chunks(transfer.body.file, slow)
        return how == "complete"

    def _end_chunks(self, file: DriveFile, slow: DriveFile | None) -> bool:
        if file.last_chunk == "never":
            self._channel.hang()
        elif file.last_chunk == "sent":
            slowly = slow is not None and slow.drip == "trailers"
            _dripping.send_last_chunk(self._channel, file, slowly=slowly)
        return file.last_chunk == "sent"


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


def _head(answer: Answer, headers: Headers) -> bytes:
    if answer.about is None:
        return head(answer.status, headers)
    return head(answer.status, headers, answer.about.header_case, answer.about.http_version)


def _closes(file: DriveFile | None) -> bool:
    return file is not None and (file.http_version == "1.0" or not file.keep_alive)


def _has_body(request: Request) -> bool:
    return request.method != "HEAD"


def _endless(ending: Ending, body: Body) -> Ending:
    if body.file.endless and ending.how == "complete":
        return Ending(_ENDLESS_LIMIT, "close")
    return ending


def _lowest(*rates: float | None) -> float | None:
    return min((rate for rate in rates if rate is not None), default=None)


def _chunked(body: Body, done: int, data: bytes) -> bytes:
    """Return data as chunks, or as the pieces of chunks that the file's `chunk_size` makes."""
    size = body.file.chunk_size
    if size is None or done >= body.length:
        return b"%x\r\n%b\r\n" % (len(data), data)
    pieces = []
    while data:
        inside = done % size
        whole = min(size, body.length - done + inside)
        piece, data = data[: whole - inside], data[whole - inside :]
        begin = b"" if inside else b"%x\r\n" % whole
        end = b"\r\n" if inside + len(piece) == whole else b""
        pieces.append(begin + piece + end)
        done += len(piece)
    return b"".join(pieces)


def _framing(body: Body, length: Length) -> Headers:
    size = str(body.length)
    framings: dict[Length, Headers] = {
        "exact": [("Content-Length", size)],
        "twice": [("Content-Length", size), ("Content-Length", size)],
        "list": [("Content-Length", f"{size}, {size}")],
        "chunked": [("Transfer-Encoding", "chunked"), *_announced_trailers(body.file)],
        "absent": [],
    }
    closes = length == "absent" or body.file.transfer_encoding is not None
    return framings[length] + [("Connection", "close")] * closes


def _announced_trailers(file: DriveFile) -> Headers:
    return [("Trailer", "X-Trailer-0")] if file.trailers else []


def _page_headers(answer: Answer, request: Request, length: int, *, closing: bool) -> Headers:
    headers = [*answer.headers, ("Date", formatdate(usegmt=True))]
    if answer.chunked:
        headers.append(("Transfer-Encoding", "chunked"))
    elif request.method != "HEAD" or answer.size_on_head:
        headers.append(("Content-Length", str(length)))
    if closing:
        headers.append(("Connection", "close"))
    return headers
