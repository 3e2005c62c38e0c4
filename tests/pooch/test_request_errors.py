"""Errors that are requests' as well, for code that catches those."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable
from pathlib import Path

import pooch
import pytest
import requests

import evio_data
from evio_data import DriveDownloader, retrieve
from evio_data.errors import DownloadError
from evio_data.testing import DriveServer
from tests.pooch.data import registry_at

# --- errors of requests ------------------------------------------------------------------------

ERRORS: dict[str, Callable[[str, Path], object]] = {
    "fetch": lambda url, folder: registry_at(url, folder).fetch("a.raw"),
    "retrieve": lambda url, folder: retrieve(url, None, "a.raw", folder),
    "DriveDownloader": lambda url, folder: DriveDownloader()(url, folder / "a", None),
    "in a pooch": lambda url, folder: pooch.retrieve(
        url, None, "a.raw", folder, downloader=DriveDownloader()
    ),
}
each_error = pytest.mark.parametrize("use", ERRORS.values(), ids=ERRORS)


@each_error
def test_a_status_is_an_error_of_requests_too(
    use: Callable[[str, Path], object], server: DriveServer, tmp_path: Path
) -> None:
    """An HTTP status is a `DownloadError` and a `requests.HTTPError`."""
    with pytest.raises(requests.HTTPError) as caught:
        use(f"{server.endpoint}/plain/nothing.raw", tmp_path)
    assert isinstance(caught.value, DownloadError)


@each_error
def test_no_connection_is_an_error_of_requests_too(
    use: Callable[[str, Path], object], tmp_path: Path
) -> None:
    """Nobody at the other end is a `DownloadError` and a `requests.ConnectionError`."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    with pytest.raises(requests.ConnectionError) as caught:
        use(f"http://127.0.0.1:{port}/a.raw", tmp_path)
    assert isinstance(caught.value, DownloadError)


def test_no_retries_are_no_patience_with_a_dead_network(tmp_path: Path) -> None:
    """With ``retry_if_failed=0`` a host that nobody can reach is asked once."""
    asked = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.raw"
    real = evio_data._settings.from_environment()
    assert real.brief > 0
    words: list[str] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            words.append(record.getMessage())

    logger, handler = logging.getLogger("evio_data"), Keep()
    logger.addHandler(handler)
    logger.setLevel("INFO")
    try:
        for retries in (0, 1):
            words.clear()
            with pytest.raises(DownloadError):
                registry_at(url, tmp_path, retry_if_failed=retries).fetch("a.raw")
            asked.append(len([text for text in words if "trying again" in text]))
    finally:
        logger.removeHandler(handler)
        logger.setLevel("NOTSET")
    assert asked[0] == 0
    assert asked[1] > 0
