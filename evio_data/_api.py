"""The four functions that most people need: names in, verified files out."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ._collection import CONNECTIONS, open_collection
from ._progress.adapters import progress_for

if TYPE_CHECKING:
    from ._report import Report


def fetch(name: str | os.PathLike[str], *, progressbar: bool = False, verify: bool = False) -> Path:
    """Return the path of a verified file, downloaded the first time.

    Parameters
    ----------
    name : str or path
        A registry key (``"fan/fan_const_rpm.raw"``), or a basename that only one key has.
    progressbar : bool
        Draw a bar on standard error.
    verify : bool
        Hash a cached file again; otherwise one look at its status is enough.

    Returns
    -------
    pathlib.Path
        The file in the cache; its SHA-256 has matched.

    Raises
    ------
    UnknownDatasetError
        If no entry, or more than one, has this name.
    ChecksumError
        If the bytes are not the registered ones.
    OfflineError
        If the file is not cached and ``EVIO_DATA_OFFLINE`` is set.
    DownloadError
        If it could not be downloaded; what arrived is kept for the next call.

    Examples
    --------
    >>> from evio_data.testing import DriveServer
    >>> import os, pathlib, tempfile
    >>> with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
    ...     file = server.add("fan.raw", b"% evt 3.0\\n")
    ...     registry = pathlib.Path(folder, "registry.txt")
    ...     _ = registry.write_text(file.registry_line() + "\\n")
    ...     os.environ["EVIO_DATA_REGISTRY"] = str(registry)
    ...     os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    ...     fetch("fan.raw").read_bytes()
    b'% evt 3.0\\n'
    """
    collection = open_collection()
    if not progressbar:
        return collection.fetch(name, verify=verify)
    with progress_for(progressbar) as watcher:
        return collection.fetch(name, watcher=watcher, verify=verify)


def prefetch(
    patterns: Iterable[str | os.PathLike[str]] = (),
    *,
    concurrency: int = CONNECTIONS,
    progressbar: bool = False,
    verify: bool = False,
) -> "Report":
    """Have many files at once; one that cannot be had does not stop the others.

    Parameters
    ----------
    patterns : iterable of str
        Names or globs (``"fan/*"``, ``"*.raw"``); none means all.
    concurrency : int
        Connections in all, 1 to 32. More than 5 may make Drive refuse.
    progressbar : bool
        Draw bars on standard error.
    verify : bool
        Hash cached files again.

    Returns
    -------
    Report
        What became of each file: ``fetched``, ``present`` or ``failed``, with bytes, seconds
        and the error.

    Raises
    ------
    UnknownDatasetError
        If a pattern matches nothing.
    """
    with progress_for(progressbar) as watcher:
        return open_collection().prefetch(
            patterns, connections=concurrency, watcher=watcher, verify=verify
        )


def verify(patterns: Iterable[str | os.PathLike[str]] = ()) -> "Report":
    """Hash what is cached again, and say which files are damaged; nothing is deleted.

    Parameters
    ----------
    patterns : iterable of str
        Names or globs; none means all.

    Returns
    -------
    Report
        ``present`` for each right file, ``failed`` with a ``ChecksumError`` for each damaged
        one; files that are not cached are left out.
    """
    return open_collection().verify(patterns)


def names(pattern: str | os.PathLike[str] = "*") -> list[str]:
    """Return the registry keys that a name or a glob means.

    Examples
    --------
    >>> names("fan/fan_const*")
    ['fan/fan_const_rpm.dat', 'fan/fan_const_rpm.raw']
    """
    return [entry.name for entry in open_collection().registry.select([pattern])]
