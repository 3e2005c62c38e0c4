"""Paths in, the files that could be recordings out: ordinary ones, and those in zip archives."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, NamedTuple, Self

from ._archive import Archive, ArchiveError, Checked, Member, looks_like_zip
from ._disk import open_nofollow
from ._registry import STATE_FOLDER

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
    archive : Archive or None
    member : Member or None
    """

    label: str
    path: str
    size: int
    file: Path | None
    archive: Archive | None = None
    member: Member | None = None

    @property
    def basename(self) -> str:
        """The last part of the path."""
        return self.path.rpartition("/")[2]

    def stream(self) -> Checked:
        """Return the unpacked bytes of one in an archive."""
        assert self.archive is not None
        assert self.member is not None
        return self.archive.open(self.member)


class Search:
    """Finds candidates; archives stay open until the search is closed.

    Parameters
    ----------
    refuse : callable
        Takes what is left out, and why.
    """

    def __init__(self, refuse: Refuse) -> None:
        self._refuse = refuse
        self._open = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def under(self, paths: Sequence[str | os.PathLike[str]]) -> Iterator[Candidate]:
        """Return the candidates under some paths: files, folders, archives.

        A path that was named may be a symbolic link; one that was found is not followed.
        """
        for path in paths:
            label = os.fspath(path)
            try:
                real = Path(path).expanduser().resolve(strict=True)
                status = real.lstat()
            except (OSError, RuntimeError, ValueError) as error:
                self._refuse(label, _why(error))
                continue
            yield from self._entry(real, label, status.st_mode)

    def _entry(self, path: Path, label: str, mode: int) -> Iterator[Candidate]:
        if stat.S_ISDIR(mode):
            yield from self._folder(path, label)
        elif stat.S_ISREG(mode):
            yield from self._file(path, label)
        elif stat.S_ISLNK(mode):
            self._refuse(label, "is a symbolic link, and not followed")
        else:
            self._refuse(label, "is not a file (a pipe, a socket or a device)")

    def _folder(self, folder: Path, label: str) -> Iterator[Candidate]:
        try:
            inside = sorted(folder.iterdir())
        except OSError as error:
            self._refuse(label, _why(error))
            return
        for path in inside:
            if path.name == STATE_FOLDER:
                continue
            below = os.path.join(label, path.name)  # noqa: PTH118 - as the user wrote it
            try:
                mode = path.lstat().st_mode
            except OSError as error:
                self._refuse(below, _why(error))
                continue
            yield from self._entry(path, below, mode)

    def _file(self, path: Path, label: str) -> Iterator[Candidate]:
        try:
            with open_nofollow(path, os.O_RDONLY) as file:
                size = os.fstat(file.fileno()).st_size
                is_archive = looks_like_zip(file, path.name)
        except OSError as error:
            self._refuse(label, _why(error))
            return
        yield Candidate(label, path.as_posix(), size, path)
        if is_archive:
            yield from self._members(path, label)

    def _members(self, path: Path, label: str) -> Iterator[Candidate]:
        try:
            archive = Archive(self._kept(path))
            members = list(archive.members())
        except (ArchiveError, OSError) as error:
            self._refuse(label, _why(error))
            return
        for member in members:
            yield Candidate(
                f"{label}/{member.path}", member.path, member.size, None, archive, member
            )

    def _kept(self, path: Path) -> BinaryIO:
        return self._open.enter_context(open_nofollow(path, os.O_RDONLY))


def _why(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "does not exist"
    return getattr(error, "strerror", None) or str(error)
