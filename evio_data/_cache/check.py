"""Check a cached file against its stamp, its known hash and its bytes."""

import time
from collections.abc import Callable

from .._registry.hashes import worded
from .._registry.registry import Entry
from .._report import Outcome
from ..errors import ChecksumError
from .files import CachedFile

MEND = "It is damaged, and still there: `evio-data verify --repair` mends it."


def check_cached(
    entry: Entry,
    cached_file: CachedFile,
    *,
    verify: bool,
    on_progress: Callable[[int], None] | None = None,
) -> Outcome | None:
    """Return the outcome of a file that is there and right; None where there is none.

    It is hashed unless its stamp is right; with ``verify``, always. ``told`` takes the bytes
    hashed, by and by.

    Raises
    ------
    ChecksumError
        If it is damaged.
    CacheError
        If it cannot be read.
    """
    began = time.monotonic()
    known = cached_file.known_hash(entry.hash)
    warm = cached_file.is_warm(entry.hash) and not verify
    actual = known if warm else cached_file.check(entry.hash, on_progress)
    status = cached_file.status()
    if actual is None or status is None:
        return None
    if known not in (None, actual):
        raise checksum_error(entry, known or "", actual, advice=MEND)
    return Outcome(
        entry.name,
        "present",
        cached_file.path,
        status.st_size,
        seconds=time.monotonic() - began,
        hash=actual,
        first_use=known is None,
    )


def checksum_error(entry: Entry, expected: str, actual: str, *, advice: str) -> ChecksumError:
    """Return the error for bytes with another hash than the known one."""
    pinned = entry.hash is not None
    origin = "the registry" if pinned else "the first download (it is pinned to that)"
    error = ChecksumError(
        f"the bytes have {worded(actual)}, but {origin} says {expected}.",
        name=entry.name,
        advice=advice,
    )
    error.expected, error.actual = expected, actual
    return error
