"""A mirror's base URL and a registry key in, a source out: HTTP(S), or an object store."""

import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar
from urllib.parse import quote

from . import _ranges
from ._base_urls import host_of, is_http
from ._http import Connection, TransportError, UnavailableError
from ._identity import Identity
from ._ranges import Placement, RangeNotSatisfiableError
from ._source import Body, PlainSource, Readable, Source, TooSlowError
from ._wording import clean, size
from .errors import DownloadError

FLOOR = 50 * 1024  # bytes a second on a connection; a slower mirror is left for the next source
GLANCE, MOST = 16 * 1024, 256 * 1024  # bytes that are read between two looks at the clock
QUICK = 0.1  # seconds for which a read may last before the next one is a small one
AHEAD = 4 * 1024 * 1024  # bytes that one request to an object store asks for
EXTRA = "evio-data[mirror]"

Kind = TypeVar("Kind")


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
        self, connection: Connection, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop), or one that holds more of the file."""
        try:
            body = self._source.open(connection, start, stop, ranged=ranged)
        except DownloadError as error:
            error.args = (str(error).replace("the URL in the registry", "EVIO_DATA_MIRRORS"),)
            raise
        except UnavailableError as error:
            if self.patience is None:
                raise
            # However long it asks to be left alone: the next source is not made to wait for that.
            raise UnavailableError(str(error)) from error
        # Validators of two mirrors on one machine have nothing to do with each other.
        identity = body.identity._replace(origin=self.label)
        patience, stream = self.patience, body.stream
        paced = stream if patience is None else _Paced(stream, self, patience)
        return Body(paced, body.placement, identity)


class _Paced:
    """A stream that is given up when it brings too little over some seconds."""

    def __init__(self, stream: Readable, mirror: Mirror, patience: float) -> None:
        self.ends_itself = stream.ends_itself
        self.shut = stream.shut
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


class StoreSource:
    """An object in a store that fsspec speaks to.

    Parameters
    ----------
    url : str
    label : str
    timeout : float or None
    """

    is_mirror = True

    def __init__(self, url: str, *, label: str, timeout: float | None) -> None:
        self._url = url
        self._timeout = timeout
        self.label = label

    def open(
        self, connection: Connection, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop) of the object."""
        store, path = opened_store(self._url)

        def opened() -> tuple[Any, Any]:
            file = store.open(path, "rb", block_size=AHEAD, cache_type="readahead")
            file.seek(start)
            return file, store.info(path)

        try:
            file, about = _within(self._timeout, opened)
            total = int(about["size"])
        except Exception as error:
            raise store_error(error, self.label) from error
        if start >= total > 0:
            file.close()
            raise RangeNotSatisfiableError(f"416 for {_ranges.header(start, stop)}", total)
        end = total if stop is None else min(stop, total)
        etag = about.get("ETag")
        identity = Identity(self.label, total, etag if isinstance(etag, str) else None)
        stream = _Object(file, end, self._timeout)
        return Body(stream, Placement(start, end, total, honoured=total > 0), identity)


class _Object:
    """The bytes of an object, from where its file stands."""

    ends_itself = False

    def __init__(self, file: Any, stop: int, timeout: float | None) -> None:
        self._file = file
        self._stop = stop
        self._timeout = timeout
        self._shut = False

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end."""
        if self._shut:
            raise TransportError("the line was shut")
        most = min(len(view), max(0, self._stop - self._file.tell()))
        try:
            # Not into the view: a read that was given up may end when the view is used anew.
            data = _within(self._timeout, lambda: self._file.read(most))
        except Exception as error:
            raise TransportError(clean(str(error), 120) or type(error).__name__) from error
        view[: len(data)] = data
        return len(data)

    def shut(self) -> None:
        """Have the next read fail: the one that is running cannot be woken."""
        self._shut = True

    def release(self) -> None:
        """Be done with it."""
        self._file.close()


def _within(seconds: float | None, call: Callable[[], Kind]) -> Kind:
    """Return what a call returns, and give it up after some seconds: stores wait for minutes.

    Raises
    ------
    TimeoutError
        If it takes longer; its thread goes on, and nobody listens.
    """
    outcome: Future[Kind] = Future()

    def work() -> None:
        try:
            outcome.set_result(call())
        except BaseException as error:  # noqa: BLE001 - raised by result()
            outcome.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        return outcome.result(seconds)
    except TimeoutError:
        raise TimeoutError("the line fell silent") from None


def opened_store(url: str) -> tuple[Any, str]:
    """Return fsspec's file system for a URL, and the path in it.

    Raises
    ------
    DownloadError
        If fsspec, or what it needs for this kind of URL, is not installed.
    """
    try:
        from fsspec.core import url_to_fs

        store, path = url_to_fs(url)
    except ImportError as error:
        raise DownloadError(
            f"{clean(url)} needs fsspec with its part for this kind of URL ({clean(str(error))}).",
            advice=f"Install it: pip install '{EXTRA}' (for gs: also gcsfs, for az: adlfs).",
        ) from error
    except Exception as error:
        raise store_error(error, clean(url)) from error
    return store, str(path)


def store_error(error: Exception, label: str) -> DownloadError | TransportError:
    """Return the error of ours for one of a store's: it may pass, or it will not."""
    words = clean(str(error), 120) or type(error).__name__
    if isinstance(error, FileNotFoundError):
        return DownloadError(f"{label} has no such file.", advice="Check EVIO_DATA_MIRRORS.")
    lasting = (PermissionError, ValueError, TypeError)
    if isinstance(error, lasting) or "redential" in type(error).__name__:
        return DownloadError(f"{label} refuses: {words}.", advice="Check its credentials.")
    return TransportError(f"{label}: {words}")


def around(
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
