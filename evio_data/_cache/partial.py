"""A partial file: its bytes, the ranges that arrived, and a journal that survives `kill -9`."""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from .._files import as_cache_error, open_nofollow, write_all
from .._http.validators import Validators
from . import spans
from .layout import make_again
from .spans import Span
from .sync import Sync

SYNC_STEP = 64 * 1024 * 1024  # bytes between two flushes of a file that is still being received
STEP = 1024 * 1024  # bytes of one span between two journal records: what a kill can cost
RECORD = 4096  # bytes of the journal; one page, so that a kill cannot tear the write of it
MAX_SPANS = 56  # spans that fit into a record
MAX_FLUSHED = 12  # of them that are known to be on the disk
MAX_CODING = 80  # characters
MAX_VALIDATOR = 300  # bytes of JSON; a longer validator is not remembered
PART, JOURNAL = ".part", ".journal"
SECTOR = 512  # bytes that st_blocks counts in
_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL


class Partial:
    """The received bytes of one file, in a folder of our own.

    Writers extend the span that they own; nobody else touches it, so reading it needs no lock.
    The journal is written after the bytes that it tells of, first after `STEP` of them. After a
    power cut, a file that was written in order is too short or right. One that was scattered,
    that is written in several places, may have a hole anywhere, at its full length; where nobody
    has published its hash, none would be found. So after a restart of the machine only what was
    flushed of a scattered file counts. Every file is flushed by and by, beside receiving, so that
    little is left to be flushed at its end.

    Each owner has the bytes under a name that only it knows. It takes up what another process
    left by a rename, publishes by a rename, and looks before each write whether the name is
    still there. So where locks do not keep two processes apart (network file systems), the
    bytes still have one owner, and the other one notices before it writes again. What remains
    is a writer that sleeps between its look and its write until the file has been published;
    it changes the file's time, the stamp does not match any more, and the file is hashed again.

    Parameters
    ----------
    folder : Path
        Holds ``TOKEN.part`` and ``TOKEN.journal``; made if absent.
    source : str
        Whose bytes they are: those of another source are not taken up.
    careful : bool
        Flush the bytes as those of a scattered file, because no published hash would show what
        a power cut has done to them.

    Attributes
    ----------
    path : Path
        The bytes.
    resumed : int
        Bytes that an earlier process left.
    coding : str
        The content coding that the server claims for the bytes; empty for none.
    """

    def __init__(self, folder: Path, *, source: str = "", careful: bool = False) -> None:
        self._folder = folder
        self._source = source
        self._careful = careful
        self._lock = threading.Lock()
        self._journal: BinaryIO | None = None
        self._closed = False
        self._inode: int | None = None
        self.spans: list[list[int]] = []
        self.validators: Validators | None = None
        self.resumed = 0
        self.coding = ""
        self._scattered = careful
        self._flushed: list[Span] = []  # of a scattered file
        self._sync = Sync(None)
        self._synced = 0  # bytes that were there when the last flush began
        self._rename()

    def _rename(self) -> None:
        stem = f"{self._folder}{os.sep}{os.getpid():x}-{os.urandom(4).hex()}"
        self._name = stem + PART
        self._journal_name = stem + JOURNAL
        self.path = Path(self._name)

    def another(self) -> "Partial":
        """Return one for another version of the same file, to be opened."""
        return Partial(self._folder, source=self._source, careful=self._careful)

    # --- begin, end ---------------------------------------------------------------------------

    def open(self, *, take_over: bool = True) -> None:
        """Take up what an earlier process left, or begin with nothing."""
        try:
            if not (take_over and self._take_over()):
                self._create()
        except OSError as error:
            raise as_cache_error(error, self._folder) from error
        self.resumed = self.received

    def close(self) -> None:
        """Write the journal a last time, and let go; of nothing, nothing is left."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if not self.received or not self.is_ours():
                self._remove()
                return
            with suppress(OSError):
                self._write_journal()
            self._close_journal()

    def discard(self) -> None:
        """Remove the bytes and the journal, and those that killed processes left."""
        with self._lock:
            self._closed = True
            self._close_journal()
        for left in left_in(self._folder, PART, JOURNAL):
            with suppress(OSError):
                left.unlink()

    def remove(self) -> None:
        """Remove the bytes and the journal: a writer that is late meets no newer bytes."""
        with self._lock:
            self._closed = True
            self._remove()

    def _remove(self) -> None:
        self._close_journal()
        for name in (self._name, self._journal_name):
            with suppress(OSError):
                os.unlink(name)  # noqa: PTH108

    # --- what is there ------------------------------------------------------------------------

    @property
    def held(self) -> list[Span]:
        """The bytes that are there, as sorted spans."""
        return spans.merge((start, stop) for start, stop in list(self.spans))

    @property
    def received(self) -> int:
        """The number of bytes that are there."""
        return spans.count(self.held)

    @property
    def front(self) -> int:
        """The number of bytes from the first on that are there without a gap."""
        return spans.held_front((start, stop) for start, stop in list(self.spans))

    def is_ours(self) -> bool:
        """Say whether the bytes are still under our name: nobody took them over."""
        try:
            return os.lstat(self._name).st_ino == self._inode
        except OSError:
            return False

    def size(self) -> int:
        """Return the length of the file that they are in."""
        return os.lstat(self._name).st_size

    @property
    def end(self) -> int:
        """The offset after the last byte that is there."""
        return max((stop for _, stop in list(self.spans)), default=0)

    # --- writing ------------------------------------------------------------------------------

    def span_at(self, offset: int) -> list[int]:
        """Return the span that ends at ``offset``, to be extended by its one writer."""
        with self._lock:
            for span in self.spans:
                if span[1] == offset:
                    return span
            span = [offset, offset]
            self.spans.append(span)
            self._scattered = self._scattered or offset > 0
            return span

    def writer(self, offset: int) -> BinaryIO:
        """Return an unbuffered file that writes from ``offset`` on.

        Raises
        ------
        PartialLostError
            If another process has taken the bytes over.
        """
        try:
            file = open_nofollow(self._name, os.O_RDWR)
        except FileNotFoundError as error:
            raise PartialLostError(self._name) from error
        except OSError as error:
            raise as_cache_error(error, self.path) from error
        if os.fstat(file.fileno()).st_ino != self._inode:
            file.close()
            raise PartialLostError(self._name)
        file.seek(offset)
        return file

    def checkpoint(self) -> None:
        """Write the journal."""
        with self._lock:
            received = self.received
            if received - self._synced >= SYNC_STEP and self._sync.is_over():
                self._synced = received
                self._flushed = self._sync.held
                self._sync = self.sync(always=True)
            if not self._closed:
                self._write_journal()

    def sync(self, *, always: bool = False) -> Sync:
        """Begin to flush the bytes if they are scattered, or ``always``; after the last flush."""
        wanted = self._scattered or always
        return Sync(self.path if wanted else None, self.held, after=self._sync)

    # --- the journal --------------------------------------------------------------------------

    def _take_over(self) -> bool:
        left = [_read(path) for path in left_in(self._folder, JOURNAL)]
        ours = _digest(self._source)  # journals of earlier versions do not say
        found = [one for one in left if one is not None and (one.source or ours) == ours]
        return any(self._take(one) for one in sorted(found, key=_held_by, reverse=True))

    def _take(self, left: "_Left") -> bool:
        """Make another process's bytes ours; say no where they are gone, or not ours to write."""
        try:
            with open_nofollow(left.part, os.O_RDWR) as part:
                status = os.fstat(part.fileno())
                if status.st_nlink > 1:  # somebody else's file, perhaps, put here to be written to
                    return False
                self.spans = [list(span) for span in _within(left.spans, status.st_size)]
                self.validators, self._inode = left.identity, status.st_ino
                self.coding = left.coding
                self._scattered = left.scattered or self._careful
                # The journal first: a kill between the two costs a name, not the bytes.
                self._write_journal()
                left.part.rename(self.path)
                # What the journal does not vouch for may be of a longer version.
                part.truncate(self.end)
        except OSError:
            self._forget()
            return False
        if not self.is_ours():
            self._forget()
            return False
        with suppress(OSError):
            left.journal.unlink()
        return True

    def _forget(self) -> None:
        self._close_journal()
        with suppress(OSError):
            os.unlink(self._journal_name)  # noqa: PTH108
        self.spans, self.validators, self._inode, self.coding = [], None, None, ""
        self._scattered = self._careful

    def _create(self) -> None:
        try:
            part = open_nofollow(self._name, _NEW)
        except FileNotFoundError:  # the folder has been cleared away
            make_again(str(self._folder))
            part = open_nofollow(self._name, _NEW)
        with part:
            self._inode = os.fstat(part.fileno()).st_ino

    def _write_journal(self) -> None:
        try:
            if self._journal is None:
                self._journal = open_nofollow(self._journal_name, _NEW)
            self._journal.seek(0)
            write_all(self._journal, self._record())
        except OSError as error:
            raise as_cache_error(error, self.path) from error

    def _record(self) -> bytes:
        record = {
            "identity": None if self.validators is None else _short(self.validators)._asdict(),
            "held": self.held[:MAX_SPANS],
            "flushed": self._flushed[:MAX_FLUSHED] if self._scattered else None,
            "boot": boot(),
            "source": _digest(self._source),
            "coding": self.coding[:MAX_CODING],
        }
        return json.dumps(record).encode().ljust(RECORD)

    def _close_journal(self) -> None:
        if self._journal is not None:
            self._journal.close()
            self._journal = None


class PartialLostError(Exception):
    """Our partial is not under its name any more: another process took it over."""


class _Left(NamedTuple):
    """What a process left behind."""

    part: Path
    journal: Path
    spans: list[Span]
    identity: Validators | None
    scattered: bool
    source: str | None = None
    coding: str = ""


def left_in(folder: Path, *suffixes: str) -> list[Path]:
    """Return the files of some kinds in a folder of ours; a missing folder has none."""
    return list(_files(folder, suffixes))


def _files(folder: Path, suffixes: tuple[str, ...]) -> Iterator[Path]:
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if entry.name.endswith(suffixes) and entry.is_file(follow_symlinks=False):
                yield Path(entry.path)


def _held_by(left: _Left) -> int:
    return spans.count(left.spans)


def _within(spans: list[Span], size: int) -> list[Span]:
    return [(start, min(stop, size)) for start, stop in spans if start < size]


def _read(journal: Path) -> _Left | None:
    """Return what a journal tells, or None for one that cannot be believed."""
    try:
        with open_nofollow(journal, os.O_RDONLY) as file:
            record = json.loads(file.read(RECORD))
        held, flushed = _spans(record["held"]), record.get("flushed")
        identity = Validators(**record["identity"]) if record["identity"] else None
        if flushed is not None and record.get("boot") != boot():
            held = _spans(flushed)
    except (OSError, ValueError, LookupError, TypeError, ArithmeticError, RecursionError):
        return None
    if identity is not None and not identity.is_sound():
        return None
    source, coding = record.get("source"), str(record.get("coding", ""))
    part = journal.with_suffix(PART)
    return _Left(part, journal, held, identity, flushed is not None, source, coding)


def _spans(record: list[list[int]]) -> list[Span]:
    found = [(int(start), int(stop)) for start, stop in record]
    if not all(0 <= start <= stop for start, stop in found):
        raise ValueError(found)
    return spans.merge(found)


@cache
def _digest(source: str) -> str:
    """Return a short word for a source, which may be as long as a URL."""
    from hashlib import sha256

    return sha256(source.encode()).hexdigest()[:16] if source else ""


@cache
def boot() -> str | None:
    """Return what changes when the machine starts anew; None where the system does not tell."""
    with suppress(OSError):
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="utf-8").strip()
    return None


def _short(identity: Validators) -> Validators:
    def short(text: str | None) -> str | None:
        return text if len(json.dumps(text)) <= MAX_VALIDATOR else None

    return Validators(
        short(identity.origin) or "",
        identity.total,
        *map(short, (identity.etag, identity.last_modified, identity.digest)),
    )


def held_in(folder: Path) -> int:
    """Return the bytes that partials in a folder of ours take on disk; gaps do not count."""
    return sum(_size_on_disk(path) for path in left_in(folder, PART))


def _size_on_disk(path: Path) -> int:
    with suppress(OSError):
        status = path.lstat()
        blocks = getattr(status, "st_blocks", None)
        return status.st_size if blocks is None else min(status.st_size, blocks * SECTOR)
    return 0
