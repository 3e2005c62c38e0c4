"""What has arrived of one file: its bytes, their spans, and a journal that survives kill -9."""

import json
import os
import threading
from pathlib import Path
from typing import BinaryIO

from . import _ranges
from ._disk import as_cache_error, open_nofollow
from ._identity import Identity
from ._ranges import Span

STEP = 1024 * 1024  # bytes of one span between two journal records: what a kill can cost
RECORD = 8192  # bytes of the journal; rewritten in place by one small write
MAX_SPANS = 100  # spans that fit into a record


class Partial:
    """The received bytes of one file, in a folder of our own.

    Writers extend the span that they own; nobody else touches it, so reading it needs no lock.
    The journal is written after the bytes that it tells of.

    Parameters
    ----------
    folder : Path
        Holds ``part`` and ``journal``; made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "part"
        self._journal_path = folder / "journal"
        self._lock = threading.Lock()
        self._journal: BinaryIO | None = None
        self._inode: int | None = None
        self.spans: list[list[int]] = []
        self.identity: Identity | None = None
        self.resumed = 0  # bytes that an earlier process left

    # --- begin, end ---------------------------------------------------------------------------

    def open(self) -> None:
        """Take up what an earlier process left, or begin with nothing."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            if not self._load():
                self._create()
        except OSError as error:
            raise as_cache_error(error, self.path) from error
        self.resumed = self.received

    def reset(self) -> None:
        """Begin again with nothing, in a new file: an old writer must not meet the new bytes."""
        with self._lock:
            self._close_journal()
            self.spans = []
            self.identity = None
            self.resumed = 0
            try:
                self._create()
            except OSError as error:
                raise as_cache_error(error, self.path) from error

    def close(self) -> None:
        """Write the journal a last time, and let go."""
        with self._lock:
            if self._journal is not None and self._is_ours():
                self._write_journal()
            self._close_journal()

    def discard(self) -> None:
        """Remove the bytes and the journal."""
        with self._lock:
            self._close_journal()
            self.path.unlink(missing_ok=True)
            self._journal_path.unlink(missing_ok=True)

    # --- what is there ------------------------------------------------------------------------

    @property
    def held(self) -> list[Span]:
        """The bytes that are there, as sorted spans."""
        return _ranges.merge((start, stop) for start, stop in list(self.spans))

    @property
    def received(self) -> int:
        """The number of bytes that are there."""
        return _ranges.count(self.held)

    @property
    def front(self) -> int:
        """The number of bytes from the first on that are there without a gap."""
        return _ranges.held_front((start, stop) for start, stop in list(self.spans))

    # --- writing ------------------------------------------------------------------------------

    def span_at(self, offset: int) -> list[int]:
        """Return the span that ends at ``offset``, to be extended by its one writer."""
        with self._lock:
            for span in self.spans:
                if span[1] == offset:
                    return span
            span = [offset, offset]
            self.spans.append(span)
            return span

    def writer(self, offset: int) -> BinaryIO:
        """Return an unbuffered file that writes from ``offset`` on."""
        try:
            file = open_nofollow(self.path, os.O_RDWR)
        except OSError as error:
            raise as_cache_error(error, self.path) from error
        file.seek(offset)
        return file

    def checkpoint(self) -> None:
        """Write the journal.

        Raises
        ------
        PartialLostError
            If another process has taken or published the file meanwhile.
        """
        with self._lock:
            if self._journal is None:
                return
            if not self._is_ours():
                raise PartialLostError(str(self.path))
            self._write_journal()

    # --- the journal --------------------------------------------------------------------------

    def _load(self) -> bool:
        try:
            with open_nofollow(self._journal_path, os.O_RDONLY) as file:
                record = json.loads(file.read(RECORD))
            spans = [(int(start), int(stop)) for start, stop in record["held"]]
            identity = Identity(**record["identity"]) if record["identity"] else None
            with open_nofollow(self.path, os.O_RDWR) as part:
                size = os.fstat(part.fileno()).st_size
                self._inode = os.fstat(part.fileno()).st_ino
        except (FileNotFoundError, ValueError, LookupError, TypeError):
            return False
        if not _sound(spans, identity, size):
            return False
        self.spans = [[start, min(stop, size)] for start, stop in spans if start < size]
        self.identity = identity
        self._journal = open_nofollow(self._journal_path, os.O_RDWR)
        return True

    def _create(self) -> None:
        self.path.unlink(missing_ok=True)
        self._journal_path.unlink(missing_ok=True)
        with open_nofollow(self.path, os.O_RDWR | os.O_CREAT | os.O_EXCL) as part:
            self._inode = os.fstat(part.fileno()).st_ino
        self._journal = open_nofollow(self._journal_path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        self._write_journal()

    def _is_ours(self) -> bool:
        try:
            return self.path.stat(follow_symlinks=False).st_ino == self._inode
        except OSError:
            return False

    def _write_journal(self) -> None:
        assert self._journal is not None  # noqa: S101
        identity = self.identity._asdict() if self.identity else None
        record = json.dumps({"identity": identity, "held": self.held[:MAX_SPANS]})
        self._journal.seek(0)
        try:
            self._journal.write(record.encode().ljust(RECORD))
        except OSError as error:
            raise as_cache_error(error, self.path) from error

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None


class PartialLostError(Exception):
    """Our partial is not under its name any more: another process took it over or published it."""


def _sound(spans: list[Span], identity: Identity | None, size: int) -> bool:
    whole = all(0 <= start <= stop for start, stop in spans) and size >= 0
    return whole and (identity is None or identity.is_sound())
