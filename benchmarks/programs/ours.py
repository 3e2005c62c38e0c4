"""Our own ways to fetch and to open; the registry and the cache are in the environment."""

from __future__ import annotations

from ._process import File, clock


def fetch(files: list[File]) -> None:
    """Fetch with `evio_data.fetch`."""
    import evio_data
    import evio_data._transfer.engine  # else imported by the first fetch

    with clock():
        evio_data.fetch(files[0].name)


def prefetch(files: list[File], connections: str) -> None:
    """Fetch with `evio_data.prefetch`."""
    import evio_data
    import evio_data._transfer.engine

    with clock():
        report = evio_data.prefetch(concurrency=int(connections))
    assert len(report.fetched) == len(files), report.failed


def names(files: list[File], name: str) -> None:
    """Open the registry, and find one name in it."""
    import evio_data
    import evio_data._collection

    assert not files
    with clock():
        assert evio_data.names(name) == [name]
