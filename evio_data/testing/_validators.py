"""The validators (``ETag``, ``Last-Modified``) of the node that answers a request."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import NamedTuple

from ._content import Content
from ._files import DriveFile


class Validators(NamedTuple):
    """What one node sends; None leaves the header out."""

    etag: str | None
    last_modified: str | None

    def match(self, if_range: str | None) -> bool:
        """Whether ``If-Range`` lets a range be served; a weak one never does (RFC 9110 13.1.5)."""
        if if_range is None:
            return True
        return not if_range.startswith("W/") and if_range in self


def of_next_node(file: DriveFile, content: Content) -> Validators:
    """Return the validators of the node whose turn it is."""
    usual = Validators(file.etag, file.last_modified)
    if file.nodes == "alike":
        return usual
    etag = file.etag or f'"{content.sha256[:16]}"'
    second = file.next_node() == 1
    if file.nodes == "second-off":
        return usual._replace(last_modified=_moved(_modified(file), seconds=int(second)))
    if file.nodes == "on-and-off":
        return Validators(None, None) if second else Validators(etag, _modified(file))
    return usual._replace(etag=_etag(file.nodes, etag, second=second))


def _etag(nodes: str, etag: str, *, second: bool) -> str:
    if nodes == "etag":
        return _suffixed(etag, "-n1" if second else "-n0")
    if not second:
        return etag
    return "W/" + etag.removeprefix("W/") if nodes == "weak" else _suffixed(etag, "-gzip")


def _suffixed(etag: str, suffix: str) -> str:
    return f'{etag.removesuffix(chr(34))}{suffix}"'


def _modified(file: DriveFile) -> str:
    if file.last_modified is not None:
        return file.last_modified
    return format_datetime(datetime.fromisoformat(file.modified).astimezone(UTC), usegmt=True)


def _moved(date: str, *, seconds: int) -> str:
    when = datetime.strptime(date, "%a, %d %b %Y %H:%M:%S GMT").replace(tzinfo=UTC)
    return format_datetime(when + timedelta(seconds=seconds), usegmt=True)
