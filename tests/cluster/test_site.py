"""A cluster and a Drive: who fetches, who copies, and what each worker has in the end."""

import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.exchange import MIB, CacheOf, everywhere
from tests.conftest import noise

pytest.importorskip("distributed")

from evio_data.dask import prefetch


def test_the_origin_sends_each_file_once(
    drive: Any, client: Any, workers: list[str], cache_of: CacheOf
) -> None:
    """Four workers with four caches have all files; the origin sent each byte once."""
    content = {f"fan/{i}.raw": noise(MIB + i, i) for i in range(6)}
    for name, data in content.items():
        drive.add(name, data, size=True, pinned=name != "fan/2.raw")
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert report.ok
    assert everywhere(report, cache_of, content)
    assert report.received == drive.server.sent() == sum(map(len, content.values()))
    assert list(report.machines) == workers
    owners = {
        (request.client_port, request.file_id)
        for request in drive.server.requests
        if request.kind == "data"
    }
    assert len(owners) == len(content)
    again = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert (len(again.present), again.received) == (6, 0)
    assert client.run(lambda dask_worker: list(dask_worker.handlers)) == {
        address: [name for name in names if not name.startswith("evio-data")]
        for address, names in client.run(lambda dask_worker: list(dask_worker.handlers)).items()
    }


def test_a_shared_cache_is_filled_once(
    drive: Any, client: Any, workers: list[str], tmp_path: Path
) -> None:
    """Workers whose folders are one folder, under whatever path, are one machine."""
    drive.add("fan/a.raw", noise(MIB), size=True)
    folder = tmp_path / "shared"
    folder.mkdir()
    links = {address: tmp_path / f"mount{place}" for place, address in enumerate(workers)}
    for link in links.values():
        link.symlink_to(folder)
    report = prefetch(client, cache_dir=links.__getitem__, progressbar=False)
    outcomes = [outcome for (outcome,) in report.machines.values()]
    assert [outcome.received for outcome in outcomes] == [MIB] * 4
    assert drive.server.sent() == MIB
    assert [path.name for path in (folder / ".evio-data").iterdir() if path.is_file()] == []


def test_a_pin_travels(drive: Any, client: Any, cache_of: CacheOf, workers: list[str]) -> None:
    """An unpinned file is pinned by its owner, and on each machine that takes it from there."""
    from evio_data._collection import open_collection

    file = drive.add("fan/a.raw", b"first", pinned=False)
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert [outcome.first_use for outcome in report] == [True]
    file.replace(b"other")
    for address in workers[1:]:
        shutil.rmtree(cache_of(address))
    assert prefetch(client, cache_dir=cache_of, progressbar=False).ok
    for address in workers:
        collection = open_collection(cache_dir=cache_of(address))
        place = collection.cached_file(collection.registry.find("fan/a.raw"))
        assert place.path.read_bytes() == b"first"
        assert place.pin() is not None
        assert place.is_warm(None)


def test_two_pins_are_told_and_kept(
    drive: Any, client: Any, cache_of: CacheOf, workers: list[str]
) -> None:
    """Where two machines have pinned different bytes, both keep theirs, and the report says so."""
    from evio_data import errors
    from evio_data._collection import open_collection

    file = drive.add("fan/a.raw", b"first", pinned=False)
    for address, data in zip(workers[:2], (b"first", b"other"), strict=True):
        file.replace(data)
        open_collection(cache_dir=cache_of(address)).fetch("fan/a.raw")
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert isinstance(report.machines[workers[1]][0].error, errors.ChecksumError)
    assert [(cache_of(address) / "fan/a.raw").read_bytes() for address in workers] == [
        b"first", b"other", b"first", b"first"
    ]  # fmt: skip


def test_a_refusal_is_one_request(drive: Any, client: Any, cache_of: CacheOf) -> None:
    """What Drive refuses to one machine is not asked for by the others, and the rest comes."""
    content = {"fan/a.raw": noise(MIB), "fan/b.raw": noise(MIB, 2)}
    refused = drive.add("fan/a.raw", content["fan/a.raw"], quota="always", large=True)
    drive.add("fan/b.raw", content.pop("fan/b.raw"))
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert [outcome.status for outcome in report] == ["failed", "fetched"]
    assert "quota" in str(report[0].error)
    asked = {request.client_port for request in drive.server.requests
             if request.file_id == refused.id}  # fmt: skip
    assert len(asked) == 1
    assert all(
        [o.status for o in each] == ["failed", "fetched"] for each in report.machines.values()
    )


def test_offline_machines_are_served_by_their_peers(
    drive: Any, client: Any, workers: list[str], cache_of: CacheOf
) -> None:
    """With the network switched off, what one machine has reaches the others; the rest fails."""
    from evio_data._collection import open_collection

    drive.add("a.raw", noise(MIB))
    drive.add("b.raw", noise(MIB, 2))
    open_collection(cache_dir=cache_of(workers[1])).fetch("a.raw")
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    drive.server.forget()
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert [outcome.status for outcome in report] == ["fetched", "failed"]
    assert drive.server.requests == []


@pytest.fixture
def processes(drive: Any) -> Iterator[Any]:
    """Four workers in processes of their own, each watched by a nanny."""
    from distributed import Client, LocalCluster

    with (
        LocalCluster(n_workers=4, threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def test_a_killed_worker_costs_its_share(
    drive: Any, processes: Any, cache_of: CacheOf, capfd: pytest.CaptureFixture[str]
) -> None:
    """A worker that is killed in mid-run leaves its files to others; the one after it joins in."""
    content = {f"{i}.raw": noise(2 * MIB, i) for i in range(6)}
    files = [drive.add(name, data, size=True, rate=4 * MIB) for name, data in content.items()]
    pids = processes.run(os.getpid)

    def kill() -> None:
        while drive.server.sent() < MIB:
            time.sleep(0.01)
        os.kill(pids[min(pids)], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    report = prefetch(processes, cache_dir=cache_of, progressbar=True)
    killer.join()
    assert report.ok
    assert len(report.lost) == 1
    assert everywhere(report, cache_of, content)
    share = max(file.size for file in files)
    assert drive.server.sent() <= sum(map(len, content.values())) + share
    assert "is gone" in capfd.readouterr().err
