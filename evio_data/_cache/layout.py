"""The folders of a cache: made, looked at and flushed, and never through somebody's link."""

import errno
import os
import re
import stat
from contextlib import suppress
from pathlib import Path

from .._files import as_cache_error, flush_folder, open_nofollow, write_all
from .._registry.names import STATE_FOLDER
from ..errors import CacheError

_IN_FOLDERS = {os.open, os.mkdir, os.stat} <= os.supports_dir_fd
_HOLD = getattr(os, "O_PATH", os.O_RDONLY) | getattr(os, "O_DIRECTORY", 0)
_HOLD |= getattr(os, "O_CLOEXEC", 0)
_IS_OURS = re.compile(re.escape(STATE_FOLDER) + r"(?:-\d+)?").fullmatch  # -1000: of one user
CACHEDIR_TAG = "CACHEDIR.TAG"
TAG = (
    "Signature: 8a477f597d28d172789f06886806bc55\n"
    "# This file is a cache directory tag, for programs that make back-ups.\n"
    "# See https://bford.info/cachedir/\n"
)


def make_root(path: str) -> None:
    """Make a cache, if it is none yet."""
    if os.path.lexists(path + os.sep + CACHEDIR_TAG):
        return
    root = Path(path)
    missing = [folder for folder in (root, *root.parents) if not os.path.lexists(folder)]
    root.mkdir(parents=True, exist_ok=True)
    for folder in missing:
        flush_folder(folder.parent)
    # A shared cache whose owner made only the folders writable can do without.
    with (
        suppress(FileExistsError, PermissionError),
        open_nofollow(root / CACHEDIR_TAG, os.O_RDWR | os.O_CREAT | os.O_EXCL) as file,
    ):
        write_all(file, TAG.encode("ascii"))


def make_folders(root: str, parts: list[str]) -> bool:
    """Make the folders below a root that are not there; say whether the last one was not.

    Each is made in the one before it, held open: who puts a link in its place meanwhile leads
    nobody elsewhere.

    Raises
    ------
    CacheError
        If what is no folder is in the way.
    OSError
        If one cannot be made; it names the whole path.
    """
    path, is_new = root, False
    outer = os.open(root, _HOLD) if _IN_FOLDERS and parts else None
    try:
        for number, part in enumerate(parts, start=1):
            path = f"{path}{os.sep}{part}"
            is_new = _is_made(path, outer)
            if outer is not None and number < len(parts):
                inner = os.open(part, _HOLD | os.O_NOFOLLOW, dir_fd=outer)
                os.close(outer)
                outer = inner
    except CacheError:
        raise
    except OSError as error:
        error.filename = path  # not only its last part
        raise
    finally:
        if outer is not None:
            os.close(outer)
    return is_new


def _is_made(path: str, outer: int | None) -> bool:
    """Make a folder, in an open one if there is one; say no where it was there."""
    place = path if outer is None else path.rpartition(os.sep)[2]
    try:
        status = os.stat(place, dir_fd=outer, follow_symlinks=False)
    except FileNotFoundError:
        with suppress(FileExistsError):  # somebody else was faster
            os.mkdir(place, dir_fd=outer)
            return True
        status = os.stat(place, dir_fd=outer, follow_symlinks=False)
    if not stat.S_ISDIR(status.st_mode):
        raise in_the_way(path, status)
    return False


def make_again(folder: str) -> None:
    """Make one of our own folders that somebody has cleared away, and those it is in.

    Raises
    ------
    OSError
        If that cannot be done; also where a link has taken the place of one of them.
    """
    names = folder.split(os.sep)  # noqa: PTH206 - text from end to end
    # The last of that name: a whole cache may be in a folder that somebody called like it.
    ours = max((n for n, name in enumerate(names) if _IS_OURS(name)), default=len(names))
    root = os.sep.join(names[:ours])  # noqa: PTH118
    Path(root).mkdir(parents=True, exist_ok=True)
    make_folders(root, names[ours:])


def flush_up(folder: str, root: str) -> None:
    """Put the names in a folder, and of the folders from a root down to it, on the disk."""
    path, top = Path(folder), Path(root).parent
    for each in (path, *path.parents):
        flush_folder(each)
        if each == top:
            return


def status_of(path: str, root: str) -> os.stat_result | None:
    """Return the status of a file, read through a link that can be trusted; None for nothing.

    Raises
    ------
    CacheError
        If something that is not a regular file has the name.
    """
    try:
        status = os.lstat(path)
        if stat.S_ISLNK(status.st_mode) and _is_trusted(root, status):
            with suppress(FileNotFoundError):
                status = os.stat(path)  # noqa: PTH116
    except FileNotFoundError:
        return None
    except OSError as error:
        raise as_cache_error(error, path) from error
    except UnicodeEncodeError as error:
        raise cannot_be_spelled(error.encoding) from error
    if not stat.S_ISREG(status.st_mode):
        raise in_the_way(path, status)
    return status


def _is_trusted(root: str, link: os.stat_result) -> bool:
    """Say whether a link is the user's, the system's, or of whoever has the cache.

    In a cache that others may write to, anybody could make one that leads anywhere.
    """
    if not hasattr(os, "geteuid"):
        return True
    return link.st_uid in (os.geteuid(), 0, os.stat(root).st_uid)  # noqa: PTH116


def readable(path: str) -> str:
    """Return where the bytes of a file are: behind a link, where it leads to."""
    return os.path.realpath(path) if os.path.islink(path) else path  # noqa: PTH114


def in_the_way(path: str, status: os.stat_result) -> CacheError:
    """Return the error for something that is not what should be there."""
    if stat.S_ISLNK(status.st_mode):
        code = errno.ELOOP
    elif stat.S_ISDIR(status.st_mode):
        code = errno.EISDIR
    else:
        code = errno.ENOTDIR
    return as_cache_error(OSError(code, os.strerror(code)), path)


def cannot_be_spelled(encoding: str) -> CacheError:
    """Return the error for a name that files cannot have here."""
    return CacheError(
        f"this system's locale ({encoding}) has no spelling for the name.",
        advice="Set another one, as in LC_ALL=C.UTF-8, or PYTHONUTF8=1.",
    )
