"""Shorter waits for tests, in this process and in its children."""

from __future__ import annotations

import subprocess
import sys

import pytest

from evio_data._settings import waiting
from evio_data._transfer.throttle import busy_wait
from evio_data.testing import patience

WAIT = "from evio_data._settings import waiting; print(waiting(20))"


def test_waits_are_scaled_and_come_back() -> None:
    """A wait of our own choice is shorter inside, however deep, and as before after that."""
    before = waiting(20)
    with patience(0.5):
        assert waiting(20) == 10
        with patience(0):
            assert waiting(20) == 0
        assert waiting(20) == 10
    assert waiting(20) == before


def test_processes_inherit_it() -> None:
    """A process that is started inside is as impatient."""
    with patience(0.25):
        told = subprocess.run(
            [sys.executable, "-c", WAIT], capture_output=True, text=True, check=True
        )
    assert told.stdout == "5.0\n"


def test_what_a_server_asks_for_is_not_scaled() -> None:
    """``Retry-After`` is the server's affair."""
    with patience(0):
        assert busy_wait(1, 20.0) == 20.0


def test_an_exception_ends_it() -> None:
    """A test that fails inside leaves nothing behind."""
    before = waiting(20)
    with pytest.raises(LookupError), patience(0.5):
        raise LookupError
    assert waiting(20) == before


@pytest.mark.parametrize("scale", [-1, float("nan")])
def test_a_scale_that_is_none(scale: float) -> None:
    """A negative scale, or none at all, is refused."""
    with pytest.raises(ValueError, match="scale"), patience(scale):
        pass
