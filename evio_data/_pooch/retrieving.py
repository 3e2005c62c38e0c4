"""`pooch.retrieve` with our downloads."""

import os
from collections.abc import Callable
from typing import Any, TypeVar, cast, overload

from pooch import get_logger, os_cache
from pooch.core import retrieve as _retrieve  # `pooch.retrieve` may be our own by now
from pooch.utils import unique_file_name

from .._collection import cache_at
from .._progress.log import LogProgress
from .._registry.parser import UNPINNED, checked_hash
from .._text import clean
from ..errors import RegistryError
from .entries import as_entry
from .obtaining import Order, action_of, obtain, obtain_theirs
from .processing import processed
from .ways import allowed, way_for

Result = TypeVar("Result")
Processor = Callable[[str, Any, Any], Result]
Downloader = Callable[..., Any]
Folder = str | os.PathLike[str]


@overload
def retrieve(
    url: str,
    known_hash: str | None,
    fname: str | None = None,
    path: Folder | None = None,
    processor: None = None,
    downloader: Downloader | None = None,
    progressbar: Any = ...,
) -> str: ...


@overload
def retrieve(
    url: str,
    known_hash: str | None,
    fname: str | None = None,
    path: Folder | None = None,
    *,
    processor: Processor[Result],
    downloader: Downloader | None = None,
    progressbar: Any = ...,
) -> Result: ...


def retrieve(
    url: str,
    known_hash: str | None,
    fname: str | None = None,
    path: Folder | None = None,
    processor: Processor[Result] | None = None,
    downloader: Downloader | None = None,
    progressbar: Any = False,  # noqa: FBT002 - pooch's
) -> str | Result:
    """Return the path of a verified file, and download it the first time, as `pooch.retrieve` does.

    Parameters
    ----------
    url : str
        A Google Drive link of any form, an HTTP(S) URL, or a DOI (``doi:10.5281/zenodo.1/name``).
    known_hash : str or None
        SHA-256, or ``KIND:DIGITS``. None: later downloads must match the first one.
    fname : str, optional
        Name on disk; default as in pooch, made from the URL.
    path : path, optional
        Folder; default ``pooch.os_cache("pooch")``.
    processor : callable, optional
        As pooch's: called with the path, ``"download"``, ``"update"`` or ``"fetch"``, and None.
    downloader : callable, optional
        One of pooch's downloaders. The options of an `HTTPDownloader` apply to our downloads too.
    progressbar : bool or object
        As pooch's.

    Returns
    -------
    str
        The absolute path (or what the processor returns).

    Raises
    ------
    EvioDataError
        Of the kind that says why the file could not be had. Where pooch raises a `ValueError`
        or an error of requests, it is one too.

    Examples
    --------
    >>> import tempfile
    >>> from evio_data.testing import DriveServer
    >>> with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
    ...     os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    ...     fan = server.add("fan.raw", b"% evt 3.0", large=True)
    ...     found = retrieve(fan.url, f"sha256:{fan.sha256}", fname="fan.raw", path=folder)
    ...     os.path.relpath(found, folder), os.path.getsize(found)
    ('fan.raw', 9)
    """
    checked = checked_hash(known_hash or UNPINNED)
    root = os.path.realpath(os.path.expanduser(path or os_cache("pooch")))  # noqa: PTH111
    name = _inside(fname or unique_file_name(url))
    cached_file = cache_at(root).cached_file(name)
    way = way_for(url, downloader, progressbar)
    if way is None:

        def had() -> str:
            return _theirs(url, known_hash, name, root, downloader, progressbar)
    else:
        order = Order(as_entry(name, checked, url), root, _announcer(url, cached_file.final))

        def had() -> str:
            action = obtain(order, way)
            if checked is None and action != "fetch":
                _tell_hash(order)
            return action

    if processor is None:
        had()
        return cached_file.final

    def tell(text: str) -> None:
        LogProgress().message(name, text)

    return cast("Result", processed(cached_file, processor, None, had, tell))


def _inside(name: str) -> str:
    """Refuse a name that leads out of the folder; all others are the caller's affair."""
    name = name.replace(os.sep, "/")
    if os.path.isabs(name) or ".." in name.split("/") or "\0" in name:  # noqa: PTH117
        raise RegistryError(
            f"the name {clean(name)!r} leads out of the folder.", advice="Give a relative name."
        )
    return name


def _announcer(url: str, final: str) -> Callable[[str], None]:
    def announce(verb: str) -> None:
        get_logger().info("%s data from '%s' to file '%s'.", verb, url, final)

    return announce


def _tell_hash(order: Order) -> None:
    stamp = order.cached_file.stamp()
    get_logger().info(
        "SHA256 hash of downloaded file: %s\n"
        "Use this value as the 'known_hash' argument of 'pooch.retrieve'"
        " to ensure that the file hasn't changed if it is downloaded again"
        " in the future.",
        stamp.hash if stamp else "",
    )


def _theirs(
    url: str,
    known_hash: str | None,
    name: str,
    root: str,
    downloader: Downloader | None,
    progressbar: Any,
) -> str:

    def fetch() -> str:
        return str(
            _retrieve(url, known_hash, name, root, action_of, allowed(downloader), progressbar)
        )

    checked = checked_hash(known_hash or UNPINNED)
    return obtain_theirs(cache_at(root).cached_file(name), checked, fetch)
