"""What the tests of pooch's interface share."""

from collections.abc import Iterator
from pathlib import Path

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
