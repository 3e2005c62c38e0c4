"""Registry text in, checked entries out; names, basenames and globs in, the entries meant out."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from ._base_urls import is_base
from ._wording import clean
from .errors import RegistryError, UnknownDatasetError

UNPINNED = "unpinned"
STATE_FOLDER = ".evio-data"  # beside the recordings; no key may live in it
OUR_NAMES = (STATE_FOLDER, "cachedir.tag")  # case-folded: what the cache itself has at its top
MAX_PART = 200  # bytes of one part of a name: file systems take 255, our suffixes need room
MAX_NAME = 1000  # bytes of a whole name
NEAREST = 3  # suggestions that one error makes
SEARCHED = 2000  # names that a misspelt one is compared with at most: a comparison takes 50 µs
SHOWN = 60  # characters of a registry's text that one message repeats


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
        if pattern in self.entries or not any(character in pattern for character in "*?["):
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

        last = name.rpartition("/")[2]
        nearest = get_close_matches(name, _likely(name, self.entries), n=NEAREST, cutoff=0.5)
        for basename in get_close_matches(last, _likely(last, self._by_basename), n=NEAREST):
            nearest += [key for key in self._by_basename[basename] if key not in nearest]
        nearest = nearest[:NEAREST]
        advice = f"Did you mean {_either(nearest)}?" if nearest else "`evio-data list` shows all."
        folder = f"{name.strip('/')}/"
        if any(key.startswith(folder) for key in self.entries):
            advice = f"It is a folder: the pattern {folder + '*'!r} means all that is in it."
        error = UnknownDatasetError(f"no dataset {clean(name)!r} in the registry.", advice=advice)
        error.candidates = tuple(nearest)
        return error

    def _ambiguous(self, name: str, keys: list[str]) -> UnknownDatasetError:
        error = UnknownDatasetError(
            f"{name!r} is ambiguous: {len(keys)} datasets have this basename.",
            advice=f"Use {_either(keys[:NEAREST])}{', …' if len(keys) > NEAREST else '.'}",
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
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise RegistryError(
            f"cannot read the registry {clean(path, MAX_NAME)}: {reason}.",
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
        for number, line in enumerate(_text(data).split("\n"), start=1):
            if line.lstrip().startswith("#"):
                mirrors, prefer = _mirrors(line.strip()) or (mirrors, prefer)
            elif (entry := _entry(line, number)) is not None:
                _enter(entries, entry)
        _check_collisions(entries)
    except RegistryError as error:
        line_number = error.line or number
        located = RegistryError(
            f"{clean(source, MAX_NAME)}, line {line_number}: {error}",
            advice="Correct the registry file.",
        )
        located.line = line_number
        raise located from error
    return RegistryFile(entries, mirrors=mirrors, prefer_mirrors=prefer)


def _enter(entries: dict[str, Entry], entry: Entry) -> None:
    if entry.name in entries:
        raise RegistryError(f"{_shown(entry.name)} is registered twice.")
    entries[entry.name] = entry


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
        if _has_user(base):
            raise RegistryError("a mirror's URL has a user's name before its host.")
        if not is_base(base):
            raise RegistryError(
                f"the mirror {_shown(base)} is not an https:, http:, s3: or gs: URL."
            )
    return tuple(base.rstrip("/") for base in bases), prefer


def _entry(line: str, number: int) -> Entry | None:
    words = columns(line)
    if not words:
        return None
    if len(words) != 3:
        raise RegistryError(f"has {len(words)} columns; wanted: name, sha256 or unpinned, url.")
    name, known_hash, url = words
    check_name(name)
    sha256 = known_hash.lower()
    if sha256 == UNPINNED:
        return Entry(name, None, *_url(url), number)
    if not _SHA256(sha256):
        raise RegistryError(
            f"{_shown(known_hash)} is neither 64 hex digits (SHA-256) nor 'unpinned'."
        )
    return Entry(name, sha256, *_url(url), number)


def columns(line: str) -> list[str]:
    """Return the words of a registry's line, quoted as in a shell.

    Raises
    ------
    RegistryError
        For a quotation that does not end.
    """
    if '"' not in line and "'" not in line and "\\" not in line:
        # Blanks, tabs and line ends separate, as in pooch; other white space is part of a word.
        return line.split() if line.isascii() and line.isprintable() else _WORDS(line)
    if _QUOTED_LINE(line):  # shlex takes 60 µs for it
        return ["".join(word) for word in _QUOTED_WORDS(line)]
    import shlex

    try:
        return shlex.split(line)
    except ValueError as error:
        raise RegistryError(f"has a broken quotation ({error}).") from error


def _url(url: str) -> tuple[str, int | None]:
    if not _URL(url) or not url.isprintable():
        raise RegistryError(f"{_shown(url)} {_fault(url)}.")
    if "google.com/" in url and _FOLDER_URL(url):
        raise RegistryError(
            f"{_shown(url)} is a folder on Drive, not a file; "
            "`evio-data registry build` makes a registry of it."
        )
    base, _, fragment = url.partition("#")
    if not fragment:
        return base, None
    size = _SIZE(fragment)
    if size is None:
        raise RegistryError(f"the fragment {_shown('#' + fragment)} is not #size=BYTES.")
    return base, int(size[1])


def _fault(url: str) -> str:
    """Return what is wrong with a URL; two readers must not see two hosts in it."""
    if "\\" in url:
        return "has a backslash"
    return (
        "has a user's name before its host" if _has_user(url) else "is not an https: or http: URL"
    )


def _has_user(url: str) -> bool:
    return "@" in url.partition("://")[2].partition("/")[0]


def check_name(name: str) -> None:
    """Refuse a name that is not a portable relative POSIX path.

    Raises
    ------
    RegistryError
        Says which rule the name breaks.
    """
    if _PLAIN_NAME(name):
        return
    if not name or not name.isprintable():
        raise RegistryError(f"the name {_shown(name)} is empty or has control characters.")
    if "\\" in name or ":" in name:
        raise RegistryError(
            f"the name {_shown(name)} has a backslash or a colon; parts are joined by /."
        )
    if name.startswith("/"):
        raise RegistryError(f"the name {_shown(name)} is an absolute path.")
    if len(name.encode()) > MAX_NAME:
        raise RegistryError(f"the name {_shown(name)} is longer than {MAX_NAME} bytes.")
    parts = name.split("/")
    for part in parts:
        _check_part(part, name)
    if parts[0].casefold() in OUR_NAMES:
        raise RegistryError(
            f"the name {_shown(name)} is reserved: the cache has its own {parts[0]}."
        )


def _check_part(part: str, name: str) -> None:
    if part in ("", ".", ".."):
        raise RegistryError(f"the name {_shown(name)} has an empty part, '.' or '..'.")
    if len(part.encode()) > MAX_PART:
        raise RegistryError(f"a part of the name {_shown(name)} is longer than {MAX_PART} bytes.")
    if part[-1] in ". " or part[0] == " " or any(character in part for character in '<>"|?*'):
        raise RegistryError(
            f'the name {_shown(name)} is not portable (blanks or dots at an end, <>"|?*).'
        )
    if _RESERVED(part):
        raise RegistryError(f"the name {_shown(name)} is reserved on Windows.")


def _check_collisions(entries: dict[str, Entry]) -> None:
    folded: dict[str, str] = {}
    folders: set[str] = set()
    for name, entry in entries.items():
        key = fold(name)
        if folded.setdefault(key, name) != name:
            raise _on_line(
                entry, f"{_shown(name)} and {_shown(folded[key])} differ only in case or accents."
            )
        folders.update(_parents(key))
    clashes = [entries[folded[key]] for key in folders & folded.keys()]
    if clashes:
        entry = min(clashes, key=lambda entry: entry.line)
        raise _on_line(entry, f"{_shown(entry.name)} is a file and a folder at once.")


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


def _likely(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that are worth comparing with a misspelt one: those that begin alike."""
    known = list(names)
    for length in range(len(name) + 1):
        if len(known) <= SEARCHED:
            break
        known = [other for other in known if other.startswith(name[:length])] or known[:SEARCHED]
    return known


def _shown(text: str) -> str:
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…")


def _either(names: list[str]) -> str:
    quoted = [repr(name) for name in names]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


_DEVICES = r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])"
_RESERVED = re.compile(rf"{_DEVICES}(?:\..*)?", re.IGNORECASE).fullmatch
_SHA256 = re.compile(r"[0-9a-f]{64}").fullmatch
_URL = re.compile(r"https?://[^\s/?#\\@]+(?:[/?#][^\s\\]*)?", re.IGNORECASE).fullmatch
_FOLDER_URL = re.compile(
    r"https?://(?:drive|docs)\.google\.com(?::\d+)?/[^?#]*(?:folders?/|folderview)", re.IGNORECASE
).match
_SIZE = re.compile(r"size=([0-9]{1,18})").fullmatch
_WORDS = re.compile(r"[^ \t\r\n]+").findall
# Lines whose quotations are whole words without an escape, as nearly all are.
_A_WORD = r"""(?:'([^']*)'|"([^"\\]*)"|([^ \t\r\n'"\\]+))(?=[ \t\r\n]|\Z)"""
_QUOTED_WORDS = re.compile(_A_WORD).findall
_QUOTED_LINE = re.compile(rf"[ \t\r\n]*(?:{_A_WORD}[ \t\r\n]*)*").fullmatch
# Nearly every name is of this shape; the careful rules run for the others only.
_PLAIN_PART = rf"(?!{_DEVICES}(?:[./]|$))[A-Za-z0-9_](?:[\w.+=@,-]{{0,150}}[\w+=@,-])?"
_PLAIN_NAME = re.compile(
    rf"(?!cachedir\.tag(?:/|$)){_PLAIN_PART}(?:/{_PLAIN_PART}){{0,5}}",
    re.IGNORECASE | re.ASCII,
).fullmatch
