"""Errors of one request: which is whose kind, and what it carries."""

import pytest

from evio_data._http.errors import (
    BusyError,
    StatusError,
    TransportError,
    UnavailableError,
    UnreachableError,
    UnusableHostError,
)
from evio_data.errors import DownloadError


@pytest.mark.parametrize("kind", [TransportError, UnreachableError, UnavailableError, BusyError])
def test_what_may_pass(kind: type[TransportError]) -> None:
    """A fault that may pass carries the wait that was asked for, and is no error of a download."""
    error = kind("the line broke", wait=3.0)
    assert (str(error), error.wait, kind("x").wait) == ("the line broke", 3.0, None)
    assert not isinstance(error, DownloadError)


@pytest.mark.parametrize("kind", [UnusableHostError, StatusError])
def test_what_does_not_pass(kind: type[DownloadError]) -> None:
    """What somebody must change first is an error of a download, with its advice."""
    error = kind("the proxy wants a password.", advice="Set it.")
    assert error.advice == "Set it."
    assert not isinstance(error, TransportError)


def test_a_request_for_fewer_requests_is_an_answer() -> None:
    """429 is an answer of a host that is there; only who does not answer is unreachable."""
    assert issubclass(BusyError, UnavailableError)
    assert not issubclass(UnavailableError, UnreachableError)
