"""Finish a download: compare the hash, and give the file its name."""

import time
from collections.abc import Callable
from enum import Enum, auto
from pathlib import Path

from .._cache import faults
from .._cache.check import hash_state
from .._http.web_page import SNIFFED, is_web_page
from .._registry.hashes import kind_of
from .._report import Outcome
from ..errors import ChecksumError, DownloadError, EvioDataError
from .decoding import decoded, is_applied
from .jobs import Run

PAID = 8 * 1024 * 1024  # bytes of a download that are worth a flush, beside the hashing


class Ending(Enum):
    """What becomes of a run whose bytes are all there."""

    PUBLISHED = auto()
    TAKEN_OVER = auto()  # by another process
    BEGUN_AGAIN = auto()  # the hash was wrong, and another try can help


def publish(run: Run, end: Callable[[Outcome], None]) -> Ending:
    """Compare the hash and publish; or have a resumed file fetched once more from zero.

    Parameters
    ----------
    run : Run
    end : callable
        Takes the outcome of a file that was published.

    Raises
    ------
    AbandonedError
        If another thread has let go of the file.
    EvioDataError, OSError
        If it cannot be published.
    """
    download, destination = run.download, run.job.destination
    version = download.version
    if not version.partial.is_ours():
        return Ending.TAKEN_OVER
    # A published hash heals what a power cut has spoilt, at the price of another download.
    sync = version.partial.sync(always=(version.total or 0) >= PAID)
    actual = version.running_hash.finish()
    known = destination.known_hash(run.job.entry.hash)  # perhaps pinned in the meantime
    if not version.partial.is_ours():
        return Ending.TAKEN_OVER
    if version.partial.size() != version.total:
        version.partial.discard()
        raise DownloadError("somebody else has written to what arrived.", advice="Run again.")
    try:
        part, actual = _decoded(run, actual, known)
    except (DownloadError, ChecksumError):
        if download.retry_after_mismatch():
            return Ending.BEGUN_AGAIN
        version.partial.discard()
        raise
    if known not in (None, actual):
        return _mismatched(run, known or "", actual)
    if known is None and destination.pins:
        _doubt_first_use(run)
    try:
        sync.wait()
        destination.publish(part, actual)
    except OSError:
        if version.partial.is_ours():
            raise
        return Ending.TAKEN_OVER  # after the look above
    version.partial.discard()
    end(_outcome(run, actual, first_use=known is None and destination.pins))
    return Ending.PUBLISHED


def _decoded(run: Run, actual: str, known: str | None) -> tuple[Path, str]:
    """Return the file and its hash; where its bytes are coded, those of the decoded file."""
    partial = run.download.version.partial
    if known == actual or not is_applied(partial.coding, run.name, partial.path):
        return partial.path, actual
    return decoded(partial.path, partial.coding, kind_of(known), run.download.wish.size)


def _outcome(run: Run, actual: str, *, first_use: bool) -> Outcome:
    download = run.download
    return Outcome(
        run.name,
        "fetched",
        run.job.destination.path,
        download.total,
        received=download.fetched,
        resumed=download.version.kept,
        seconds=time.monotonic() - run.began,
        hash=actual,
        first_use=first_use,
        hash_state=hash_state(run.job.entry, pins=run.job.destination.pins),
    )


def _mismatched(run: Run, known: str, actual: str) -> Ending:
    if run.download.retry_after_mismatch():
        return Ending.BEGUN_AGAIN
    run.download.version.partial.discard()
    published = run.job.entry.hash is not None
    raise faults.wrong_download(run.name, known, actual, published=published)


def _doubt_first_use(run: Run) -> None:
    """Refuse to pin what can hardly be the file: nothing, or a page of the network's.

    Raises
    ------
    DownloadError
    """
    version = run.download.version
    source = run.download.failover.current
    error: EvioDataError | None = None
    if not version.total and run.job.entry.size is None:
        error = DownloadError(
            f"{source.label} sent an empty file.", advice="Check the URL in the registry."
        )
    elif not source.proves_files:
        with version.partial.path.open("rb") as file:
            if is_web_page(file.read(SNIFFED), run.name):
                error = DownloadError(
                    f"{source.label} sent a web page instead of the file.",
                    advice="Is there a sign-in page on this network? Then sign in, and run again.",
                )
    if error is not None:
        version.partial.discard()
        raise error
