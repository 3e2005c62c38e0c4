"""A downloader for any pooch: Drive links, HTTP(S) URLs and DOIs, with resume."""

import os
from typing import TYPE_CHECKING, Any

from .._collection import CONNECTIONS, MAX_CONNECTIONS
from .._http.options import NO_OPTIONS, RequestOptions
from .._progress.adapters import progress_for
from .._registry.parser import DOI
from .._registry.registry import Entry
from .._settings import Settings, from_environment
from .._text import clean
from ..errors import DownloadError, EvioDataError, UnknownDatasetError
from .errors import for_pooch

if TYPE_CHECKING:
    from .._sources.base import Source
from .delivery import Delivery, Output, is_special, place_for
from .entries import as_entry, as_registered, refuse_offline


class DriveDownloader:
    """Downloads Google Drive links, and any other HTTP(S) URL, for any `pooch.Pooch`.

    It passes Drive's confirmation page, never saves a web page as data, and resumes what an
    earlier call or process left: partial files are kept in a hidden folder of the pooch.

    Parameters
    ----------
    progressbar : bool or object, optional
        True shows a progress bar; an object with pooch's ``update``, ``reset``, ``close`` and
        ``total`` is updated instead.
    connections : int
        How many connections one large file may use, 1 to 32.

    Examples
    --------
    >>> import os, pooch, tempfile
    >>> from pathlib import Path
    >>> from evio_data.testing import DriveServer
    >>> from evio_data import DriveDownloader
    >>> with DriveServer() as server, tempfile.TemporaryDirectory() as folder:
    ...     os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
    ...     fan = server.add("fan.raw", b"% evt 3.0", large=True)
    ...     known_hash, url = {"fan.raw": fan.sha256}, {"fan.raw": fan.url}
    ...     pup = pooch.create(folder, "", registry=known_hash, urls=url)
    ...     path = pup.fetch("fan.raw", downloader=DriveDownloader())
    ...     Path(path).read_bytes()
    b'% evt 3.0'
    """

    def __init__(self, progressbar: Any = None, *, connections: int = CONNECTIONS) -> None:
        if not 1 <= connections <= MAX_CONNECTIONS:
            raise ValueError(f"connections is {connections}; 1 to {MAX_CONNECTIONS} are possible.")
        self.progressbar = progressbar
        self.connections = connections

    def __call__(
        self,
        url: str,
        output_file: Output | None,
        pooch: Any,
        check_only: bool = False,  # noqa: FBT001, FBT002 - pooch passes it so
    ) -> bool | None:
        """Download ``url`` to ``output_file``; pooch calls this.

        Parameters
        ----------
        url : str
            A Drive link of any shape, or an HTTP(S) URL.
        output_file : path or binary file
            Where the bytes go; of no interest with ``check_only``.
        pooch : pooch.Pooch or None
            The caller; a file that was cut is kept in its folder, else beside the output, else in
            our own cache.
        check_only : bool
            Only say whether the file can be had.

        Returns
        -------
        bool or None
            With ``check_only``, whether the server would send the file; else None.

        Raises
        ------
        DownloadError
            If the file could not be downloaded; what arrived is kept for the next call.
        ChecksumError
            If the pooch knows a SHA-256 for this URL and the bytes have another one. It is a
            `ValueError` too, which is what pooch expects.
        OfflineError
            If ``EVIO_DATA_OFFLINE`` is set.
        """
        settings = from_environment()
        if pooch is not None and not pooch.retry_if_failed:
            settings = settings._replace(brief=0)
        entry = as_entry(clean(url), None, url)
        if settings.offline:
            refuse_offline(url)
        if check_only:
            return available_now(entry, settings)
        assert output_file is not None  # only a check has none
        entry = as_registered(entry, url, pooch)
        entry, source = _found(entry, settings)
        if isinstance(output_file, str | os.PathLike) and is_special(output_file):
            with open(output_file, "wb") as file:  # noqa: PTH123
                self._download(entry, source, place_for(entry, file, pooch), settings)
        else:
            self._download(entry, source, place_for(entry, output_file, pooch), settings)
        return None

    def _download(
        self, entry: Entry, source: "Source", place: "Delivery", settings: Settings
    ) -> None:
        from .._transfer.engine import Engine
        from .._transfer.jobs import Job

        try:
            with progress_for(self.progressbar) as watcher:
                (outcome,) = Engine(
                    [Job(entry, place, lambda: [source], entry.size)],
                    connections=self.connections,
                    timeout=settings.timeout,
                    retries=settings.retries,
                    brief=settings.brief,
                    watcher=watcher,
                ).run()
        finally:
            place.tidy()
        if place.fault is not None:
            raise place.fault
        if outcome.error is not None:
            raise for_pooch(outcome.error) from outcome.error.__cause__


def _found(
    entry: Entry, settings: Settings, options: RequestOptions = NO_OPTIONS
) -> "tuple[Entry, Source]":
    """Return an entry with the address that a DOI stands for, and where its bytes come from."""
    from .._sources.doi import Records
    from .._sources.origin import source_of

    if entry.url.startswith(DOI):
        try:
            records = Records(timeout=settings.timeout, retries=settings.retries, options=options)
            entry = records.resolved(entry)
        except EvioDataError as error:
            raise for_pooch(error) from error
        options = options.at(entry.url)
    return entry, source_of(
        entry.url, endpoint=settings.endpoint, api_key=settings.api_key, options=options
    )


def available_now(entry: Entry, settings: Settings, options: RequestOptions = NO_OPTIONS) -> bool:
    """Say whether a server would send the file now; only silence is an error."""
    from .._http.connection import (
        HttpSession,
        TransportError,
        UnavailableError,
        UnusableHostError,
    )
    from .._http.ranges import RangeError
    from .._sources.probe import probe

    try:
        _, source = _found(entry, settings, options)
    except UnknownDatasetError:
        return False
    session = HttpSession(timeout=settings.timeout)
    try:
        probe(source, session)
    except UnusableHostError as error:
        raise for_pooch(error) from error
    except (DownloadError, UnavailableError, RangeError):
        return False
    except TransportError as error:
        failure = DownloadError(f"{error}.", advice="Run again.")
        failure.is_connection = True
        raise for_pooch(failure) from error
    finally:
        session.close()
    return True
