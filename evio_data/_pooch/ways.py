"""Translate a downloader of pooch into options of our downloads."""

from typing import Any, NamedTuple

import pooch

from .._collection import CONNECTIONS
from .._drive import links
from .._http.options import NO_OPTIONS, RequestOptions
from .._settings import from_environment
from .downloader import DriveDownloader
from .entries import refuse_offline
from .offline import Offline

NETWORK = (
    pooch.HTTPDownloader,
    pooch.FTPDownloader,
    pooch.SFTPDownloader,
    pooch.DOIDownloader,
    DriveDownloader,
)  # of any other callable nobody knows what it does
_HELD = {"headers", "auth", "cookies", "proxies", "verify", "cert", "timeout", "stream"}


class Way(NamedTuple):
    """How our engine is to fetch.

    Attributes
    ----------
    options : RequestOptions
    progressbar : bool or object
    connections : int
    timeout : float or None
        Seconds of silence; None for the settings' own.
    """

    options: RequestOptions = NO_OPTIONS
    progressbar: Any = False
    connections: int = CONNECTIONS
    timeout: float | None = None


def way_for(url: str, downloader: Any, progressbar: Any) -> Way | None:
    """Return how to fetch a URL our way; None where the caller's own downloader must do it.

    pooch's `HTTPDownloader` and `DOIDownloader` only hand their arguments to requests: with those
    that say how to ask and not what to get, our engine does the same.
    """
    if not url.lower().startswith(("https:", "http:", "doi:")):
        return None
    if downloader is None:
        return Way(progressbar=progressbar)
    if type(downloader) is DriveDownloader:
        bar = progressbar if downloader.progressbar is None else downloader.progressbar
        return Way(progressbar=bar, connections=downloader.connections)
    if type(downloader) not in (pooch.HTTPDownloader, pooch.DOIDownloader):
        return None
    arguments = dict(downloader.kwargs)
    if type(downloader) is pooch.DOIDownloader:
        arguments.update(headers=downloader.headers, timeout=downloader.timeout)
    if not arguments.keys() <= _HELD:
        return None
    return Way(
        _options(url, arguments),
        downloader.progressbar or progressbar,
        timeout=_seconds(arguments.get("timeout")),
    )


def _options(url: str, arguments: dict[str, Any]) -> RequestOptions:
    wanted = {
        key: arguments[key] for key in RequestOptions._fields if arguments.get(key) is not None
    }
    return RequestOptions(links.split(url).netloc or url, **wanted)


def _seconds(timeout: Any) -> float | None:
    """Return the silence that a time-out of requests' allows: a number, or the second of two."""
    value = timeout[1] if isinstance(timeout, tuple) else timeout
    return float(value) if value else None


def allowed(downloader: Any) -> Any:
    """Return the downloader that pooch may use now; None leaves the choice to it.

    Where the network is forbidden, one that is known to need it is refused at once, and any
    other is called without it.
    """
    if not from_environment().offline:
        return downloader
    if downloader is None or isinstance(downloader, NETWORK):
        return refuse_offline
    return Offline(downloader)
