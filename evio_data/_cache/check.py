"""Check a cached file against its stamp, its known hash and its bytes."""

import os
import time
from collections.abc import Callable

from .._registry.registry import Entry
from .._report import HashState, Outcome
from . import faults
from .files import CachedFile


def check_cached(
    entry: Entry,
    cached_file: CachedFile,
    *,
    verify: bool,
    on_progress: Callable[[int], None] | None = None,
) -> Outcome | None:
    """Return the outcome of a file that is there and right; None where there is none.

    It is hashed unless its stamp is right; with ``verify``, always. ``on_progress`` takes the
    bytes hashed, by and by.

    Raises
    ------
    ChecksumError
        If it is damaged, or was, and has not been replaced.
    CacheError
        If it cannot be read, or is another source's.
    """
    began = time.monotonic()
    if cached_file.status() is None:
        _refuse_absent(entry, cached_file)
        return None
    before = cached_file.known_hash(entry.hash)
    warm = not verify and cached_file.is_warm(entry.hash, claim=True)
    actual = before if warm else cached_file.check(entry.hash, on_progress)
    status = cached_file.status()
    if actual is None or status is None:
        _refuse_absent(entry, cached_file)
        return None
    known = cached_file.known_hash(entry.hash)
    if known not in (None, actual):
        raise faults.wrong_bytes(
            entry.name,
            known or "",
            actual,
            published=entry.hash is not None,
            right_for_others=cached_file.is_right_for_others(actual),
        )
    return Outcome(
        entry.name,
        "present",
        cached_file.path,
        status.st_size,
        seconds=time.monotonic() - began,
        hash=actual,
        first_use=before is None and cached_file.pins,
        hash_state=hash_state(entry, pins=cached_file.pins),
    )


def _refuse_absent(entry: Entry, cached_file: CachedFile) -> None:
    """Raise what is known of a file that is not there, if anything."""
    if os.path.lexists(cached_file.damaged):
        cached_file.refuse_another_s(entry.hash)
        if cached_file.is_set_aside():
            raise faults.set_aside(entry.name, str(cached_file.damaged))


def hash_state(entry: Entry, *, pins: bool) -> HashState:
    """Return what the bytes of a file are compared with."""
    if entry.hash is not None:
        return "published"
    return "pinned" if pins else "unpinned"
