"""The functions that most people need."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ._collection import CONNECTIONS, open_collection
from ._progress.adapters import progress_for

if TYPE_CHECKING:
    from ._info import Info
    from ._report import Report


def fetch(name: str | os.PathLike[str], *, progressbar: bool = False, verify: bool = False) -> Path:
    """Return the path of a verified file, and download it the first time.

    Parameters
    ----------
    name : str or path
        A registry key (``"fan/fan_const_rpm.raw"``), or a basename that only one key has.
    progressbar : bool
        Show a progress bar on stderr.
    verify : bool
        Hash a cached file again. Otherwise its status (size, time, inode) is enough.

    Returns
    -------
    pathlib.Path
        The file in the cache. Its hash matched when it was last verified.

    Raises
    ------
    UnknownDatasetError
        If no registry entry has this name, or more than one.
    ChecksumError
        If the downloaded bytes have another hash than the registered one.
    OfflineError
        If the file is not cached and ``EVIO_DATA_OFFLINE`` is set.
    DownloadError
        If the download failed. What has arrived is kept, and the next call resumes.

    Examples
    --------
    >>> import evio_data
    >>> path = evio_data.fetch("fan_const_rpm.raw")
    >>> path.is_file(), path.name
    (True, 'fan_const_rpm.raw')
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
    """Fetch many files in parallel; if one fails, the others continue.

    Parameters
    ----------
    patterns : iterable of str
        Names or globs (``"fan/*"``, ``"*.raw"``); none means all.
    concurrency : int
        Connections in total, 1 to 32. Drive may refuse more than 5.
    progressbar : bool
        Show progress bars on stderr.
    verify : bool
        Hash files that are already cached again.

    Returns
    -------
    Report
        The outcome of each file: ``fetched``, ``present`` or ``failed``, with bytes, seconds
        and the error.

    Raises
    ------
    UnknownDatasetError
        If a pattern matches nothing.

    Examples
    --------
    >>> import evio_data
    >>> report = evio_data.prefetch("fan/*.raw")
    >>> report.ok, len(report.fetched)
    (True, 3)
    """
    with progress_for(progressbar) as watcher:
        return open_collection().prefetch(
            patterns, connections=concurrency, watcher=watcher, verify=verify
        )


def verify(patterns: Iterable[str | os.PathLike[str]] = ()) -> "Report":
    """Hash the cached files again, and report the damaged ones; nothing is deleted.

    Parameters
    ----------
    patterns : iterable of str
        Names or globs; none means all.

    Returns
    -------
    Report
        ``present`` for each intact file, ``failed`` with a ``ChecksumError`` for each damaged
        one. Files that are not cached are left out.

    Examples
    --------
    >>> import evio_data
    >>> path = evio_data.fetch("fan_const_rpm.raw")
    >>> [outcome.status for outcome in evio_data.verify()]
    ['present']
    """
    return open_collection().verify(patterns)


def info(name: str) -> "Info":
    """Return what is known of one file, without downloading anything.

    Parameters
    ----------
    name : str
        A registry key, or a basename that only one key has.

    Returns
    -------
    Info
        Source, size, hash, state, path, license and citation; for a cached recording also what
        its header says. It prints as a table.

    Raises
    ------
    UnknownDatasetError
        If no entry, or more than one, has this name.

    Examples
    --------
    >>> fan = info("fan_const_rpm.dat")
    >>> fan.name, fan.about, fan.documented_events
    ('fan/fan_const_rpm.dat', 211812352, '26.4 M, 9.5 s')
    """
    from ._info import describe

    collection = open_collection()
    return describe(collection, collection.registry.find(name))


def names(pattern: str | os.PathLike[str] = "*") -> list[str]:
    """Return the registry keys that match a name or a glob.

    Examples
    --------
    >>> import evio_data
    >>> evio_data.names("fan/fan_const*")
    ['fan/fan_const_rpm.dat', 'fan/fan_const_rpm.raw']
    """
    return [entry.name for entry in open_collection().registry.select([pattern])]
