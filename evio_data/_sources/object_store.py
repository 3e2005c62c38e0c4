"""A mirror in an object store, read through fsspec."""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from .._http import ranges
from .._http.connection import HttpSession, TransportError
from .._http.ranges import Placement, RangeNotSatisfiableError
from .._http.validators import Validators
from .._text import clean
from ..errors import DownloadError
from .base import Body

AHEAD = 4 * 1024 * 1024  # bytes that one request to an object store asks for
EXTRA = "evio-data[mirror]"
Kind = TypeVar("Kind")


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
            raise RangeNotSatisfiableError(f"416 for {ranges.header(start, stop)}", total)
        end = total if stop is None else min(stop, total)
        etag = about.get("ETag")
        validators = Validators(self.label, total, etag if isinstance(etag, str) else None)
        stream = _Object(file, end, self._timeout)
        return Body(stream, Placement(start, end, total, honoured=total > 0), validators)


class _Object:
    """The bytes of an object, from where its file stands."""

    ends_itself = False

    def __init__(self, file: Any, stop: int, timeout: float | None) -> None:
        self._file = file
        self._stop = stop
        self._timeout = timeout
        self._aborted = False

    def read_into(self, view: memoryview) -> int:
        """Read some bytes; 0 at the end."""
        if self._aborted:
            raise TransportError("the transfer was aborted")
        most = min(len(view), max(0, self._stop - self._file.tell()))
        try:
            # Not into the view: a read that was given up may end when the view is used anew.
            data = _within(self._timeout, lambda: self._file.read(most))
        except Exception as error:
            raise TransportError(clean(str(error), 120) or type(error).__name__) from error
        view[: len(data)] = data
        return len(data)

    def abort(self) -> None:
        """Have the next read fail: the one that is running cannot be woken."""
        self._aborted = True

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
