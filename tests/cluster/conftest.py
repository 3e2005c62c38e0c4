"""A Dask cluster in this process, and caches for its workers."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="module")  # its threads draw random numbers, which Hypothesis forbids beside
def client() -> Iterator[Any]:
    """Four workers of one thread each, which speak TCP with each other."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=4,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            dashboard_address="127.0.0.1:0",
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def workers(client: Any) -> list[str]:
    """The addresses of the workers, in order."""
    return sorted(client.nthreads())


@pytest.fixture
def cache_of(tmp_path: Path) -> Callable[[str], Path]:
    """Give each worker a cache of its own, as if each were a machine."""
    return lambda address: tmp_path / "caches" / address.rpartition(":")[2]


@pytest.fixture
def drop(cache_of: Callable[[str], Path]) -> Callable[[str, str], None]:
    """Remove a file, and all that is known of it, from a worker's cache."""

    def remove(address: str, name: str) -> None:
        (cache_of(address) / name).unlink()
        for path in (cache_of(address) / ".evio-data" / name).iterdir():
            path.unlink()

    return remove
