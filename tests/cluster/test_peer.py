"""Copies from a peer: resumed, and believed only by their hash."""

import os
from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.exchange import MIB, CacheOf, everywhere
from tests.conftest import noise

pytest.importorskip("distributed")

from evio_data.dask import prefetch


def test_wrong_bytes_of_a_peer_are_caught_and_mended(
    drive: Any, client: Any, workers: list[str], cache_of: CacheOf, drop: Callable[..., None]
) -> None:
    """A peer whose disk has changed the bytes unseen is left for another one, and mended."""
    content = {"fan/a.raw": noise(3 * MIB)}
    drive.add("fan/a.raw", content["fan/a.raw"])
    prefetch(client, cache_dir=cache_of, progressbar=False)
    drive.server.forget()
    damaged = cache_of(workers[0]) / "fan/a.raw"
    before = damaged.stat()
    with damaged.open("r+b") as file:
        file.seek(MIB)
        file.write(b"wrong")
    os.utime(damaged, ns=(before.st_atime_ns, before.st_mtime_ns))
    drop(workers[2], "fan/a.raw")
    drop(workers[3], "fan/a.raw")
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    assert report.ok
    assert everywhere(report, cache_of, content)
    assert drive.server.sent() == 0


def test_a_copy_resumes(
    drive: Any,
    client: Any,
    workers: list[str],
    cache_of: CacheOf,
    killed_at: Callable[..., Any],
    drop: Callable[..., None],
) -> None:
    """What a killed download left on a machine does not come from its peers again."""
    file = drive.add("a.raw", noise(8 * MIB), rate=8 * MIB)
    os.environ["EVIO_DATA_DIR"] = str(cache_of(workers[3]))
    killed_at(file, 5 * MIB)
    file.rate = None
    from evio_data._collection import open_collection

    open_collection(cache_dir=cache_of(workers[0])).fetch("a.raw")
    report = prefetch(client, cache_dir=cache_of, progressbar=False)
    (copied,) = report.machines[workers[3]]
    assert copied.status == "fetched"
    assert copied.received < 6 * MIB < copied.resumed + copied.received
