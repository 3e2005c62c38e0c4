"""Read a response: its head in bounded time, and all of its body that comes before a break."""

import io
import time
from contextlib import AbstractContextManager
from http.client import HTTPException, HTTPResponse, IncompleteRead, UnknownProtocol
from typing import Any

from .head import read_fields, read_status
from .ranges import length_of

MAX_INTERIM = 100  # 1xx answers that are skipped before the real one
MAX_TRAILERS = 100  # fields after the last chunk
TRAILER_TIME = 1.0  # seconds that they may take; nothing is lost with them
GATHERING = 1.0  # seconds after which a buffer is handed out, full or not
BUFFER = 64 * 1024  # bytes: the whole answer of a small file, by one call


class Response(HTTPResponse):
    """An answer whose head comes whole within the time-out of its line.

    Attributes
    ----------
    line : socket
        What it is read from.
    silence : float
        Seconds after which it is taken for dead.
    spoilt : bool
        Whether something may be left on the line that must not pass for the next answer.
    """

    fp: Any

    def __init__(
        self, sock: Any, *args: Any, aside: AbstractContextManager[object], **kwargs: Any
    ) -> None:
        super().__init__(sock, *args, **kwargs)
        self.line = sock
        self.spoilt = False
        self.silence = sock.gettimeout()
        self.fp = self._reader = _Reader(self.fp.detach(), sock, aside)
        self._error: Exception | None = None
        self.bound(self.silence)

    def bound(self, seconds: float | None) -> None:
        """Let everything from now on come within so many seconds; None: as long as bytes come."""
        self._reader.until = None if seconds is None else time.monotonic() + seconds
        if seconds is None:
            self.line.settimeout(self.silence)

    def begin(self) -> None:
        """Read the head (RFC 9112, sections 4 to 6)."""
        if self.headers is not None:
            return
        version, self.status, reason = self._read_status()
        if not version.startswith(("HTTP/1.", "HTTP/0.9")):
            raise UnknownProtocol(version)
        self.code, self.reason = self.status, reason.strip()
        self.version = 10 if version in ("HTTP/1.0", "HTTP/0.9") else 11
        self.headers = self.msg = read_fields(self.fp)
        self.bound(None)
        coding = self.headers.get("Transfer-Encoding", "").lower()
        self.chunked = coding.rpartition(",")[2].strip() == "chunked"  # "gzip, chunked", too
        self.chunk_left = None
        if self._method == "HEAD" or self.status in (101, 204, 304):
            self.length = 0
        else:
            said = self.headers.get("Content-Length", "")
            self.length = None if self.chunked else length_of(said)
        ends_by_close = self.length is None and not self.chunked
        self.will_close = ends_by_close or self._check_close()

    def _read_status(self) -> tuple[str, int, str]:
        for _ in range(MAX_INTERIM):
            version, status, reason = read_status(self.fp)
            if not 100 <= status < 200 or status == 101:
                return version, status, reason
            read_fields(self.fp)  # http.client skips those of a 100 only, without an end
        raise HTTPException(f"more than {MAX_INTERIM} interim answers")

    def _read_and_discard_trailer(self) -> None:
        # The body is whole: whatever is wrong here costs the line only.
        self.spoilt = True
        self.bound(TRAILER_TIME)
        try:
            for _ in range(MAX_TRAILERS):
                line = self.fp.readline(BUFFER)
                if line in (b"\r\n", b"\n", b""):
                    self.spoilt = not line
                    break
        except OSError:
            pass
        finally:
            self.bound(None)

    def readinto(self, view: Any) -> int:
        """Fill the buffer as far as bytes come soon; 0 at the end."""
        if not self.chunked or self.fp is None:
            return super().readinto(view)
        if self._error is not None:
            raise _anew(self._error)
        return self._read_chunks(view)

    def _read_chunks(self, view: Any) -> int:
        filled, due = 0, time.monotonic() + GATHERING
        try:
            while filled < len(view) and time.monotonic() < due:
                left = self._get_chunk_left()  # type: ignore[attr-defined]
                if left is None:
                    break
                count = self.fp.readinto1(view[filled : filled + left])
                if not count:
                    raise IncompleteRead(b"")
                self.chunk_left = left - count
                filled += count
        except (OSError, HTTPException) as error:
            if not filled:
                raise
            self._error = error.with_traceback(None)
        return filled


class _Reader(io.BufferedIOBase):
    """The bytes of a socket; what arrived is handed out even if the line breaks just after it.

    ``BufferedReader.readinto`` waits until the buffer is full, and on an error the caller cannot
    tell how much of it came: a line that breaks every 200 KB would never get on.
    """

    def __init__(self, raw: Any, line: Any, aside: AbstractContextManager[object]) -> None:
        self.until: float | None = None  # monotonic; the moment by which all must have come
        self._raw = raw
        self._line = line
        self._aside = aside
        self._held, self._at = b"", 0  # bytes that have come, and how many of them were read
        self._error: Exception | None = None

    def readable(self) -> bool:
        return True

    def readinto1(self, view: Any) -> int:
        """Hand out what is held, or what comes next."""
        if self._at == len(self._held):
            return self._receive(view)
        piece = self._held[self._at : self._at + len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)

    def readinto(self, view: Any) -> int:
        """Fill the buffer, as far as bytes come; an error waits for the next call if any came."""
        if self._error is not None:
            raise _anew(self._error)
        filled, size, some, due = 0, len(view), self.readinto1, time.monotonic() + GATHERING
        try:
            while filled < size:
                count = some(view[filled:])
                if not count:
                    break
                filled += count
                if time.monotonic() > due:
                    break
        except OSError as error:
            if not filled:
                raise
            self._error = error.with_traceback(None)
        return filled

    def read(self, size: int | None = -1, /) -> bytes:
        """Return so many bytes, or all that come."""
        whole = bytearray()
        while size is None or size < 0 or len(whole) < size:
            if self._at == len(self._held) and not self._hold_more():
                break
            most = len(self._held) if size is None or size < 0 else size - len(whole)
            piece = self._held[self._at : self._at + most]
            self._at += len(piece)
            whole += piece
        return bytes(whole)

    def readline(self, limit: int | None = -1, /) -> bytes:
        """Return a line with its end; what there is of it, if it is too long or breaks off."""
        most = BUFFER if limit is None or limit < 0 else limit
        pieces, count = [], 0  # each is looked at once, however small they come
        while True:
            end = self._held.find(b"\n", self._at, self._at + most - count) + 1
            stop = end or min(len(self._held), self._at + most - count)
            pieces.append(self._held[self._at : stop])
            count += stop - self._at
            self._at = stop
            if end or count == most or not self._hold_more():
                return b"".join(pieces)

    def close(self) -> None:
        self._raw.close()
        super().close()

    def _hold_more(self) -> int:
        block = bytearray(BUFFER)
        count = self._receive(block)
        self._held = self._held[self._at :] + block[:count]
        self._at = 0
        return count

    def _receive(self, view: Any) -> int:
        if self.until is not None:
            left = self.until - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            self._line.settimeout(min(left, self._line.gettimeout() or left))
        with self._aside:
            return self._raw.readinto(view) or 0


def _anew(error: Exception) -> Exception:
    """Return a copy: the traceback of one that we keep would lead to us, and keep the socket."""
    return type(error)(*error.args)
