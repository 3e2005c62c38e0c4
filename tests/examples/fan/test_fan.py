import pytest


@pytest.mark.evio_dataset("fan/slow.raw")
def test_header(evio_dataset):
    with evio_dataset.open("rb") as file:
        assert file.readline() == b"% evt 3.0\n"


@pytest.mark.evio_dataset("fan/*")
def test_fast_and_slow(evio_dataset):
    fast, slow = evio_dataset
    assert fast.stat().st_size == slow.stat().st_size


@pytest.mark.parametrize("evio_dataset", ["fast.raw", "slow.raw"], indirect=True)
def test_each(evio_dataset):
    assert evio_dataset.suffix == ".raw"


@pytest.mark.evio_dataset("slow.raw")
def test_name_worked_out_in_the_test(evio_data_fetch):
    assert evio_data_fetch("slow.raw").is_file()
