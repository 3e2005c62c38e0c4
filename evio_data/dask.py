"""Recordings on every machine of a Dask cluster, from an origin that sends each one once.

This module needs the extra: ``pip install 'evio-data[dask]'``.
"""

import os
from collections.abc import Callable, Iterable
from contextlib import nullcontext
from typing import TYPE_CHECKING

from ._collection import CONNECTIONS, MAX_CONNECTIONS, open_collection
from ._progress.log import LogProgress
from ._progress.screens import screen

try:
    from ._cluster.exchange import Exchange
    from ._cluster.newcomer import DatasetPlugin
    from ._cluster.report import ClusterReport
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"evio_data.dask needs Dask ({missing}): pip install 'evio-data[dask]'",
        name=missing.name,
    ) from missing

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ClusterReport", "DatasetPlugin", "prefetch"]


def prefetch(
    client: "Client",
    patterns: Iterable[str] = (),
    *,
    registry: str | os.PathLike[str] | None = None,
    cache_dir: str | os.PathLike[str] | Callable[[str], str | os.PathLike[str]] | None = None,
    concurrency: int = CONNECTIONS,
    verify: bool = False,
    progressbar: bool = True,
) -> ClusterReport:
    """Have many files on every machine of a cluster; the origin sends each of them once.

    One machine fetches a file from the origin; the others take it from machines that have it,
    over Dask's own connections, and compare its hash themselves. Workers that share a cache, on
    one machine or on a shared file system, are one machine here.

    Parameters
    ----------
    client : distributed.Client
        Connected to the cluster; not an asynchronous one.
    patterns : iterable of str
        Names or globs (``"fan/*"``, ``"*.raw"``); none means all.
    registry : path, optional
        Another ``registry.txt``, read here and taken along: workers need no copy.
    cache_dir : path or callable, optional
        The cache on each machine; a callable takes the worker's address. By default each worker's
        ``EVIO_DATA_DIR``, or its own default.
    concurrency : int
        Connections to the origin, of all machines together, 1 to 32.
    verify : bool
        Hash files that are there again; a damaged one is replaced.
    progressbar : bool
        Draw a bar here, in the terminal or in the notebook.

    Returns
    -------
    ClusterReport
        What became of each file, and in ``machines`` what each worker has.

    Raises
    ------
    UnknownDatasetError
        If a pattern matches nothing.
    EvioDataError
        If the cluster has no worker, or its workers do not have this package.
    """
    if client.asynchronous:
        raise TypeError("prefetch blocks: give it a client without `asynchronous=True`")
    if not 1 <= concurrency <= MAX_CONNECTIONS:
        raise ValueError(f"concurrency is {concurrency}; 1 to {MAX_CONNECTIONS} are possible.")
    collection = open_collection(registry)
    with screen() if progressbar else nullcontext(LogProgress()) as shown:
        exchange = Exchange(
            client,
            collection.registry,
            collection.registry.select(patterns),
            cache_dir=cache_dir,
            connections=concurrency,
            offline=collection.settings.offline,
            verify=verify,
            screen=shown,
        )
        with exchange:
            return exchange.run()
