import pytest

from evio_data import Registry
from evio_data.testing import DriveServer, write_evt3


@pytest.fixture(scope="session")
def evio_data_registry(tmp_path_factory):
    folder = tmp_path_factory.mktemp("drive")
    write_evt3(folder / "fan.raw", size=100_000)
    with DriveServer() as server, pytest.MonkeyPatch.context() as patch:
        file = server.add("fan.raw", folder / "fan.raw", large=True)
        (folder / "registry.txt").write_text(file.registry_line("fan/fan.raw"))
        patch.setenv("EVIO_DATA_ENDPOINT", server.endpoint)
        yield Registry.open(folder / "registry.txt", folder / "cache")
