"""A mirror in an object store, read through fsspec."""

from concurrent.futures import Future
from typing import Any

from .._http import ranges
from .._http.connection import HttpSession, TransportError
from .._http.ranges import Placement, RangeNotSatisfiableError
from .._http.validators import Validators
from .._text import clean
from .._threads import started
from ..errors import DownloadError
from .base import Body

AHEAD = 4 * 1024 * 1024  # bytes that one request to an object store asks for
EXTRA = "evio-data[mirror]"


class StoreSource:
    """An object in a store that fsspec speaks to.

    Parameters
    ----------
    url : str
    label : str
    timeout : float or None
    """

    is_mirror = True
    proves_files = True

    def __init__(self, url: str, *, label: str, timeout: float | None) -> None:
        self._url = url
        self._timeout = timeout
        self.label = label

    def open(
        self, connection: HttpSession, start: int, stop: int | None, *, ranged: bool = True
    ) -> Body:
        """Return the stretch [start, stop) of the object."""
        store, path = opened_store(self._url)
        try:
            about = ask(store, "info", path, timeout=self._timeout)
            total = int(about["size"])
        except Exception as error:
            raise store_error(error, self.label) from error
        if start >= total > 0:
            raise RangeNotSatisfiableError(f"416 for {ranges.header(start, stop)}", total)
        end = total if stop is None else min(stop, total)
        etag = about.get("ETag")
        validators = Validators(self.label, total, etag if isinstance(etag, str) else None)
        stream = _Object(store, path, start, end, self._timeout)
        return Body(stream, Placement(start, end, total, honoured=total > 0), validators)


class _Object:
    """The bytes [start, stop) of an object, some megabytes with each request."""

    ends_itself = False

    def __init__(self, store: Any, path: str, start: int, stop: int, timeout: float | None) -> None:
        self._store = store
        self._path = path
        self._at = start
        self._stop = stop
        self._timeout = timeout
        self._block = memoryview(b"")
        self._aborted = False

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end."""
        if self._aborted:
            raise TransportError("the transfer was aborted")
        if not self._block:
            self._block = memoryview(self._next_block())
        count = min(len(view), len(self._block))
        view[:count], self._block = self._block[:count], self._block[count:]
        return count

    def _next_block(self) -> bytes:
        end = min(self._stop, self._at + AHEAD)
        if self._at >= end:
            return b""
        given = {"start": self._at, "end": end, "timeout": self._timeout}
        try:
            data = bytes(ask(self._store, "cat_file", self._path, **given))
        except Exception as error:
            raise TransportError(_words(error)) from error
        self._at += len(data)
        return data[: end - self._at + len(data)]

    def abort(self) -> None:
        """Have the next read fail: the one that is running cannot be woken."""
        self._aborted = True

    def release(self) -> None:
        """Be done with it."""
        self._block = memoryview(b"")


def ask(store: Any, method: str, *args: Any, timeout: float | None, **kwargs: Any) -> Any:
    """Return what a method of a store returns, given up after some seconds: stores wait minutes.

    Raises
    ------
    TimeoutError
        If it takes longer; it goes on, and nobody listens.
    """
    if getattr(store, "async_impl", False):
        from fsspec.asyn import sync

        try:
            return sync(store.loop, getattr(store, f"_{method}"), *args, timeout=timeout, **kwargs)
        except TimeoutError:
            raise TimeoutError("timed out: no data") from None
    outcome: Future[Any] = Future()

    def work() -> None:
        try:
            outcome.set_result(getattr(store, method)(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - raised by result()
            outcome.set_exception(error)

    if started(work) is None:
        work()
    return outcome.result(timeout)


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
    words = _words(error)
    if isinstance(error, FileNotFoundError):
        return DownloadError(f"{label} has no such file.", advice="Check EVIO_DATA_MIRRORS.")
    lasting = (PermissionError, ValueError, TypeError)
    if isinstance(error, lasting) or "redential" in type(error).__name__:
        return DownloadError(f"{label} refuses: {words}.", advice="Check its credentials.")
    return TransportError(f"{label}: {words}")


def _words(error: Exception) -> str:
    return clean(str(error), 120) or type(error).__name__
