"""What the tests of pooch's interface share."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pooch
import pytest

from evio_data.testing import DriveServer
from tests.pooch.internet import Internet, running


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    """An internet of HTTPS hosts, as everybody on this machine reaches it."""
    with running(tmp_path) as made:
        yield made


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """An ordinary web server, as far as these tests go."""
    with DriveServer() as running:
        yield running


@pytest.fixture
def google(server: DriveServer) -> DriveServer:
    """The same as a Drive that everything meant for Google goes to."""
    os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    return server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a Pooch."""
    return tmp_path / "pup"


@pytest.fixture
def said() -> Iterator[list[tuple[int, str]]]:
    """What pooch's logger says, and at which level."""
    records: list[tuple[int, str]] = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append((record.levelno, record.getMessage()))

    handler = Keep()
    pooch.get_logger().addHandler(handler)
    yield records
    pooch.get_logger().removeHandler(handler)
