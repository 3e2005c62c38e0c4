"""One byte is asked for, and tells the size; or why there is none."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from evio_data._http.connection import HttpSession
from evio_data._sources.origin import source_of
from evio_data._sources.probe import Probe, probe
from evio_data.errors import DownloadError, NotFoundError
from evio_data.testing import DriveServer
from tests.conftest import noise


@pytest.fixture
def session() -> Iterator[HttpSession]:
    """A session that waits longer than a busy machine may take."""
    made = HttpSession(timeout=30)
    yield made
    made.close()


@pytest.fixture
def server() -> Iterator[DriveServer]:
    """A Drive."""
    with DriveServer() as running:
        yield running


@pytest.mark.parametrize("large", [False, True])
def test_size(server: DriveServer, session: HttpSession, *, large: bool) -> None:
    """The size comes with one byte, also past the warning page."""
    file = server.add("a.raw", noise(100_000), large=large)
    assert probe(source_of(file.url, endpoint=server.endpoint), session) == Probe(100_000)
    assert server.sent(file) == 1


def test_the_line_is_kept(server: DriveServer, session: HttpSession) -> None:
    """The next question goes over the same connection."""
    for number in range(3):
        file = server.add(f"{number}.raw", noise(1000))
        probe(source_of(server.plain_url(file)), session)
    assert len({request.client_port for request in server.requests}) == 1


def test_empty(server: DriveServer, session: HttpSession) -> None:
    """An empty file has no first byte, and a size all the same."""
    file = server.add("a.raw", b"")
    assert probe(source_of(server.plain_url(file)), session) == Probe(0)


@pytest.mark.parametrize("status", [400, 403, 404, 412, 416, 417, 501])
def test_refuses_ranges(server: DriveServer, session: HttpSession, status: int) -> None:
    """A server that refuses ranges, by whatever status, says the size of the whole file."""
    file = server.add("a.raw", noise(100_000), range_status=status)
    assert probe(source_of(server.plain_url(file)), session) == Probe(100_000)


def test_no_such_file(server: DriveServer, session: HttpSession) -> None:
    """A file that is not there without a range either is refused as before."""
    with pytest.raises(DownloadError, match="404"):
        probe(source_of(f"{server.endpoint}/nowhere"), session)


@pytest.mark.parametrize(
    "options",
    [{"ranges": "no-total"}, {"ranges": "wrong-start"}, {"length": "absent", "ranges": "ignore"}],
)
def test_no_size(server: DriveServer, session: HttpSession, options: dict[str, str]) -> None:
    """A server that does not say it, or answers another range, leaves it open, with a reason."""
    file = server.add("a.raw", noise(100_000), **options)  # type: ignore[arg-type]
    found = probe(source_of(server.plain_url(file)), session)
    assert found.size is None
    assert found.why_unsized.endswith(".")


def test_a_coded_answer_says_no_size(server: DriveServer, session: HttpSession) -> None:
    """The length of compressed bytes is not that of the file."""
    file = server.add("a.raw", bytes(100_000), compress="gzip")
    assert probe(source_of(server.plain_url(file)), session).size is None


def test_refusal(server: DriveServer, session: HttpSession) -> None:
    """A file that is not sent is told as what it is."""
    file = server.add("a.raw", noise(1000), refuse="not-found")
    with pytest.raises(NotFoundError):
        probe(source_of(file.url, endpoint=server.endpoint), session)
