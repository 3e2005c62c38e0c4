"""The files of a cache: whose they are, what vouches for them, and how they get there."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from typing import BinaryIO

from .._files import Folder, as_cache_error, open_nofollow
from .._registry.hashes import kind_of
from .._registry.names import STATE_FOLDER
from .._registry.registry import Entry
from . import faults
from .layout import (
    cannot_be_spelled,
    flush_up,
    in_the_way,
    make_folders,
    make_root,
    readable,
    status_of,
)
from .pins import Pin, Pins
from .record import Memory, Record
from .source_key import source_key
from .stamps import Stamp, State, stamp_of


class Cache:
    """A folder of recordings under their registry keys, with one hidden folder of our own.

    Parameters
    ----------
    root : str
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)  # noqa: PTH100
        self._memory = Memory({}, {})

    def cached_file(self, entry: Entry | str) -> "CachedFile":
        """Return the place of an entry, or of a key of which nothing else is known."""
        if isinstance(entry, str):
            return CachedFile(self.root, entry, self._memory)
        return CachedFile(self.root, entry.name, self._memory, entry)

    def pins(self, name: str) -> list[Pin]:
        """Return what is pinned under a key, whatever its source."""
        return Pins(self.root, name).all()

    def forget_pin(self, name: str, pin: Pin) -> None:
        """Forget what the file of a key and a source was at its first use.

        Raises
        ------
        CacheError
            If the cache cannot be written to.
        """
        Record(self.root, name, lambda: pin.source, self._memory).forget()


class CachedFile:
    """The place of one registry key: the file itself, and our folder for it.

    ``<root>/<key>`` is the file. ``<root>/.evio-data/<key>/`` holds ``stamp``, and, while there
    is need for them, ``lock``, ``damaged`` and the files of a `Partial`; the pins are apart.

    Where a published hash shows every fault, a stamp is neither flushed nor needed: after a
    kill between publication and stamp, or a power cut that took it, the file is hashed once
    more. Where nobody has published one, nothing would show what a power cut has done: then
    bytes, pin, name and stamp are on the disk before anybody is told of success.

    Parameters
    ----------
    root : str
    name : str
    memory : Memory, optional
    entry : Entry, optional
        Whose file is wanted: its source and its size are held against what is there.
    """

    pins = True  # whether what is published here is from then on the only right one

    def __init__(
        self, root: str, name: str, memory: Memory | None = None, entry: Entry | None = None
    ) -> None:
        # Strings, not Paths: the warm path is a stat, a read, and nothing else.
        self._root = root
        self._name = name
        self._size = entry.size if entry is not None else None
        self.unhealable = entry is not None and entry.hash is None and self.pins
        self.final = f"{root}{os.sep}{name}"
        url = entry.url if entry is not None else ""
        source = partial(source_key, url) if url else str
        self._record = Record(root, name, source, memory or Memory({}, {}))
        self.is_new = False  # whether our folder was made just now: nothing can be in it yet

    @property
    def path(self) -> Path:
        """The file's place as a Path."""
        return Path(self.final)

    @property
    def real_path(self) -> Path:
        """Where its bytes are: behind a link, where that leads to."""
        return Path(readable(self.final))

    @cached_property
    def state(self) -> Path:
        """Our folder for this key."""
        return Path(self.state_path)

    @property
    def state_path(self) -> str:
        """The same as text."""
        return self._record.folder

    @property
    def damaged(self) -> Path:
        """Where a damaged file waits until it is replaced."""
        return self.state / "damaged"

    # --- reading ------------------------------------------------------------------------------

    def status(self) -> os.stat_result | None:
        """Return the file's status, or None where there is no file; a link is read through.

        Raises
        ------
        CacheError
            If something that is not a regular file has the name.
        """
        return status_of(self.final, self._root)

    def stamp(self) -> Stamp | None:
        """Return the stamp, or None where there is none that can be read."""
        return self._record.stamp()

    def pin(self) -> Pin | None:
        """Return what the file was at its first use."""
        return self._record.pin()

    def known_hash(self, registered: str | None) -> str | None:
        """Return the registered hash, or for an unpinned entry the one of its first use."""
        if registered is not None:
            return registered
        pin = self._record.pin()
        return pin.hash if pin else None

    def adopt_pin(self, known: str, size: int) -> None:
        """Take what another machine's first use was for ours, unless there was one here."""
        self._record.keep_pin(known, size)

    def is_warm(self, registered: str | None, *, claim: bool = False) -> bool:
        """Say whether the file is there, ours and right: one stat, one small read, no hash.

        Parameters
        ----------
        registered : str or None
            The registered hash.
        claim : bool
            Stamps of earlier versions do not say whose the file is: it becomes this entry's.

        Raises
        ------
        CacheError
            If something that is not a regular file has the name.
        """
        status = self.status()
        stamp = self._record.stamp_for(status) if status is not None else None
        if stamp is None or not self._vouches(stamp, registered):
            return False
        if claim and self._record.source and not stamp.source:
            self._claim(stamp, registered)
        return True

    def _vouches(self, stamp: Stamp, registered: str | None) -> bool:
        if not stamp.is_right or self._size not in (None, stamp.size):
            return False
        if registered is not None:
            return stamp.hash == registered
        if self._record.is_foreign(stamp):
            return False
        return stamp.state != "verified" or not self.unhealable  # else it is not pinned yet

    def _claim(self, stamp: Stamp, registered: str | None) -> None:
        if registered is None:
            self._record.keep_pin(stamp.hash, stamp.size)
        state: State = "pinned" if registered is None else "verified"
        self._record.put_stamp(stamp._replace(state=state, source=self._record.source), tidy=False)

    def opened(self, registered: str | None) -> tuple[BinaryIO, Stamp] | None:
        """Return the file, open, and its stamp, if it is ours and right; else None.

        Raises
        ------
        OSError
            If it cannot be opened.
        """
        if self.status() is None:
            return None
        file = open_nofollow(readable(self.final), os.O_RDONLY)
        stamp = self._record.stamp_for(os.fstat(file.fileno()))
        if stamp is not None and self._vouches(stamp, registered):
            return file, stamp
        file.close()
        return None

    # --- what is wrong with it ----------------------------------------------------------------

    def owner(self, registered: str | None) -> str | None:
        """Return the source of whose file is there, if it is not this entry's; nothing is hashed.

        Equal hashes mean equal bytes: then it is this entry's, too.
        """
        if not os.path.lexists(self.final) and not os.path.lexists(self.damaged):
            return None
        stamp = self._record.stamp()
        if stamp is None or not self._record.is_foreign(stamp):
            return None
        is_same = stamp.is_right and stamp.hash == self.known_hash(registered)
        return None if is_same else stamp.source

    def refuse_another_s(self, registered: str | None) -> None:
        """Raise `CacheError` if what is there belongs to another source, as far as is known."""
        owner = self.owner(registered)
        if owner is None:
            return
        if os.path.lexists(self.final):
            raise faults.another_source(self._name, owner, self._root)
        raise faults.another_s_copy(self._name, owner, self.damaged)

    def is_set_aside(self) -> bool:
        """Say whether a damaged file was set aside, and nothing has taken its place."""
        return os.path.lexists(self.damaged) and self.status() is None

    def is_marked_damaged(self) -> bool:
        """Say whether the file that is there was found damaged; nothing is hashed."""
        status = self.status()
        stamp = self._record.stamp_for(status) if status is not None else None
        return stamp is not None and not stamp.is_right

    def is_right_for_others(self, actual: str) -> bool:
        """Say whether bytes that are wrong for us are just as somebody else wants them."""
        status = self.status()
        stamp = self._record.stamp_for(status) if status is not None else None
        return stamp is not None and stamp.is_right and stamp.hash == actual

    # --- hashing ------------------------------------------------------------------------------

    def check(
        self, registered: str | None, on_progress: Callable[[int], None] | None = None
    ) -> str | None:
        """Hash the file and stamp it for what it is; return its hash, or None if it is absent.

        An unpinned file that was never stamped is taken as it is: that is its first use.
        ``on_progress`` takes the bytes hashed, by and by; what it raises ends the check.

        Raises
        ------
        ChecksumError
            If it has another size than the registered one, or nothing tells what it should be.
        CacheError
            If it belongs to another source, or cannot be read.
        """
        from .hashing import hash_of

        before = self.status()
        if before is None:
            return None
        stamp, known = self._record.stamp_for(before), self.known_hash(registered)
        self._refuse_unhashed(stamp, known, before)
        try:
            actual = hash_of(readable(self.final), kind_of(known), on_progress)
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        after = self.status()
        if after is None or _signature(before) != _signature(after):
            return actual
        elsewhere = self._record.pinned_elsewhere(actual) if known != actual else None
        if elsewhere is not None:
            raise faults.another_source(self._name, elsewhere, self._root)
        if known in (None, actual):
            self._find_right(actual, before, registered)
        else:
            self._find_wrong(actual, before, stamp)
        return actual

    def _refuse_unhashed(
        self, stamp: Stamp | None, known: str | None, status: os.stat_result
    ) -> None:
        """Refuse what no hash need tell of."""
        owner = self.owner(known)
        if owner and (known is None or (stamp and kind_of(stamp.hash) == kind_of(known))):
            raise faults.another_source(self._name, owner, self._root)
        if self._size not in (None, status.st_size):
            self.refuse_another_s(known)
            as_published = stamp is not None and stamp.is_right and stamp.hash == known
            raise faults.wrong_size(
                self._name, self._size or 0, status.st_size, replaceable=not as_published
            )
        if known is None and self._is_doubtful(stamp, status):
            raise faults.doubtful(self._name)

    def _is_doubtful(self, stamp: Stamp | None, status: os.stat_result) -> bool:
        """Say whether a file that no hash is known of may be what a power cut has left."""
        if stamp is not None:
            return not stamp.is_right
        return self._record.is_garbled() or (not status.st_size and self._size is None)

    def _find_right(self, actual: str, status: os.stat_result, registered: str | None) -> None:
        size = status.st_size
        if self.unhealable and self._record.keep_pin(actual, size) != actual:
            return  # another process was first, with other bytes
        old = self._record.stamp()
        source = old.source if old is not None and self._record.is_foreign(old) else ""
        state: State = "pinned" if registered is None else "verified"
        stamp = stamp_of(actual, status, state=state, source=source or self._record.source)
        self._record.put_stamp(stamp, flush=self.unhealable)

    def _find_wrong(self, actual: str, status: os.stat_result, stamp: Stamp | None) -> None:
        """Take note of bytes that are not the known ones, unless they are right for others."""
        self.refuse_another_s(None)
        if stamp is not None and stamp.is_right and stamp.hash == actual:
            return  # the published bytes are other ones now
        if self.unhealable and (pin := self._record.pin()) is not None:
            self._record.keep_pin(pin.hash, pin.size)  # a stamp that told it is written over
        damaged = stamp_of(actual, status, state="damaged", source=self._record.source)
        self._record.put_stamp(damaged, tidy=False)

    # --- writing ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the folders that the file and our state go into, never through a symbolic link.

        Raises
        ------
        CacheError
            If they cannot be made or written to.
        """
        try:
            make_root(self._root)
            try:
                self._make_all()
            except FileNotFoundError:  # somebody clears away empty folders meanwhile
                self._make_all()
        except OSError as error:
            raise as_cache_error(error, error.filename or self._root) from error
        except UnicodeEncodeError as error:
            raise cannot_be_spelled(error.encoding) from error
        if not self.is_new and not os.access(self.state_path, os.W_OK | os.X_OK):
            denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise as_cache_error(denied, self.state)

    def _make_all(self) -> None:
        parts = self._name.split("/")
        make_folders(self._root, parts[:-1])
        self.is_new = make_folders(self._root, [STATE_FOLDER, *parts])

    def publish(self, part: Path, actual: str) -> None:
        """Give the verified bytes their final name, in one step; then stamp and tidy up.

        Raises
        ------
        CacheError
            If the disk does not take them, or what is there belongs to another source.
        ChecksumError
            If other bytes were pinned in the meantime.
        """
        self._refuse_to_replace()
        try:
            self.refuse_another_s(actual)
            place = os.fspath(part).removeprefix(self._root + os.sep)
            *folders, name = place.split(os.sep)  # noqa: PTH206 - 20 times as fast
            with Folder(self._root, *folders) as source, self._home() as home:
                # Before the rename: who changes the file once it is public is not vouched for.
                status = source.lstat(name)
                if self.unhealable:
                    self._fix(source, name, actual, status.st_size)
                source.move(name, home, self._last)
                if self.unhealable:
                    flush_up(os.path.dirname(self.final), self._root)  # noqa: PTH120
                state: State = "pinned" if self.unhealable else "verified"
                stamp = stamp_of(actual, status, state=state, source=self._record.source)
                ours = source if folders == [STATE_FOLDER, *self._name.split("/")] else None
                tidy = not self.is_new  # else there was nothing before
                self._record.put_stamp(stamp, tidy=tidy, flush=self.unhealable, ours=ours)
        except OSError as error:
            raise as_cache_error(error, self.final) from error

    def _fix(self, folder: Folder, name: str, actual: str, size: int) -> None:
        """Put bytes on the disk, and their pin, before they get their name."""
        folder.flush_file(name)
        first = self._record.keep_pin(actual, size, must=True)
        if first != actual:
            raise faults.other_than_pinned(self._name, first, actual)

    def set_aside(self) -> Path:
        """Move a damaged file out of the way, to be kept until it is replaced; return where."""
        self._refuse_to_replace()
        try:
            with self._home() as home, self._ours() as ours:
                home.move(self._last, ours, "damaged")
                self.is_new = False
                ours.flush()
        except FileNotFoundError:
            pass
        except IsADirectoryError as error:
            raise as_cache_error(error, self.damaged) from error
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        return self.damaged

    def _refuse_to_replace(self) -> None:
        """Refuse to replace what is no regular file; also a link, put there on purpose."""
        try:
            there = os.lstat(self.final)
        except FileNotFoundError:
            return
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        if stat.S_ISLNK(there.st_mode):
            raise faults.wrong_link(self._name, self.final)
        if not stat.S_ISREG(there.st_mode):
            raise in_the_way(self.final, there)

    @property
    def _last(self) -> str:
        return self._name.rpartition("/")[2]

    def _home(self) -> Folder:
        """Open the folder that the file is in; again, if it has been cleared away."""
        parts = self._name.split("/")[:-1]
        with suppress(FileNotFoundError):
            return Folder(self._root, *parts)
        make_folders(self._root, parts)
        return Folder(self._root, *parts)

    def _ours(self) -> Folder:
        """Open our folder for this key."""
        return Folder(self._root, STATE_FOLDER, *self._name.split("/"))


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino
