"""A response whose body has not been read yet."""

import socket
import time
import zlib
from collections.abc import Mapping
from contextlib import suppress
from email.utils import mktime_tz, parsedate_tz
from typing import Any, Self
from urllib.parse import urlsplit

from urllib3.util.retry import Retry

from .._text import duration
from . import faults
from .errors import BusyError, TransportError, UnavailableError, UnusableHostError
from .response import Response

MAX_PAGE = 512 * 1024  # bytes of a page that are read at most
MAX_PAGE_TIME = 60.0  # seconds for which a page may dribble in
MAX_REST = 64 * 1024  # bytes that are read off to keep a line
MAX_REST_TIME = 1.0  # seconds for that
MAX_RETRY_AFTER = 6 * 3600.0  # seconds; a longer wish is taken for this
CODINGS = ("gzip", "x-gzip", "deflate", "compress", "br", "zstd")
TRANSIENT = frozenset({408, 421, 425})  # and every 5xx


class Answer:
    """An answer whose body has not been read yet; close it, or use it in a ``with``.

    Parameters
    ----------
    raw : urllib3.HTTPResponse
    url : str
        The address as the server of the last hop is publicly known, before routing.
    proxy : str, optional
        Host and port of the proxy that it came through.
    """

    def __init__(self, raw: Any, url: str, *, proxy: str | None = None) -> None:
        self._raw = raw
        self._inner: Response = raw._original_response  # noqa: SLF001 - no copies this way
        self.url = url
        self.proxy = proxy
        self.status: int = raw.status
        self.headers: Mapping[str, str] = raw.headers

    @property
    def host(self) -> str:
        """The host that answered."""
        return urlsplit(self.url).hostname or self.url

    @property
    def coding(self) -> str:
        """The codings that the server claims for the body, in their order; empty for none.

        Labels that are no coding (RFC 9110 §8.4.1) are not believed: ``aws-chunked``, ``utf-8``.
        """
        named = [self.headers.get(f"{kind}-Encoding", "") for kind in ("Content", "Transfer")]
        labels = [label.strip() for label in ",".join(named).lower().split(",")]
        return ", ".join(label for label in labels if label in CODINGS)

    @property
    def ends_itself(self) -> bool:
        """Whether the body tells its own end (chunked), so that a cut cannot pass for the end."""
        return self._inner.chunked

    def read_into(self, view: memoryview) -> int:
        """Read some bytes of the body; 0 at its end.

        Raises
        ------
        TransportError
            When the line breaks or falls silent.
        """
        try:
            return self._inner.readinto(view)
        except TimeoutError as error:
            raise TransportError(faults.silence(self._inner.silence)) from error
        except Exception as error:
            raise TransportError(faults.words_for(error)) from error

    def page(self, *, within: float = MAX_PAGE_TIME) -> str:
        """Return the body as text: at most `MAX_PAGE` bytes of it, in at most so many seconds."""
        began = time.monotonic()
        self._inner.bound(within)
        try:
            body = self._first_bytes(MAX_PAGE)
        except TransportError as error:
            if time.monotonic() - began < within:
                raise
            words = f"timed out: no complete page within {duration(within)}"
            raise TransportError(words) from error
        return _unpacked(body, self.coding).decode("utf-8", "replace")

    def _first_bytes(self, most: int) -> bytes:
        body, at = bytearray(most), 0
        with memoryview(body) as view:
            while at < most and (count := self.read_into(view[at:])):
                at += count
        if at < most and self._inner.length:  # what is still to come
            raise TransportError("the body was cut short")
        return bytes(body[:at])

    def read_off(self) -> None:
        """Be done with a body that says nothing, and keep the line if that is soon done."""
        with suppress(TransportError):
            if (self._inner.length or 0) <= MAX_REST:
                self._inner.bound(MAX_REST_TIME)
                self._first_bytes(MAX_REST)
        self.release()

    def wait(self) -> float | None:
        """Return the seconds of ``Retry-After``, given as a number or as a date."""
        value = self.headers.get("Retry-After")
        if not value:
            return None
        with suppress(Exception):  # urllib3 raises its own error on nonsense
            return min(max(0.0, self._seconds_until(value)), MAX_RETRY_AFTER)
        return None

    def _seconds_until(self, value: str) -> float:
        then, now = parsedate_tz(value), parsedate_tz(self.headers.get("Date", ""))
        if then and now:  # both by the server's clock: ours may be hours off
            return mktime_tz(then) - mktime_tz(now)
        return float(Retry().parse_retry_after(value))

    def abort(self) -> None:
        """Wake a thread that is waiting for this body's next byte; safe from any thread."""
        with suppress(Exception):
            line = self._inner.line
            # Not by the TLS socket's own method: it forgets the session, and what had arrived
            # would be read on undeciphered, as if it were the file.
            socket.socket.shutdown(getattr(line, "socket", line), socket.SHUT_RDWR)

    def release(self) -> None:
        """Give the connection back for the next request; the body must have been read whole."""
        if self._inner.isclosed() and not self._inner.spoilt:
            self._raw.release_conn()
        else:
            self.close()

    def close(self) -> None:
        """Close the connection, read or not."""
        self._raw.close()
        self._raw.release_conn()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def raise_for_transient(answer: Answer) -> None:
    """Raise for the statuses that ask to come again later.

    Raises
    ------
    TransportError
        For `TRANSIENT` statuses, and for 5xx.
    BusyError
        For 429.
    UnusableHostError
        For 511, of a network that wants a sign-in.
    """
    if answer.status == 511:
        raise UnusableHostError(
            f"this network wants a sign-in before it leads to {answer.host} (511).",
            advice="Sign in to this network in a browser, and run again.",
        )
    if answer.status == 429:
        raise BusyError("the server asks for fewer requests (429)", wait=answer.wait())
    if answer.status in TRANSIENT or answer.status >= 500:
        error = UnavailableError(f"{answer.host} answered {answer.status}", wait=answer.wait())
        error.status = answer.status
        raise error


def _unpacked(body: bytes, coding: str) -> bytes:
    """Return a page that a proxy has compressed unasked; it grows to `MAX_PAGE` at most."""
    for label in reversed(coding.split(", ")):
        if label in ("gzip", "x-gzip", "deflate"):
            with suppress(zlib.error):  # a mere label
                body = zlib.decompressobj(wbits=47).decompress(body, MAX_PAGE)  # 47: gzip or zlib
    return body
