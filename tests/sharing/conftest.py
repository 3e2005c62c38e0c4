"""Servers for the tests of sharing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sharing.clients import Server, prepare, serving


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """A server of this test's own."""
    prepare(tmp_path)
    with serving(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def public(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that only read."""
    folder = tmp_path_factory.mktemp("public")
    prepare(folder)
    with serving(folder) as running:
        yield running
