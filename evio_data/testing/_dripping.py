"""The parts of an answer that the options of its file send slowly, or send too often."""

from __future__ import annotations

from collections.abc import Iterable

from ._channel import Channel
from ._files import DriveFile
from ._wire import head


def send_head(channel: Channel, data: bytes, file: DriveFile | None) -> None:
    """Send the head of an answer, interim answers first."""
    if file is None:
        channel.send(data)
        return
    _send_interim(channel, file)
    if file.drip_lines:
        useless = "".join(f"X-Drip-{n}: {'.' * 40}\r\n" for n in range(file.drip_lines))
        data = data[:-2] + useless.encode() + b"\r\n"
    if file.drip == "head-bytes":
        _send_slowly(channel, _bytes(data), file)
    elif file.drip == "head-lines":
        _send_slowly(channel, data.splitlines(keepends=True), file)
    else:
        channel.send(data)


def _send_interim(channel: Channel, file: DriveFile) -> None:
    interim = head(file.informational_status, [])
    for _ in range(file.informational):
        channel.send(interim)
        channel.pause(file.drip_pause)


def send_body(channel: Channel, data: bytes, file: DriveFile | None) -> None:
    """Send the body of a page or a redirect."""
    if file is not None and file.drip == "body":
        _send_slowly(channel, _bytes(data), file)
    else:
        channel.send(data)


def send_last_chunk(channel: Channel, file: DriveFile, *, slowly: bool) -> None:
    """Send what ends a chunked body, its trailers among it."""
    fields = [f"X-Trailer-{n}: {'.' * 40}\r\n".encode() for n in range(file.trailers)]
    if not slowly:
        channel.send(b"0\r\n" + b"".join(fields) + b"\r\n")
        return
    channel.send(b"0\r\n")
    _send_slowly(channel, [*fields, b"\r\n"], file)


def _bytes(data: bytes) -> list[bytes]:
    return [data[n : n + 1] for n in range(len(data))]


def _send_slowly(channel: Channel, pieces: Iterable[bytes], file: DriveFile) -> None:
    for piece in pieces:
        channel.pause(file.drip_pause)
        channel.send(piece)
