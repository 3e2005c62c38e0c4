"""A shelf for the tests of imports."""

from pathlib import Path

import pytest

from tests.importing.shelf import Shelf


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty shelf."""
    return Shelf(tmp_path)
