"""Registry text in, checked entries out; and a name, a basename or a glob in, the entries it means out."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from .errors import RegistryError, UnknownDatasetError

UNPINNED = "unpinned"
STATE_FOLDER = ".evio-data"  # beside the recordings; no key may live in it
MAX_PART = 200  # bytes of one part of a name: file systems take 255, our suffixes need room
MAX_NAME = 1000  # bytes of a whole name
NEAREST = 3  # suggestions that one error makes


class Entry(NamedTuple):
    """One line of a registry: a name, its known hash, and where the bytes are."""

    name: str
    sha256: str | None  # None: nobody has published one
    url: str
    size: int | None = None  # bytes, from ``#size=``
    line: int = 0  # in the registry file

    @property
    def basename(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


class RegistryFile:
    """The entries of one registry, in its order.

    Parameters
    ----------
    entries : dict of str to Entry
        By name.
    mirrors : tuple of str
        Base URLs from a ``# mirrors:`` comment.
    prefer_mirrors : bool
        Whether that comment asks for the mirrors to be tried before Drive.
    """

    def __init__(
        self,
        entries: dict[str, Entry],
        *,
        mirrors: tuple[str, ...] = (),
        prefer_mirrors: bool = False,
    ) -> None:
        self.entries = entries
        self.mirrors = mirrors
        self.prefer_mirrors = prefer_mirrors

    def find(self, name: str) -> Entry:
        """Return the entry that a key or an unambiguous basename means."""
        entry = self.entries.get(name)
        if entry is not None:
            return entry
        keys = self._by_basename.get(name, [])
        if len(keys) == 1:
            return self.entries[keys[0]]
        raise self._ambiguous(name, keys) if keys else self._unknown(name)

    def select(self, patterns: Iterable[str] = ()) -> list[Entry]:
        """Return the entries that names and globs mean, in registry order; no patterns, all."""
        if isinstance(patterns, str):
            patterns = (patterns,)
        patterns = tuple(patterns)
        if not patterns:
            return list(self.entries.values())
        wanted = {entry.name for pattern in patterns for entry in self._matching(pattern)}
        return [entry for entry in self.entries.values() if entry.name in wanted]

    def _matching(self, pattern: str) -> list[Entry]:
        if not any(character in pattern for character in "*?["):
            return [self.find(pattern)]
        matches = glob_matcher(pattern)
        found = [entry for entry in self.entries.values() if matches(entry.name)]
        if not found:
            raise self._unknown(pattern)
        return found

    @cached_property
    def _by_basename(self) -> dict[str, list[str]]:
        keys: dict[str, list[str]] = {}
        for entry in self.entries.values():
            keys.setdefault(entry.basename, []).append(entry.name)
        return keys

    def _unknown(self, name: str) -> UnknownDatasetError:
        from difflib import get_close_matches

        from ._wording import clean

        nearest = get_close_matches(name, self.entries, n=NEAREST, cutoff=0.5)
        for basename in get_close_matches(name.rpartition("/")[2], self._by_basename, n=NEAREST):
            nearest += [key for key in self._by_basename[basename] if key not in nearest]
        nearest = nearest[:NEAREST]
        advice = f"Did you mean {_either(nearest)}?" if nearest else "`evio-data list` shows all."
        error = UnknownDatasetError(f"no dataset {clean(name)!r} in the registry.", advice=advice)
        error.candidates = tuple(nearest)
        return error

    def _ambiguous(self, name: str, keys: list[str]) -> UnknownDatasetError:
        error = UnknownDatasetError(
            f"{name!r} is ambiguous: {len(keys)} datasets have this basename.",
            advice=f"Use {_either(keys)}.",
        )
        error.candidates = tuple(keys)
        return error


def glob_matcher(pattern: str) -> Callable[[str], bool]:
    """Return a test of names; a pattern without ``/`` is held against the basename too.

    >>> matches = glob_matcher("*.raw")
    >>> matches("fan/fan_const_rpm.raw"), matches("fan/fan_const_rpm.dat")
    (True, False)
    """
    import fnmatch

    match = re.compile(fnmatch.translate(pattern)).match
    if "/" in pattern:
        return lambda name: match(name) is not None
    return lambda name: match(name) is not None or match(name.rpartition("/")[2]) is not None


def load(path: str | os.PathLike[str]) -> RegistryFile:
    """Return the registry in a file; read again only when the file has changed.

    Raises
    ------
    RegistryError
        If the file cannot be read, or at the first line that breaks a rule.
    """
    path = os.fspath(path)
    try:
        status = os.stat(path)  # noqa: PTH116 - the warm path does not import pathlib
        signature = (status.st_mtime_ns, status.st_size, status.st_ino)
        known = _loaded.get(path)
        if known is not None and known[0] == signature:
            return known[1]
        with open(path, "rb") as file:  # noqa: PTH123
            text = file.read()
    except OSError as error:
        raise RegistryError(
            f"cannot read the registry {path}: {error.strerror}.",
            advice="Check the path, `--registry` and EVIO_DATA_REGISTRY.",
        ) from error
    registry = parse(text, source=path)
    _loaded[path] = (signature, registry)
    return registry


_loaded: dict[str, tuple[tuple[int, int, int], RegistryFile]] = {}


def shipped_path() -> str:
    """Return the path of the registry that comes with this package."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120
    inside = os.path.join(here, "registry.txt")  # noqa: PTH118
    if os.path.exists(inside):  # noqa: PTH110 - a wheel; an editable install has it one level up
        return inside
    return os.path.join(os.path.dirname(here), "registry.txt")  # noqa: PTH118, PTH120


def parse(data: bytes | str, *, source: str = "registry.txt") -> RegistryFile:
    """Return the registry that a text describes.

    Raises
    ------
    RegistryError
        At the first line that breaks a rule of ``registry.txt``.
    """
    entries: dict[str, Entry] = {}
    mirrors: tuple[str, ...] = ()
    prefer = False
    number = 0
    try:
        for number, line in enumerate(_text(data).split("\n"), start=1):  # noqa: B007
            if line.lstrip().startswith("#"):
                mirrors, prefer = _mirrors(line.strip()) or (mirrors, prefer)
            elif (entry := _entry(line, number)) is not None:
                if entry.name in entries:
                    raise RegistryError(f"{entry.name!r} is registered twice.")
                entries[entry.name] = entry
        _check_collisions(entries)
    except RegistryError as error:
        line_number = error.line or number
        located = RegistryError(
            f"{source}, line {line_number}: {error}", advice="Correct the registry file."
        )
        located.line = line_number
        raise located from error
    return RegistryFile(entries, mirrors=mirrors, prefer_mirrors=prefer)


def _text(data: bytes | str) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        broken = RegistryError("is not UTF-8 text.")
        broken.line = data[: error.start].count(b"\n") + 1
        raise broken from error


def _mirrors(comment: str) -> tuple[tuple[str, ...], bool] | None:
    match = re.fullmatch(r"#\s*mirrors:\s*(.*?)\s*", comment)
    if match is None:
        return None
    words = match[1].split()
    prefer = "prefer" in words
    bases = tuple(word for word in words if word not in ("prefer", "fallback"))
    for base in bases:
        if not re.match(r"[a-z][a-z0-9+]*://[^/]", base):
            raise RegistryError(f"the mirror {base!r} is not a URL.")
    return bases, prefer


def _entry(line: str, number: int) -> Entry | None:
    columns = _columns(line)
    if not columns:
        return None
    if len(columns) != 3:  # noqa: PLR2004
        raise RegistryError(f"has {len(columns)} columns; wanted: name, sha256 or unpinned, url.")
    name, known_hash, url = columns
    if not _PLAIN_NAME(name):
        check_name(name)
    sha256 = known_hash.lower()
    if sha256 == UNPINNED:
        return Entry(name, None, *_url(url), number)
    if not _SHA256(sha256):
        raise RegistryError(f"{known_hash!r} is neither 64 hex digits (SHA-256) nor 'unpinned'.")
    return Entry(name, sha256, *_url(url), number)


def _columns(line: str) -> list[str]:
    if '"' not in line and "'" not in line and "\\" not in line:
        return line.split()
    import shlex

    try:
        return shlex.split(line)
    except ValueError as error:
        raise RegistryError(f"has a broken quotation ({error}).") from error


def _url(url: str) -> tuple[str, int | None]:
    if not _URL(url):
        raise RegistryError(f"{url!r} is not an https: or http: URL.")
    base, _, fragment = url.partition("#")
    if not fragment:
        return base, None
    if not fragment.startswith("size=") or not fragment[5:].isascii() or not fragment[5:].isdigit():
        raise RegistryError(f"the fragment {'#' + fragment!r} is not #size=BYTES.")
    return base, int(fragment[5:])


def check_name(name: str) -> None:
    """Refuse a name that is not a portable relative POSIX path.

    Raises
    ------
    RegistryError
        Says which rule the name breaks.
    """
    if not name or _CONTROL(name) or not name.isprintable():
        raise RegistryError(f"the name {name!r} is empty or has control characters.")
    if "\\" in name or ":" in name:
        raise RegistryError(f"the name {name!r} has a backslash or a colon; parts are joined by /.")
    if name.startswith("/"):
        raise RegistryError(f"the name {name!r} is an absolute path.")
    if len(name.encode()) > MAX_NAME:
        raise RegistryError(f"the name {name[:40]!r}… is longer than {MAX_NAME} bytes.")
    for part in name.split("/"):
        _check_part(part, name)
    if name.split("/")[0].casefold() == STATE_FOLDER:
        raise RegistryError(f"the name {name!r} is inside {STATE_FOLDER}, which is reserved.")


def _check_part(part: str, name: str) -> None:
    if part in ("", ".", ".."):
        raise RegistryError(f"the name {name!r} has an empty part, '.' or '..'.")
    if len(part.encode()) > MAX_PART:
        raise RegistryError(f"a part of the name {name[:40]!r}… is longer than {MAX_PART} bytes.")
    if part[-1] in ". " or part[0] == " " or any(character in part for character in '<>"|?*'):
        raise RegistryError(f"the name {name!r} is not portable (blanks or dots at an end, <>\"|?*).")
    if _RESERVED(part):
        raise RegistryError(f"the name {name!r} is reserved on Windows.")


def _check_collisions(entries: dict[str, Entry]) -> None:
    folded: dict[str, str] = {}
    folders: set[str] = set()
    for name, entry in entries.items():
        key = fold(name)
        if folded.setdefault(key, name) != name:
            raise _on_line(entry, f"{name!r} and {folded[key]!r} differ only in case.")
        folders.update(_parents(key))
    for key in folders & folded.keys():
        name = folded[key]
        raise _on_line(entries[name], f"{name!r} is a file and a folder at once.")


def fold(name: str) -> str:
    """Return what two names have in common if some file system takes them for one."""
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", name).casefold())


def _on_line(entry: Entry, message: str) -> RegistryError:
    error = RegistryError(message)
    error.line = entry.line
    return error


def _parents(key: str) -> Iterator[str]:
    at = key.find("/")
    while at > 0:
        yield key[:at]
        at = key.find("/", at + 1)


def _either(names: list[str]) -> str:
    quoted = [repr(name) for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


_DEVICES = r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])"
_RESERVED = re.compile(rf"{_DEVICES}(?:\..*)?", re.IGNORECASE).fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_URL = re.compile(r"https?://[^\s/?#\x00-\x1f\x7f][^\s\x00-\x1f\x7f]*", re.IGNORECASE).fullmatch
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
# Nearly every name is of this shape; the careful rules run for the others only.
_PLAIN_PART = rf"(?!{_DEVICES}(?:[./]|$))[A-Za-z0-9_](?:[\w.+=@,-]{{0,150}}[\w+=@,-])?"
_PLAIN_NAME = re.compile(
    rf"{_PLAIN_PART}(?:/{_PLAIN_PART}){{0,5}}",
    re.IGNORECASE | re.ASCII,
).fullmatch
