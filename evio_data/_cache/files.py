"""The files of a cache: layout, stamps, pins, and the rename that publishes a file."""

import errno
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .._files import Folder, as_cache_error, open_nofollow
from .._registry.hashes import LONGEST, as_hash, kind_of
from .._registry.names import STATE_FOLDER
from ..errors import CacheError

MAX_STAMP = LONGEST + 64  # bytes: three numbers follow the hash
_STAMP_FLAGS = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
CACHEDIR_TAG = "CACHEDIR.TAG"
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag, for programs that make back-ups.\n"
    "# See https://bford.info/cachedir/\n"
)


class Stamp(NamedTuple):
    """What was true of a file when its hash was last known to be right."""

    hash: str
    size: int  # bytes
    mtime_ns: int
    inode: int

    def matches(self, status: os.stat_result) -> bool:
        """Say whether a file is still the one that was stamped, as far as its status tells."""
        return (
            self.size == status.st_size
            and self.mtime_ns == status.st_mtime_ns
            and self.inode == status.st_ino
        )


class Cache:
    """A folder of recordings under their registry keys, with one hidden folder of our own.

    Parameters
    ----------
    root : str
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.abspath(root)  # noqa: PTH100
        self._memory: dict[str, Stamp] = {}  # stamps that a read-only disk does not take

    def cached_file(self, name: str) -> "CachedFile":
        """Return the place of one registry key."""
        return CachedFile(self.root, name, self._memory)


class CachedFile:
    """The place of one registry key: the file itself, and our folder for it.

    ``<root>/<key>`` is the file. ``<root>/.evio-data/<key>/`` holds ``stamp``, and, while there
    is need for them, ``lock``, ``damaged`` and the files of a `Partial`.

    A stamp is neither flushed nor needed: after a kill between publication and stamp, or a
    power cut that took it, the file is hashed once more and stamped again.
    """

    pins = True  # whether what is published here is from then on the only right one

    def __init__(self, root: str, name: str, memory: dict[str, Stamp]) -> None:
        # Strings, not Paths: the warm path is a stat, a read, and nothing else.
        self._root = root
        self._name = name
        self._memory = memory
        self.final = f"{root}{os.sep}{name}"
        self._state = f"{root}{os.sep}{STATE_FOLDER}{os.sep}{name}"
        self._stamp_path = f"{self._state}{os.sep}stamp"

    @property
    def path(self) -> Path:
        """The file's place as a Path."""
        return Path(self.final)

    @property
    def state(self) -> Path:
        """Our folder for this key."""
        return Path(self._state)

    @property
    def damaged(self) -> Path:
        """Where a damaged file waits until it is replaced."""
        return self.state / "damaged"

    # --- reading ------------------------------------------------------------------------------

    def stamp(self) -> Stamp | None:
        """Return the stamp, or None where there is none that can be read."""
        try:
            descriptor = os.open(self._stamp_path, _STAMP_FLAGS)
        except OSError:
            return self._memory.get(self._name)
        try:
            return _as_stamp(os.read(descriptor, MAX_STAMP)) or self._memory.get(self._name)
        except OSError:
            return self._memory.get(self._name)
        finally:
            os.close(descriptor)

    def known_hash(self, registered: str | None) -> str | None:
        """Return the registered hash, or for an unpinned entry the one of its first use."""
        if registered is not None:
            return registered
        stamp = self.stamp()
        return stamp.hash if stamp else None

    def is_warm(self, known_hash: str | None) -> bool:
        """Say whether the file is there and was verified: one stat, one small read, no hash.

        Raises
        ------
        CacheError
            If something that is not a regular file has the name.
        """
        status = self.status()
        if status is None:
            return False
        stamp = self.stamp()
        if stamp is not None and not stamp.matches(status):
            stamp = self._memory.get(self._name)  # newer, where the disk does not take stamps
        return (
            stamp is not None
            and (known_hash is None or known_hash == stamp.hash)
            and stamp.matches(status)
        )

    def status(self) -> os.stat_result | None:
        """Return the file's status, or None where there is no file.

        Raises
        ------
        CacheError
            If something that is not a regular file has the name.
        """
        try:
            status = os.lstat(self.final)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        if not stat.S_ISREG(status.st_mode):
            raise _in_the_way(self.final, status)
        return status

    def check(
        self, registered: str | None, on_progress: Callable[[int], None] | None = None
    ) -> str | None:
        """Hash the file and stamp it if it is right; return its hash, or None if it is absent.

        An unpinned file that was never stamped is taken as it is: that is its first use.
        ``told`` takes the bytes hashed, by and by; what it raises ends the check.
        """
        from .hashing import hash_of

        before = self.status()
        if before is None:
            return None
        try:
            kind = kind_of(self.known_hash(registered))
            actual = hash_of(self.final, kind, on_progress)
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        after = self.status()
        known = self.known_hash(registered)
        unmoved = after is not None and _signature(before) == _signature(after)
        if known in (None, actual) and unmoved:
            self._put_stamp(actual, before)
        return actual

    # --- writing ------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Make the folders that the file and our state go into, never through a symbolic link.

        Raises
        ------
        CacheError
            If they cannot be made or written to.
        """
        try:
            if not os.path.lexists(self._root + os.sep + CACHEDIR_TAG):
                self._make_root()
            try:
                self._make_all()
            except FileNotFoundError:  # somebody clears away empty folders meanwhile
                self._make_all()
        except OSError as error:
            raise as_cache_error(error, error.filename or self._root) from error
        if not os.access(self._state, os.W_OK | os.X_OK):
            denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise as_cache_error(denied, self._state)

    def _make_all(self) -> None:
        self._make_folders(self._name.split("/")[:-1])
        self._make_state()

    def _make_state(self) -> None:
        self._make_folders([STATE_FOLDER, *self._name.split("/")])

    def _make_folders(self, parts: list[str]) -> None:
        path = self._root
        for part in parts:
            path = f"{path}{os.sep}{part}"
            make_folder(path)

    def _make_root(self) -> None:
        root = Path(self._root)
        root.mkdir(parents=True, exist_ok=True)
        # A shared cache whose owner made only the folders writable can do without.
        with suppress(FileExistsError, PermissionError):
            _write_new(root / CACHEDIR_TAG, TAG)

    def publish(self, part: Path, actual: str) -> None:
        """Give the verified bytes their final name, in one step; then stamp and tidy up."""
        try:
            self.status()
            place = os.fspath(part).removeprefix(self._root + os.sep)
            *folders, name = place.split(os.sep)  # noqa: PTH206 - 20 times as fast
            with Folder(self._root, *folders) as source, self._home() as home:
                # Before the rename: who changes the file once it is public is not vouched for.
                status = source.lstat(name)
                source.move(name, home, self._last)
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        self._put_stamp(actual, status)

    def set_aside(self) -> Path:
        """Move a damaged file out of the way, to be kept until it is replaced; return where."""
        try:
            with self._home() as home, self._ours() as ours:
                home.move(self._last, ours, "damaged")
        except FileNotFoundError:
            pass
        except IsADirectoryError as error:
            raise as_cache_error(error, self.damaged) from error
        except OSError as error:
            raise as_cache_error(error, self.final) from error
        return self.damaged

    @property
    def _last(self) -> str:
        return self._name.rpartition("/")[2]

    def _home(self) -> Folder:
        """Open the folder that the file is in; again, if it has been cleared away."""
        parts = self._name.split("/")[:-1]
        try:
            return Folder(self._root, *parts)
        except FileNotFoundError:
            self._make_folders(parts)
            return Folder(self._root, *parts)

    def _ours(self) -> Folder:
        """Open our folder for this key."""
        return Folder(self._root, STATE_FOLDER, *self._name.split("/"))

    def _put_stamp(self, actual: str, status: os.stat_result) -> None:
        stamp = Stamp(actual, status.st_size, status.st_mtime_ns, status.st_ino)
        try:
            if not os.path.lexists(self._state):  # a file that was brought by hand
                self._make_state()
            with self._ours() as ours:
                _tidy(ours)  # first: a kill before the stamp leads here again, one after does not
                _write_stamp(ours, " ".join(map(str, stamp)) + "\n")
        except OSError:
            self._memory[self._name] = stamp
        else:
            self._memory.pop(self._name, None)


def _tidy(ours: Folder) -> None:
    """Remove what a verified file makes useless, and what killed processes left."""
    for name in ours.names():
        if name not in ("stamp", "lock"):
            with suppress(OSError):
                ours.unlink(name)


def _write_stamp(ours: Folder, text: str) -> None:
    fresh = f"{os.getpid():x}-{os.urandom(4).hex()}.fresh"
    try:
        with ours.create(fresh) as file:
            file.write(text.encode("ascii"))
        ours.move(fresh, ours, "stamp")
    except OSError:
        with suppress(OSError):
            ours.unlink(fresh)
        raise


def _as_stamp(data: bytes) -> Stamp | None:
    words = data.split()
    try:
        stamp = Stamp(words[0].decode("ascii"), int(words[1]), int(words[2]), int(words[3]))
    except (ValueError, IndexError):
        return None
    return stamp if as_hash(stamp.hash) == stamp.hash else None


def _write_new(path: Path, text: str) -> None:
    with open_nofollow(path, os.O_RDWR | os.O_CREAT | os.O_EXCL) as file:
        file.write(text.encode("ascii"))


def make_folder(path: str) -> None:
    """Make a folder, unless it is there; never take a link for one."""
    try:
        os.mkdir(path)  # noqa: PTH102
    except FileExistsError:
        status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            raise _in_the_way(path, status) from None


def _in_the_way(path: str, status: os.stat_result) -> CacheError:
    if stat.S_ISLNK(status.st_mode):
        code = errno.ELOOP
    elif stat.S_ISDIR(status.st_mode):
        code = errno.EISDIR
    else:
        code = errno.ENOTDIR
    return as_cache_error(OSError(code, os.strerror(code)), path)


def _signature(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_size, status.st_mtime_ns, status.st_ino
