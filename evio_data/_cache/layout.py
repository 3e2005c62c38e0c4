"""The folders of a cache: made, looked at and flushed, and never through somebody's link."""

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from .._files import as_cache_error, flush_folder, open_nofollow, write_all
from ..errors import CacheError

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

    Raises
    ------
    CacheError
        If what is no folder is in the way.
    """
    path, is_new = root, False
    for part in parts:
        path = f"{path}{os.sep}{part}"
        try:
            status, is_new = os.lstat(path), False
        except FileNotFoundError:
            is_new = _made(path)
            if is_new:
                continue
            status = os.lstat(path)
        if not stat.S_ISDIR(status.st_mode):
            raise in_the_way(path, status)
    return is_new


def _made(path: str) -> bool:
    """Make a folder; say no where somebody else was faster."""
    try:
        os.mkdir(path)  # noqa: PTH102
    except FileExistsError:
        return False
    return True


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
