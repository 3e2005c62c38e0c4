"""Another name's verified file in, the same bytes under this name out, without a download."""

import os
import time
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .._files import free_bytes, open_nofollow
from .._registry.hashes import kind_of
from .._registry.registry import Entry
from .._report import Outcome
from ..errors import EvioDataError
from .copying import clone, copy_file
from .files import CachedFile
from .hashing import Digests, hash_file

SUFFIX = ".import"  # as of files that are brought in: useless once their process has ended


def copied_from_twin(
    entry: Entry, cached_file: CachedFile, twins: Iterable[CachedFile]
) -> Outcome | None:
    """Return the outcome of a copy from the first twin that is verified; None if there is none.

    A twin is the file of another key with the same source and the same published hash. Whatever
    goes wrong, the file can still be downloaded.
    """
    began = time.monotonic()
    for twin in twins:
        with suppress(OSError, EvioDataError):
            if twin.is_warm(entry.hash) and _copied(entry, cached_file, twin):
                size = cached_file.path.stat().st_size
                seconds = time.monotonic() - began
                return Outcome(
                    entry.name, "fetched", cached_file.path, size, seconds=seconds, hash=entry.hash
                )
    return None


def _copied(entry: Entry, cached_file: CachedFile, twin: CachedFile) -> bool:
    part = cached_file.state / f"{os.getpid():x}-{os.urandom(4).hex()}{SUFFIX}"
    try:
        actual = _copy(twin.real_path, part, kind_of(entry.hash))
        if actual != entry.hash:
            return False
        cached_file.publish(part, actual)
    finally:
        part.unlink(missing_ok=True)
    return True


def _copy(source: Path, part: Path, kind: str) -> str:
    """Copy a file, in blocks that the two share where the file system can; return its hash."""
    digests = Digests((kind,))
    with (
        open_nofollow(source, os.O_RDONLY) as opened,
        open_nofollow(part, os.O_RDWR | os.O_CREAT | os.O_EXCL) as made,
    ):
        if clone(opened, made):
            hash_file(part, digests)
            return digests.hashes()[kind]
        count, free = os.fstat(opened.fileno()).st_size, free_bytes(part.parent)
        if free is not None and count > free:
            raise OSError("no space")
        copy_file(opened, made, count, digests)
    return digests.hashes()[kind]
