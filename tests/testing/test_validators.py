"""Validators that differ between the nodes of one host."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime

import pytest
import requests

from evio_data.testing import DriveFile, DriveServer

Ask = Callable[..., requests.Response]

DATA = bytes(range(256)) * 16


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive can scan."""
    return server.add("fan.raw", DATA)


def etags(ask: Ask, url: str, count: int = 4) -> list[str | None]:
    """Return the validators of several answers, with and without a range."""
    ranges = [{"Range": "bytes=5-"} if n % 3 else {} for n in range(count)]
    return [ask(url, **headers).headers.get("ETag") for headers in ranges]


@pytest.mark.parametrize(
    ("nodes", "first", "second"),
    [
        ("etag", '"v1-n0"', '"v1-n1"'),
        ("weak", '"v1"', 'W/"v1"'),
        ("gzip-suffix", '"v1"', '"v1-gzip"'),
        ("alike", '"v1"', '"v1"'),
    ],
)
def test_nodes_answer_in_turn(
    server: DriveServer, ask: Ask, file: DriveFile, nodes: str, first: str, second: str
) -> None:
    """Two nodes answer in turn, each with an ETag of its own."""
    server_file = server.add("odd.raw", DATA, nodes=nodes, etag='"v1"')
    assert etags(ask, server.plain_url(server_file)) == [first, second] * 2


def test_validators_are_made_from_the_content(
    server: DriveServer, ask: Ask, file: DriveFile
) -> None:
    """A node without an ETag of its own makes one from the content of each version."""
    file.nodes = "etag"
    before = etags(ask, server.plain_url(file))
    file.replace(DATA + b"!")
    after = etags(ask, server.plain_url(file))
    assert before[:2] == before[2:]
    assert len({*before, *after}) == 4


def test_last_modified_one_second_off(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """The clocks of the two nodes differ by a second."""
    file.nodes = "second-off"
    answers = [ask(server.plain_url(file)) for _ in range(3)]
    dates = [parsedate_to_datetime(answer.headers["Last-Modified"]) for answer in answers]
    assert (dates[1] - dates[0]).total_seconds() == 1
    assert dates[2] == dates[0]
    assert "ETag" not in answers[0].headers


def test_validators_come_and_go(server: DriveServer, ask: Ask, file: DriveFile) -> None:
    """One node sends validators, the other none."""
    file.nodes = "on-and-off"
    answers = [ask(server.plain_url(file)) for _ in range(2)]
    assert [{"ETag", "Last-Modified"} <= set(answer.headers) for answer in answers] == [True, False]


@pytest.mark.parametrize(
    ("condition", "status"),
    [('"v1-n0"', 206), ('"v1-n1"', 200), ('W/"v1-n0"', 200)],
)
def test_if_range_is_compared_with_the_node_that_answers(
    server: DriveServer, ask: Ask, file: DriveFile, condition: str, status: int
) -> None:
    """A node serves a range only under its own strong validator."""
    file.nodes, file.etag = "etag", '"v1"'
    answer = ask(server.plain_url(file), Range="bytes=5-", If_Range=condition)
    assert (answer.status_code, len(answer.content)) == (status, len(DATA) - 5 * (status == 206))


def test_weak_validator_never_allows_a_range(
    server: DriveServer, ask: Ask, file: DriveFile
) -> None:
    """RFC 9110 section 13.1.5: ``If-Range`` demands a strong comparison."""
    file.etag = 'W/"v1"'
    answer = ask(server.plain_url(file), Range="bytes=5-", If_Range='W/"v1"')
    assert answer.status_code == 200
