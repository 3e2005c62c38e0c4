"""Deliver a download to the file or stream that pooch named."""

import errno
import hashlib
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from .._cache.layout import make_folders
from .._files import as_cache_error, copy_all, open_nofollow
from .._registry.names import STATE_FOLDER
from .._registry.registry import Entry
from .._settings import default_cache_dir, expanded, from_environment
from ..errors import CacheError
from .folder_lock import SharedFolderLock

Output = str | os.PathLike[str] | BinaryIO

CACHEDIR_TAG = "CACHEDIR.TAG"
URL_DIGITS = 32  # of a URL's hash: enough that no two URLs share a partial


class Delivery:
    """A place in somebody else's folder: only what was cut is kept, under the URL's hash.

    pooch moves what it was given to a name that we are not told. So two processes that want the
    same URL at once come one after the other, and each downloads for itself.
    """

    pins = False
    is_new = False

    def __init__(self, base: str, entry: Entry, output: Output) -> None:
        self.fault: Exception | None = None  # of the caller's own file
        self._presence: SharedFolderLock | None = None
        self._root = os.path.abspath(base)  # noqa: PTH100
        self._name = hashlib.sha256(entry.url.encode()).hexdigest()[:URL_DIGITS]
        self._top = STATE_FOLDER
        self.final = str(self.state / "output")
        self._file = output if not isinstance(output, str | os.PathLike) else None
        if isinstance(output, str | os.PathLike):
            self.final = os.path.realpath(output)  # a link stays one, as with open()

    @property
    def path(self) -> Path:
        """Where the file goes, if it goes to a path."""
        return Path(self.final)

    @property
    def state(self) -> Path:
        """Our folder for this URL."""
        return Path(self._root, self._top, self._name)

    def known_hash(self, published: str | None) -> str | None:
        """Return the published hash: a first use is not remembered here."""
        return published

    def set_aside(self) -> Path:
        """Leave what is there: pooch has already decided to replace it."""
        return self.path

    def prepare(self) -> None:
        """Make our folder in theirs; beside one of a stranger's, under another name."""
        try:
            Path(self._root).mkdir(parents=True, exist_ok=True)
            self._presence = self._presence or SharedFolderLock(self._root)
            usable = self._has_made_folder()
            if not usable and hasattr(os, "geteuid"):
                self._top = f"{STATE_FOLDER}-{os.geteuid()}"
                usable = self._has_made_folder()
        except OSError as error:
            raise as_cache_error(error, self.state) from error
        if not usable:
            denied = PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            raise as_cache_error(denied, self.state)
        if self._file is not None:
            self.final = str(self.state / "output")

    def _has_made_folder(self) -> bool:
        """Make our folder, if it is not there; say whether we can use it."""
        try:
            make_folders(self._root, [self._top, self._name])
        except PermissionError:
            return False
        return os.access(self.state, os.W_OK | os.X_OK) and not self._is_strangers()

    def _is_strangers(self) -> bool:
        """Say whether anybody may have put our folder here: no hash need show what is in it."""
        if not hasattr(os, "geteuid") or not Path(self._root).stat().st_mode & stat.S_IWOTH:
            return False
        owners = {folder.lstat().st_uid for folder in (self.state.parent, self.state)}
        return not owners <= {os.geteuid(), 0}

    def publish(self, part: Path, actual: str) -> None:
        """Hand the bytes over: by a rename where that is possible."""
        if self._file is not None:
            self._write(part, self._file)
            return
        try:
            _move(part, self.final)
        except OSError as error:
            raise as_cache_error(error, self.final) from error

    def _write(self, part: Path, output: BinaryIO) -> None:
        try:
            with part.open("rb") as file:
                copy_all(file, output)
            output.flush()
        except Exception as error:
            self.fault = error
            raise

    def tidy(self) -> None:
        """Remove our folders if they are empty, and nobody else is about to use them."""
        if self._presence is None:
            return
        if self._presence.is_exclusive():
            # Of others in this process too, who were not alone when they left.
            for folder in self.state.parent.glob("[0-9a-f]" * URL_DIGITS):
                with suppress(OSError):
                    folder.rmdir()
            is_cache_of_ours = Path(self._root, CACHEDIR_TAG).exists()
            with suppress(OSError):
                if self._top != STATE_FOLDER or not is_cache_of_ours:
                    self.state.parent.rmdir()
        self._presence.release()


def place_for(
    entry: Entry, output: Output, pooch: Any, *, kind: type[Delivery] = Delivery
) -> Delivery:
    """Return the delivery, with its partial in the first folder that takes one."""
    if isinstance(output, str | os.PathLike):
        _check_folder(os.path.dirname(os.path.realpath(output)))  # noqa: PTH120
    refused: CacheError | None = None
    for base in _bases(output, pooch):
        place = kind(base, entry, output)
        try:
            place.prepare()
        except CacheError as error:
            place.tidy()
            refused = refused or error
        else:
            _drop_placeholder(place.final)
            return place
    assert refused is not None  # there is always a base
    raise refused


def _bases(output: Output, pooch: Any) -> Iterator[str]:
    if pooch is not None:
        yield str(pooch.abspath)
    if isinstance(output, str | os.PathLike):
        yield os.path.dirname(os.path.realpath(output))  # noqa: PTH120
    own = from_environment().cache_dir
    yield os.path.abspath(expanded(own, "EVIO_DATA_DIR")) if own else default_cache_dir()  # noqa: PTH100


def _check_folder(folder: str) -> None:
    """Refuse an output in a folder that is not there, as open() does: it may be a slip."""
    if not os.path.isdir(folder):  # noqa: PTH112
        raise as_cache_error(FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT)), folder)


def _drop_placeholder(path: str) -> None:
    """Remove pooch's empty temporary file until there are bytes for it: a kill would leave it."""
    with suppress(OSError):
        status = os.lstat(path)
        is_theirs = os.path.basename(path).startswith(tempfile.gettempprefix())  # noqa: PTH119
        if is_theirs and stat.S_ISREG(status.st_mode) and not status.st_size:
            os.unlink(path)  # noqa: PTH108


def is_special(path: str | os.PathLike[str]) -> bool:
    """Say whether a path is a device or a pipe, to be written to and never replaced."""
    return os.path.exists(path) and not os.path.isfile(path)  # noqa: PTH110, PTH113


def _move(part: Path, target: str) -> None:
    try:
        part.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy(part, target)


def _copy(part: Path, target: str) -> None:
    fresh = Path(target).with_name(f".{os.urandom(8).hex()}.part")
    try:
        with (
            part.open("rb") as file,
            open_nofollow(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL) as to,
        ):
            copy_all(file, to)
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
