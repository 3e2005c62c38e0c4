"""Mirrors: the source of a registry key below a base URL."""

import time
from collections.abc import Iterable
from urllib.parse import quote

from .._http.connection import HttpSession, UnavailableError
from .._mirror_urls import host_of, is_http
from .._text import size
from ..errors import DownloadError
from .base import Body, Readable, Source, TooSlowError
from .object_store import StoreSource
from .plain import PlainSource

FLOOR = 50 * 1024  # bytes a second on a connection; a slower mirror is left for the next source
GLANCE, MOST = 16 * 1024, 256 * 1024  # bytes that are read between two looks at the clock
QUICK = 0.1  # seconds for which a read may last before the next one is a small one


class Mirror:
    """A copy of one registry key that need not be trusted: the hash decides.

    Parameters
    ----------
    base : str
    name : str
    patience : float, optional
        Seconds over which it may send less than `FLOOR`, once; None for ever.
    timeout : float, optional
        Seconds for which a store may be silent.
    """

    is_mirror = True
    proves_files = True  # it is asked for published hashes only

    def __init__(
        self, base: str, name: str, *, patience: float | None = None, timeout: float | None = None
    ) -> None:
        self.base = base
        self.label = f"the mirror {host_of(base)}"
        self.patience = patience
        self._source: Source
        if is_http(base):
            self._source = PlainSource(f"{base}/{quote(name)}", accept_html=_is_page(name))
        else:
            self._source = StoreSource(f"{base}/{name}", label=self.label, timeout=timeout)

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        try:
            body = self._source.open(connection, start, stop, ranged=ranged)
        except DownloadError as error:
            error.advice = error.advice.replace("the URL in the registry", "EVIO_DATA_MIRRORS")
            raise
        except UnavailableError as error:
            if self.patience is None:
                raise
            # However long it asks to be left alone: the next source is not made to wait for that.
            brief = UnavailableError(str(error))
            brief.status = error.status
            raise brief from error
        # Validators of two mirrors on one machine have nothing to do with each other.
        validators = body.validators._replace(origin=self.label)
        patience, stream = self.patience, body.stream
        paced = stream if patience is None else _Paced(stream, self, patience)
        return Body(paced, body.placement, validators, coding=body.coding)


class _Paced:
    """A stream that is given up when it brings too little over some seconds."""

    def __init__(self, stream: Readable, mirror: Mirror, patience: float) -> None:
        self.ends_itself = stream.ends_itself
        self.abort = stream.abort
        self.release = stream.release
        self._stream = stream
        self._mirror = mirror
        self._patience = patience
        self._since = time.monotonic()
        self._count = 0
        self._glance = GLANCE

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end.

        Raises
        ------
        TooSlowError
            If the mirror has not brought enough in the last seconds.
        """
        now = time.monotonic()
        if now - self._since >= self._patience:
            self._judge(now - self._since)
            self._since, self._count = now, 0
        count = self._stream.read_into(view[: self._glance])
        # A large buffer would take a slow line long to fill, and nobody would look meanwhile.
        quick = time.monotonic() - now < QUICK
        most = min(MOST, int(FLOOR * self._patience))
        self._glance = min(self._glance * 2, most) if quick else GLANCE
        self._count += count
        return count

    def _judge(self, seconds: float) -> None:
        if self._count < FLOOR * seconds:
            self._mirror.patience = None
            raise TooSlowError(f"it sends {size(self._count / seconds)}/s only.")


def ordered_sources(
    origin: Source, name: str, *, before: Iterable[str], after: Iterable[str], patience: float
) -> list[Source]:
    """Return where an entry's bytes may come from, in the order to be tried.

    A mirror that is asked before the origin may not dawdle: it is left, and tried again last.
    """
    first = [
        Mirror(base, name, patience=patience, timeout=patience) for base in dict.fromkeys(before)
    ]
    known = {mirror.base for mirror in first}
    left = [base for base in dict.fromkeys(after) if base not in known]
    then = [Mirror(base, name, timeout=patience) for base in left]
    return [*first, origin, *then]


def _is_page(name: str) -> bool:
    return name.lower().endswith((".html", ".htm"))
