"""Parse and check `registry.txt`."""

import os
import re

from .._mirror_urls import is_base
from .._text import clean, quoted
from ..errors import RegistryError
from .facts import Fact, parse_fact
from .hashes import DIGITS, as_hash
from .names import MAX_NAME, check_collisions, check_name
from .registry import Entry, RegistryIndex

UNPINNED = "unpinned"
DOI = "doi:"  # what a URL begins with that a data repository resolves


def load(path: str | os.PathLike[str]) -> RegistryIndex:
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


_loaded: dict[str, tuple[tuple[int, int, int], RegistryIndex]] = {}


def shipped_path() -> str:
    """Return the path of the registry that comes with this package."""
    here = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    inside = os.path.join(here, "registry.txt")  # noqa: PTH118
    if os.path.exists(inside):  # noqa: PTH110 - a wheel; an editable install has it one level up
        return inside
    return os.path.join(os.path.dirname(here), "registry.txt")  # noqa: PTH118, PTH120


def parse(data: bytes | str, *, source: str = "registry.txt") -> RegistryIndex:
    """Return the registry that a text describes.

    Raises
    ------
    RegistryError
        At the first line that breaks a rule of ``registry.txt``.
    """
    entries: dict[str, Entry] = {}
    mirrors: tuple[str, ...] = ()
    prefer = False
    facts: list[Fact] = []
    number = 0
    try:
        for number, line in enumerate(_text(data).split("\n"), start=1):
            if line.lstrip().startswith("#"):
                mirrors, prefer = _mirrors(line.strip()) or (mirrors, prefer)
                facts += filter(None, [parse_fact(line.strip())])
            elif (entry := _entry(line, number)) is not None:
                _enter(entries, entry)
        check_collisions(entries)
    except RegistryError as error:
        line_number = error.line or number
        located = RegistryError(
            f"{clean(source, MAX_NAME)}, line {line_number}: {error}",
            advice="Correct the registry file.",
        )
        located.line = line_number
        raise located from error
    return RegistryIndex(entries, mirrors=mirrors, prefer_mirrors=prefer, facts=tuple(facts))


def _enter(entries: dict[str, Entry], entry: Entry) -> None:
    if entry.name in entries:
        raise RegistryError(f"{quoted(entry.name)} is registered twice.")
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
    kind, colon, text = comment[1:].partition(":")
    if not colon or kind.strip() != "mirrors":
        return None
    words = text.split()
    prefer = "prefer" in words
    bases = tuple(word for word in words if word not in ("prefer", "fallback"))
    for base in bases:
        if _has_user(base):
            raise RegistryError("a mirror's URL has a user's name before its host.")
        if not is_base(base):
            raise RegistryError(
                f"the mirror {quoted(base)} is not an https:, http:, s3: or gs: URL."
            )
    return tuple(base.rstrip("/") for base in bases), prefer


def _entry(line: str, number: int) -> Entry | None:
    refuse_backslash(line)
    words = columns(line)
    if not words:
        return None
    if len(words) != 3:
        raise RegistryError(f"has {len(words)} columns; wanted: name, hash or unpinned, url.")
    name, known_hash, url = words
    check_name(name)
    base, size, about = _url(url)
    return Entry(name, checked_hash(known_hash), base, size, number, about)


def checked_hash(text: str) -> str | None:
    """Return a known hash in its one spelling; None for ``unpinned``.

    Raises
    ------
    RegistryError
        For one that no file could ever have.
    """
    if text.lower() == UNPINNED:
        return None
    known_hash = as_hash(text)
    if known_hash is None:
        raise RegistryError(
            f"{quoted(text)} is neither 64 hex digits (SHA-256), nor KIND:DIGITS of a known kind "
            f"(md5, sha1, sha512, blake2b, xxh64, ...), nor 'unpinned'{_what_of(text)}."
        )
    return known_hash


def _what_of(text: str) -> str:
    """Return what is wrong with a hash that names its kind."""
    kind, colon, digits = text.lower().rpartition(":")
    if not colon:
        return ""
    if kind not in DIGITS:
        return f": {quoted(kind)} is no kind"
    return f": {kind} has {DIGITS[kind]} hex digits, not {len(digits)}"


def refuse_backslash(line: str) -> None:
    """Refuse a line in which a shell would swallow what somebody took for a separator.

    Raises
    ------
    RegistryError
    """
    if "\\" in line:
        raise RegistryError(
            "has a backslash; the parts of a name are joined by /, and blanks are put in quotes."
        )


def columns(line: str) -> list[str]:
    """Return the words of a registry's line, quoted as in a shell.

    Raises
    ------
    RegistryError
        For a quotation that does not end.
    """
    if '"' not in line and "'" not in line:
        # Blanks, tabs and line ends separate, as in pooch; other white space is part of a word.
        return line.split() if line.isascii() and line.isprintable() else _WORDS(line)
    words: list[str] = []
    pieces: list[str] = []
    for match in _PIECES(line):
        if match["quote"]:
            raise RegistryError("has a broken quotation: there is no closing quote.")
        if not match["blank"]:
            pieces.append(match[1] or match[2] or match[3] or "")
        elif pieces:
            words.append("".join(pieces))
            pieces.clear()
    return [*words, "".join(pieces)] if pieces else words


def _url(url: str) -> tuple[str, int | None, int | None]:
    """Return an address without its fragment, the exact size, and the documented one."""
    if not _URL(url) or not url.isprintable():
        raise RegistryError(f"{quoted(url)} {_fault(url)}.")
    if "google.com/" in url and _FOLDER_URL(url):
        raise RegistryError(
            f"{quoted(url)} is a folder on Drive, not a file; "
            "`evio-data registry build` makes a registry of it."
        )
    base, _, fragment = url.partition("#")
    if not fragment:
        return base, None, None
    size = SIZE(fragment)
    if size is None:
        fault = "is not #size=BYTES or #about=BYTES"
        raise RegistryError(f"the fragment {quoted('#' + fragment)} {fault}.")
    count = int(size[2])
    return (base, count, None) if size[1] == "size" else (base, None, count)


def _fault(url: str) -> str:
    """Return what is wrong with a URL; two readers must not see two hosts in it."""
    if "\\" in url:
        return "has a backslash"
    if url.lower().startswith(DOI):
        return (
            "is not an https: or http: URL; a DOI is for `evio-data fetch`, evio_data.retrieve "
            "and registries made by evio_data.Registry.create"
        )
    return (
        "has a user's name before its host" if _has_user(url) else "is not an https: or http: URL"
    )


def _has_user(url: str) -> bool:
    return "@" in url.partition("://")[2].partition("/")[0]


_URL = re.compile(r"https?://[^\s/?#\\@]+(?:[/?#][^\s\\]*)?", re.IGNORECASE).fullmatch
_FOLDER_URL = re.compile(
    r"https?://(?:drive|docs)\.google\.com(?::\d+)?/[^?#]*(?:folders?/|folderview)", re.IGNORECASE
).match
SIZE = re.compile(r"(size|about)=([0-9]{1,18})").fullmatch
_WORDS = re.compile(r"[^ \t\r\n]+").findall
_PIECES = re.compile(
    r"""'([^']*)'|"([^"]*)"|([^ \t\r\n'"]+)|(?P<blank>[ \t\r\n]+)|(?P<quote>['"])"""
).finditer
