"""Find the files to import: ordinary files, and members of zip archives."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from .._cache.copying import hash_stream
from .._cache.hashing import Digests, hash_file
from .._files import open_nofollow
from .._registry.names import STATE_FOLDER
from .misfits import JOIN, is_split
from .zip_archive import Archive, ArchiveError, Checked, Member, looks_like_zip

Refuse = Callable[[str, str], None]  # what, why


class Candidate(NamedTuple):
    """One file that could be a recording.

    Attributes
    ----------
    label : str
        What people call it: the path, and the path inside the archive.
    path : str
        The path of which folders and name say something, with ``/`` between them.
    size : int
        Bytes; as declared, for one in an archive.
    file : Path or None
        An ordinary file.
    origin : str
        The label of the file on disk: its own, or its archive's.
    named : bool
        Whether somebody named that file, and not a folder that it is in.
    archive : Archive or None
    member : Member or None
    """

    label: str
    path: str
    size: int
    file: Path | None
    origin: str
    named: bool
    archive: Archive | None = None
    member: Member | None = None

    @property
    def basename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    @contextmanager
    def unpacked(self) -> Iterator[Checked]:
        """Open one in an archive."""
        assert self.archive is not None
        assert self.member is not None
        with self.archive as archive:
            yield archive.open(self.member)

    def hashes(self, kinds: Iterable[str]) -> dict[str, str]:
        """Return the hashes of its bytes by their kinds; nothing is written for that."""
        digests = Digests(kinds)
        if self.file is not None:
            hash_file(self.file, digests)
        else:
            with self.unpacked() as stream:
                hash_stream(stream, digests)
        return digests.hashes()


def found_under(paths: Sequence[str | os.PathLike[str]], refuse: Refuse) -> Iterator[Candidate]:
    """Return the candidates under some paths: files, folders, archives.

    A path that was named may be a symbolic link; one that was found is not followed.

    Parameters
    ----------
    paths : sequence of path
    refuse : callable
        Takes what is left out, and why.
    """
    for path in paths:
        label = os.fspath(path)
        try:
            real = Path(path).expanduser().resolve(strict=True)
        except (OSError, RuntimeError, ValueError) as error:
            refuse(label, _why(error))
        else:
            yield from _under(real, label, refuse)


def _under(path: Path, label: str, refuse: Refuse) -> Iterator[Candidate]:
    named = label
    waiting = [(path, label)]  # and no recursion: folders may be nested deeper than calls
    while waiting:
        path, label = waiting.pop()
        try:
            mode = path.lstat().st_mode
            if stat.S_ISDIR(mode):
                waiting += _inside(path, label)
            elif stat.S_ISREG(mode):
                yield from _of_file(path, label, named=label == named)
            elif stat.S_ISLNK(mode):
                refuse(label, "is a symbolic link, and not followed")
            else:
                refuse(label, "is not a file (a pipe, a socket or a device)")
        except (OSError, ArchiveError) as error:
            refuse(label, _why(error))


def _inside(folder: Path, label: str) -> list[tuple[Path, str]]:
    """Return what is in a folder, the first one last, with labels as the user wrote them."""
    names = sorted(os.listdir(folder), reverse=True)  # noqa: PTH208
    return [(folder / name, os.path.join(label, name)) for name in names if name != STATE_FOLDER]  # noqa: PTH118


def _of_file(path: Path, label: str, *, named: bool) -> Iterator[Candidate]:
    with open_nofollow(path, os.O_RDONLY) as file:
        size = os.fstat(file.fileno()).st_size
        is_archive = looks_like_zip(file, path.name)
    yield Candidate(label, path.as_posix(), size, path, label, named)
    if is_archive:
        if is_split(path):
            raise ArchiveError(JOIN)
        with Archive(path) as archive:
            for member in archive.members():
                inside = f"{label}/{member.path}"
                known = inside, member.path, member.size, None, label, named
                yield Candidate(*known, archive, member)


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    return getattr(error, "strerror", None) or str(error)
