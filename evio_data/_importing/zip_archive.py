"""Read the members of a zip archive as streams; nothing is unpacked by its path."""

import os
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, BinaryIO, NamedTuple, Self

from .._files import open_nofollow

MAX_RATIO = 1000  # unpacked to packed bytes; deflate itself ends at 1032, and recordings at 20
HARMLESS = 16 * 1024 * 1024  # bytes that may come out of any number of packed ones
MAX_DIRECTORY = 32 * 1024 * 1024  # bytes that tell what is in an archive: some 400,000 files
# Of the others, zipfile unpacks a whole block at once: some KB of bzip2 become gigabytes.
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_FAULTS = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,  # zipfile's own, of a compression method that it does not know
    RuntimeError,  # a password
    struct.error,
    UnicodeError,
    ValueError,
    OverflowError,
    LookupError,
)


class ArchiveError(Exception):
    """The archive, or one file in it, cannot be read; the message says why."""


class Member(NamedTuple):
    """One file in an archive.

    Attributes
    ----------
    path : str
        As the archive has it; good for comparing, not for opening anything.
    size : int
        Bytes unpacked, as declared: a longer one is cut off with an error.
    refusal : str
        Why it must not be read; empty if it may.
    """

    path: str
    size: int
    refusal: str
    info: zipfile.ZipInfo


class Archive:
    """A zip archive, open while somebody is in its ``with``, one inside another or again.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entered = 0
        self._budget: int | None = None

    def __enter__(self) -> Self:
        """Open it.

        Raises
        ------
        ArchiveError
            If it is not a zip archive, or a truncated one.
        """
        if not self._entered:
            self._file = open_nofollow(self._path, os.O_RDONLY)
            try:
                self._read()
            except BaseException:
                self._file.close()
                raise
        self._entered += 1
        return self

    def __exit__(self, *_: object) -> None:
        self._entered -= 1
        if not self._entered:
            del self._zip
            self._file.close()

    def _read(self) -> None:
        if self._budget is None:
            # Members may overlap: what all of them may unpack to is bounded, too.
            self._budget = max(HARMLESS, MAX_RATIO * self._file.seek(0, os.SEEK_END))
        try:
            self._zip = zipfile.ZipFile(_BoundedReader(self._file))
        except OSError:
            raise
        except _FAULTS as error:
            raise ArchiveError("is a truncated or damaged archive") from error

    def members(self) -> Iterator[Member]:
        """Return the files in it; folders are left out."""
        for info in self._zip.infolist():
            if not info.is_dir():
                yield Member(info.filename, info.file_size, _refusal(info), info)

    def open(self, member: Member) -> "Checked":
        """Return a file's bytes as a stream; its end is reached only if the check sum is right.

        Raises
        ------
        ArchiveError
            If it cannot be read.
        """
        assert self._budget is not None
        self._budget -= member.size
        if self._budget < 0:
            raise ArchiveError("is in an archive that unpacks to more than a thousandfold")
        try:
            return Checked(self._zip.open(member.info))
        except OSError:
            raise
        except _FAULTS as error:
            raise ArchiveError(_words(error)) from error


class _BoundedReader:
    """An archive's file of which no more than a directory is read at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def read(self, size: int = -1, /) -> bytes:
        """Read as asked: zipfile would read a directory of any length, and keep all of it."""
        if size > MAX_DIRECTORY:
            raise ArchiveError("is an archive of too many files: unpack it, and import the folder")
        return self._file.read(size)


class Checked:
    """The stream of one file, with the faults of its archive as one kind of error."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes; none at the end.

        Raises
        ------
        ArchiveError
            If the archive is damaged here.
        """
        try:
            return self._stream.read(size)
        except OSError:
            raise
        except _FAULTS as error:
            raise ArchiveError(_words(error)) from error


def looks_like_zip(file: BinaryIO, name: str) -> bool:
    """Say whether a file is meant to be a zip archive, by its name or its first bytes."""
    file.seek(0)
    start = file.read(4)
    file.seek(0)
    return name.lower().endswith(".zip") or start in (b"PK\x03\x04", b"PK\x05\x06")


def _refusal(info: zipfile.ZipInfo) -> str:
    """Return why a file must not be read, or nothing."""
    mode = info.external_attr >> 16 if info.create_system == 3 else 0
    if mode and stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a symbolic link" if stat.S_ISLNK(mode) else "is a special file"
    if _leads_out(info.orig_filename):
        return "has a path that leads out of the archive"
    if info.flag_bits & 0x1:
        return _ENCRYPTED
    if info.compress_type not in _READ:
        return _UNKNOWN_METHOD
    if info.file_size > max(HARMLESS, MAX_RATIO * info.compress_size):
        return f"claims to unpack to {info.file_size:,} bytes from {info.compress_size:,}"
    return ""


def _leads_out(path: str) -> bool:
    parts = path.replace("\\", "/").split("/")
    return ".." in parts or not parts[0] or ":" in parts[0] or "\0" in path


def _words(error: Exception) -> str:
    if isinstance(error, NotImplementedError):  # zipfile's own, see above
        return _UNKNOWN_METHOD
    if isinstance(error, RuntimeError):
        return _ENCRYPTED
    return "is damaged in the archive"


_ENCRYPTED = "is encrypted: unpack it yourself, and import the folder"
_UNKNOWN_METHOD = (
    "is packed by a method that is not read here (Windows uses one above 2 GB): "
    "unpack it, for instance with 7-Zip, and import the folder"
)
