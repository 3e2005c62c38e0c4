from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def evio_data_registry():
    return Path(__file__).with_name("registry.txt")
