"""What is known of the file of one key: its stamp and its pin, on disk or in memory."""

import errno
import os
from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from .._files import Folder, as_cache_error
from .._registry.hashes import SHA256, kind_of
from .._registry.names import STATE_FOLDER
from .layout import flush_up, make_folders
from .pins import Pin, Pins, pin_of
from .stamps import MAX_STAMP, Stamp, parse_stamp

_STAMP_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_IN_THE_WAY = (errno.ENOTDIR, errno.EISDIR, errno.ELOOP)  # of a stamp: something else
STAMP = "stamp"


class Memory(NamedTuple):
    """What a read-only disk does not take: stamps by name, pins by name and source."""

    stamps: dict[str, Stamp]
    pins: dict[tuple[str, str], Pin]


class Record:
    """The stamp and the pins of one key, as one source sees them.

    Parameters
    ----------
    root : str
        The cache.
    name : str
        The key.
    source : callable
        Returns whose file is wanted; empty where that is of no interest.
    memory : Memory
    """

    def __init__(self, root: str, name: str, source: Callable[[], str], memory: Memory) -> None:
        self._source = source
        self._root = root
        self._name = name
        self._memory = memory
        self._pins = Pins(root, name)
        self.folder = f"{root}{os.sep}{STATE_FOLDER}{os.sep}{name}"
        self._stamp_path = f"{self.folder}{os.sep}{STAMP}"

    @cached_property
    def source(self) -> str:
        """Whose file is wanted; worked out when it matters, which it seldom does in a long list."""
        return self._source()

    # --- the stamp ----------------------------------------------------------------------------

    def stamp(self) -> Stamp | None:
        """Return the stamp, or None where there is none that can be read."""
        return parse_stamp(self._stamp_text() or b"") or self._memory.stamps.get(self._name)

    def _stamp_text(self) -> bytes | None:
        """Return what is in the place of the stamp; None where there is nothing."""
        try:
            descriptor = os.open(self._stamp_path, _STAMP_FLAGS)
        except UnicodeEncodeError:
            return None
        except OSError as error:
            return b"" if error.errno in _IN_THE_WAY else None
        try:
            return os.read(descriptor, MAX_STAMP)
        except OSError as error:
            return b"" if error.errno in _IN_THE_WAY else None
        finally:
            os.close(descriptor)

    def is_garbled(self) -> bool:
        """Say whether something is in the place of the stamp that is none."""
        text = self._stamp_text()
        return text is not None and parse_stamp(text) is None

    def stamp_for(self, status: os.stat_result) -> Stamp | None:
        """Return the stamp of the file that is there now, right or damaged."""
        for stamp in (self.stamp(), self._memory.stamps.get(self._name)):
            if stamp is not None and self._is_of(stamp, status):
                return stamp
        return None

    def _is_of(self, stamp: Stamp, status: os.stat_result) -> bool:
        # A cache that was copied elsewhere has other inodes; where it cannot be stamped anew, its
        # files would be hashed by every process.
        return stamp.matches(status) or (
            stamp.resembles(status) and not os.access(self.folder, os.W_OK)
        )

    def is_foreign(self, stamp: Stamp | None) -> bool:
        """Say whether a stamp is of another source's file."""
        return bool(stamp and stamp.source and self.source and stamp.source != self.source)

    def put_stamp(
        self, stamp: Stamp, *, tidy: bool = True, flush: bool = False, ours: Folder | None = None
    ) -> None:
        """Write a stamp, in memory where the disk does not take it.

        Parameters
        ----------
        stamp : Stamp
        tidy : bool
            Remove first what a verified file makes useless: a kill before the stamp leads here
            again, one after it does not.
        flush : bool
            Return only when it is on the disk.
        ours : Folder, optional
            Our folder for the file, where the caller has it open.
        """
        try:
            if ours is not None:
                _write_stamp(ours, stamp, tidy=tidy, flush=flush)
            else:
                make_folders(self._root, [STATE_FOLDER, *self._name.split("/")])
                with Folder(self._root, STATE_FOLDER, *self._name.split("/")) as opened:
                    _write_stamp(opened, stamp, tidy=tidy, flush=flush)
            if flush:
                flush_up(self.folder, self._root)
        except OSError:
            self._memory.stamps[self._name] = stamp
        else:
            self._memory.stamps.pop(self._name, None)

    # --- the pin ------------------------------------------------------------------------------

    def pin(self) -> Pin | None:
        """Return what the file was at its first use; from a stamp of an earlier version, too."""
        pin = None
        if self._memory.pins or self._pins.are_there():  # else no need of hashlib: it takes 4 ms
            pin = self._pins.of(self.source) or self._memory.pins.get((self._name, self.source))
        if pin is None and (stamp := self.stamp()) is not None:
            is_ours = stamp.is_right and not self.is_foreign(stamp)
            if is_ours and stamp.state != "verified" and kind_of(stamp.hash) == SHA256:
                return pin_of(stamp.hash, stamp.size, self.source, since_ns=stamp.mtime_ns)
        return pin

    def keep_pin(self, actual: str, size: int, *, must: bool = False) -> str:
        """Pin a hash, unless another one is pinned already; return the one that counts.

        Raises
        ------
        OSError
            If it cannot be written, and must be.
        """
        if not self.source:
            return actual
        pin = pin_of(actual, size, self.source)
        try:
            make_folders(self._root, self._pins.parts)
            first = self._pins.add(pin)
        except OSError:
            if must:
                raise
            return self._memory.pins.setdefault((self._name, self.source), pin).hash
        flush_up(str(self._pins.folder), self._root)
        return first.hash

    def pinned_elsewhere(self, actual: str) -> str | None:
        """Return the other source, if there is one, whose file was this at its first use."""
        others = [pin for pin in self._pins.all() if pin.hash == actual] if self.source else []
        sources = [pin.source for pin in others]
        return None if not sources or self.source in sources else sources[0]

    def forget(self) -> None:
        """Forget the pin, and the stamp that says the same.

        Raises
        ------
        CacheError
            If the cache cannot be written to.
        """
        try:
            self._pins.forget(self.source)
            stamp = parse_stamp(self._stamp_text() or b"")
            if stamp is not None and stamp.state in ("", "pinned") and not self.is_foreign(stamp):
                Path(self._stamp_path).unlink(missing_ok=True)
        except OSError as error:
            raise as_cache_error(error, self._pins.folder) from error
        self._memory.pins.pop((self._name, self.source), None)
        self._memory.stamps.pop(self._name, None)


def _write_stamp(ours: Folder, stamp: Stamp, *, tidy: bool, flush: bool) -> None:
    if tidy:
        _tidy(ours)
    ours.write(STAMP, str(stamp).encode("ascii"), flush=flush)


def _tidy(ours: Folder) -> None:
    """Remove what a verified file makes useless, and what killed processes left."""
    for name in ours.names():
        if name not in (STAMP, "lock"):
            try:
                ours.unlink(name)
            except OSError:
                continue  # another's, or gone
