"""The plugin: workers have the files before their first task, and the origin sends each once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import noise

pytest.importorskip("distributed")

from evio_data.dask import DatasetPlugin

MIB = 2**20


def test_workers_begin_with_the_files(
    drive: Any, client: Any, cache_of: Callable[[str], Path]
) -> None:
    """Present workers and one that comes later have all files; each left the origin once."""
    content = {f"{number}.raw": noise(MIB, number) for number in range(4)}
    for name, data in content.items():
        drive.add(name, data, pinned=name != "2.raw")
    drive.add("not-wanted.raw", b"x")
    plugin = DatasetPlugin(["?.raw"], cache_dir=cache_of)
    client.register_plugin(plugin)
    assert drive.server.sent() == 4 * MIB
    before = set(client.nthreads())
    try:
        client.cluster.scale(5)
        client.wait_for_workers(5)
        (fresh,) = set(client.nthreads()) - before
        there = client.submit(
            lambda: [(cache_of(fresh) / name).read_bytes() for name in content], workers=[fresh]
        ).result()
        assert there == list(content.values())
        assert drive.server.sent() == 4 * MIB
    finally:
        client.unregister_worker_plugin(plugin.name)
        client.cluster.scale(4)


def test_a_file_that_cannot_be_had_keeps_no_worker(
    drive: Any, client: Any, cache_of: Callable[[str], Path], caplog: pytest.LogCaptureFixture
) -> None:
    """A refused file is told in the log of the worker, which has the others and starts."""
    drive.add("a.raw", noise(MIB), quota="always", large=True)
    drive.add("b.raw", noise(MIB, 2))
    plugin = DatasetPlugin(cache_dir=cache_of)
    client.register_plugin(plugin)
    try:
        assert all((cache_of(address) / "b.raw").exists() for address in client.nthreads())
        assert "a.raw: " in caplog.text
        assert "quota" in caplog.text
    finally:
        client.unregister_worker_plugin(plugin.name)
