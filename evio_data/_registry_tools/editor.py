"""Edit a registry line by line, and keep everything else byte for byte."""

import errno
import os
import re
import shlex
from bisect import bisect
from typing import NamedTuple

from .._drive.links import FileLink, folder_link
from .._files import write_atomically
from .._registry.parser import UNPINNED, load, parse
from .._registry.registry import Entry, RegistryIndex
from .._text import clean
from ..errors import EvioDataError


class RegistryEditor:
    """The lines of a registry file.

    Parameters
    ----------
    text : str or bytes
    source : str
        Its path, for messages.

    Raises
    ------
    RegistryError
        At the first line that breaks a rule of ``registry.txt``.
    """

    def __init__(self, text: str | bytes, *, source: str = "registry.txt") -> None:
        self.source = source
        self._registry: RegistryIndex | None = parse(text, source=source)
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        self._lines = text.split("\n")
        if self._lines[-1] == "":
            self._lines.pop()
        self._end = "\r" if self._lines and self._lines[0].endswith("\r") else ""

    def __str__(self) -> str:
        return "".join(f"{line}\n" for line in self._lines)

    @property
    def registry(self) -> RegistryIndex:
        """What the lines say now."""
        if self._registry is None:
            self._registry = parse(str(self))
        return self._registry

    @property
    def entries(self) -> list[Entry]:
        """The entries, in their order."""
        return list(self.registry.entries.values())

    @property
    def folder(self) -> FileLink | None:
        """The Drive folder that a ``# folder:`` comment remembers."""
        for line in self._lines:
            match = _FOLDER(line.strip())
            if match and (link := folder_link(match[1])) is not None:
                return link
        return None

    def remember_folder(self, url: str) -> None:
        """Add a ``# folder:`` comment as the first line."""
        self._lines.insert(0, f"# folder: {url}{self._end}")
        self._registry = None

    def complete(self, entry: Entry, *, known_hash: str | None, size: int | None) -> Entry:
        """Write the hash and the size of an entry where it has none, and return what it is now."""
        wanted = entry._replace(
            hash=entry.hash or known_hash, size=entry.size if entry.size is not None else size
        )
        if wanted == entry:
            return entry
        if wanted.size is not None:
            wanted = wanted._replace(about=None)  # the exact size takes its place
        old = self._lines[entry.line - 1]
        match = _COLUMNS(old)
        if match and "'" not in match[3] + match[5] and '"' not in match[3] + match[5]:
            new = f"{match[1]}{match[2]}{_hash(wanted)}{match[4]}{_url(wanted)}{match[6]}"
        else:
            new = line_of(wanted) + self._end
        self._lines[entry.line - 1] = new
        self._registry = None
        return wanted

    def insert(self, entries: list[Entry]) -> None:
        """Add lines: each in its place if the file is sorted by name, else at the end."""
        present = self.entries
        names = [entry.name for entry in present]
        end = max((entry.line for entry in present), default=len(self._lines))
        is_sorted = names == sorted(names)
        places: dict[int, list[str]] = {}
        for entry in sorted(entries, key=lambda entry: entry.name):
            place = end
            if is_sorted and (at := bisect(names, entry.name)) < len(names):
                # After its predecessor, so that comments stay with the line that they are above.
                place = present[at - 1].line if at else present[0].line - 1
            places.setdefault(place, []).append(line_of(entry) + self._end)
        for place in sorted(places, reverse=True):
            self._lines[place:place] = places[place]
        self._registry = None


def line_of(entry: Entry) -> str:
    """Return the line of an entry; blanks and what else a shell would read are quoted.

    >>> line_of(Entry("fan 1.raw", None, "https://a.org/1", 5))
    "'fan 1.raw' unpinned https://a.org/1#size=5"
    """
    return f"{shlex.quote(entry.name)} {_hash(entry)} {_url(entry)}"


def _hash(entry: Entry) -> str:
    return entry.hash or UNPINNED


def _url(entry: Entry) -> str:
    url = entry.url
    if entry.size is not None:
        url += f"#size={entry.size}"
    elif entry.about is not None:
        url += f"#about={entry.about}"
    return shlex.quote(url) if set(url) & set("'\"\\") else url


# --- the file ---------------------------------------------------------------------------------


class File(NamedTuple):
    """A registry file: where it is, and its text (None: there is no such file yet)."""

    path: str
    text: RegistryEditor | None


def read(path: str) -> File:
    """Return a registry file as it is now.

    Raises
    ------
    RegistryError
        If it cannot be read, or breaks a rule.
    """
    try:
        with open(path, "rb") as file:  # noqa: PTH123
            data = file.read()
    except FileNotFoundError:
        return File(path, None)
    except (OSError, ValueError):
        load(path)  # says what is wrong
        raise
    return File(path, RegistryEditor(data, source=path))


def write(path: str, text: str) -> None:
    """Put a text in the place of a file in one step, with the modes that the umask says.

    Raises
    ------
    EvioDataError
        If it cannot be written; then the old file is as it was.
    """
    path = os.path.realpath(path)  # behind a link: the file it leads to
    try:
        write_atomically(path, text.encode())
    except OSError as error:
        raise _cannot_write(path, error.strerror or str(error)) from error


def refuse_unwritable(path: str) -> None:
    """Refuse a place that `write` could not write to, before there is a text for it.

    Raises
    ------
    EvioDataError
        If its folder is not there, or not to be written to.
    """
    path = os.path.realpath(path)
    folder = os.path.dirname(path)  # noqa: PTH120
    if not os.access(folder, os.W_OK | os.X_OK):
        code = errno.EACCES if os.path.lexists(folder) else errno.ENOENT
        raise _cannot_write(path, os.strerror(code))


def _cannot_write(path: str, why: str) -> EvioDataError:
    advice = "Name a file in a folder of yours."
    return EvioDataError(f"cannot write {clean(path)}: {why}.", advice=advice)


_FOLDER = re.compile(r"#\s*folder:\s*(\S+)").fullmatch
_COLUMNS = re.compile(r"(.*\S)([ \t]+)(\S+)([ \t]+)(\S+)([ \t\r]*)").fullmatch
