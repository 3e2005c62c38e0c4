import pytest

from evio_data import Registry
from evio_data.errors import QuotaExceededError


@pytest.mark.evio_dataset("fan.raw")
def test_a_synthetic_recording(evio_dataset):
    assert evio_dataset.stat().st_size == 100_000


def test_used_up_quota(drive_server, tmp_path):
    file = drive_server.add("fan.raw", b"% evt 3.0\n", refuse="quota")
    (tmp_path / "registry.txt").write_text(file.registry_line("fan.raw"))
    registry = Registry.open(tmp_path / "registry.txt", tmp_path / "cache")
    with pytest.raises(QuotaExceededError):
        registry.fetch("fan.raw")
