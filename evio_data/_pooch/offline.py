"""Run somebody's downloader without the network; downloaders that only copy still work."""

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .._text import clean
from ..errors import OfflineError

_guarded = threading.local()  # the URL that this thread may not reach
_installing = threading.Lock()
_installed: list[bool] = []  # whether the interpreter tells us; that cannot be taken back
_EVENTS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto")


class Offline:
    """A downloader that is called, but reaches nobody.

    Parameters
    ----------
    downloader : callable
        Of pooch's protocol.
    """

    def __init__(self, downloader: Any) -> None:
        self._downloader = downloader

    def __call__(self, url: str, output_file: Any, pooch: Any, **options: Any) -> Any:
        """Call it; what it asks of the network is refused."""
        with _without_network(url):
            return self._downloader(url, output_file, pooch, **options)


def offline_error(url: str) -> OfflineError:
    """Return the error of those who must not use the network."""
    return OfflineError(
        "EVIO_DATA_OFFLINE forbids the network.",
        name=clean(url),
        advice="Unset it and run again.",
    )


@contextmanager
def _without_network(url: str) -> Iterator[None]:
    """Let this thread open no connection; others are not concerned."""
    with _installing:
        if not _installed:
            _installed.append(True)
            sys.addaudithook(_refuse)
    before = getattr(_guarded, "url", None)
    _guarded.url = url
    try:
        yield
    finally:
        _guarded.url = before


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _EVENTS and (url := getattr(_guarded, "url", None)) is not None:
        raise offline_error(url)
