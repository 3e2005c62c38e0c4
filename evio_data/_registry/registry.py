"""The entries of a registry, and finding them by name or glob."""

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import NamedTuple

from .._text import clean
from ..errors import UnknownDatasetError
from .facts import KINDS, Fact

Matcher = Callable[[str], bool]
Spelling = Callable[[str], str]

NEAREST = 3  # suggestions that one error makes
SEARCHED = 2000  # names that a misspelt one is compared with at most: a comparison takes 50 µs


Name = str | os.PathLike[str]  # as people give one


class Entry(NamedTuple):
    """One line of a registry: a name, its known hash, and where the bytes are."""

    name: str
    hash: str | None  # 64 digits of a SHA-256, else kind:digits; None: nobody has published one
    url: str
    size: int | None = None  # bytes, from ``#size=``
    line: int = 0  # in the registry file
    about: int | None = None  # bytes, from ``#about=``: documented, and never compared

    @property
    def basename(self) -> str:
        """The last part of the name."""
        return self.name.rpartition("/")[2]


class RegistryIndex:
    """The entries of one registry, in its order.

    Parameters
    ----------
    entries : dict of str to Entry
        By name.
    mirrors : tuple of str
        Base URLs from a ``# mirrors:`` comment.
    prefer_mirrors : bool
        Whether that comment asks for the mirrors to be tried before Drive.
    facts : tuple of Fact
        What other comments say of the files.
    """

    def __init__(
        self,
        entries: dict[str, Entry],
        *,
        mirrors: tuple[str, ...] = (),
        prefer_mirrors: bool = False,
        facts: tuple[Fact, ...] = (),
    ) -> None:
        self.entries = entries
        self.mirrors = mirrors
        self.prefer_mirrors = prefer_mirrors
        self.facts = facts

    def find(self, name: Name) -> Entry:
        """Return the entry that a key or an unambiguous basename means."""
        text = spelled_name(name)
        entry = self.entries.get(text)
        if entry is not None:
            return entry
        keys = next(filter(None, self._meant_by(text)), [])
        if len(keys) == 1:
            return self.entries[keys[0]]
        raise self._ambiguous(text, keys) if keys else self._unknown(text)

    def _meant_by(self, text: str) -> Iterator[list[str]]:
        """Yield the keys that a name may stand for, the nearest spelling first."""
        yield self._by_composed.get(text, [])
        yield self._by_basename.get(text, [])
        yield self._by_folded.get(fold(text), [])
        yield self._by_folded_basename.get(fold(text), [])

    def select(self, patterns: Iterable[Name] | Name = ()) -> list[Entry]:
        """Return the entries that names and globs mean, in registry order; no patterns, all."""
        if isinstance(patterns, str | os.PathLike):
            patterns = (patterns,)
        patterns = tuple(patterns)
        if not patterns:
            return list(self.entries.values())
        wanted = {entry.name for pattern in patterns for entry in self._matching(pattern)}
        return [entry for entry in self.entries.values() if entry.name in wanted]

    def fact(self, kind: str, name: str) -> str | None:
        """Return what is said of a file: by name, else by the last glob that fits, else of all."""
        exact, globs, of_all = self._facts[kind]
        text = exact.get(name) or exact.get(name.rpartition("/")[2])
        return text or next((text for fits, text in globs if fits(name)), of_all)

    @cached_property
    def _facts(self) -> dict[str, tuple[dict[str, str], list[tuple[Matcher, str]], str | None]]:
        """By kind: the facts of single files, those of globs, the last first, and that of all."""
        found: dict[str, tuple[dict[str, str], list[tuple[Matcher, str]], str | None]]
        found = {kind: ({}, [], None) for kind in KINDS}
        for kind, pattern, text in self.facts:
            exact, globs, of_all = found[kind]
            if pattern is None:
                of_all = text
            elif set(pattern) & set("*?["):
                globs.insert(0, (glob_matcher(pattern), text))
            else:
                exact[pattern] = text
            found[kind] = (exact, globs, of_all)
        return found

    def same_file(self, entry: Entry) -> list[Entry]:
        """Return all entries of one source and one published hash, if there are several."""
        if entry.hash is None:
            return []
        same = self._by_file.get((entry.url, entry.hash), [])
        return [self.entries[name] for name in same] if len(same) > 1 else []

    @cached_property
    def _by_file(self) -> dict[tuple[str, str | None], list[str]]:
        names: dict[tuple[str, str | None], list[str]] = {}
        for entry in self.entries.values():
            names.setdefault((entry.url, entry.hash), []).append(entry.name)
        return names

    def _matching(self, name: Name) -> list[Entry]:
        pattern = spelled_name(name)
        if pattern in self.entries or not is_glob(pattern):
            return [self.find(pattern)]
        for spelling in (composed, fold):  # in another case only where nothing else is meant
            matches = glob_matcher(pattern, spelling)
            if found := [entry for entry in self.entries.values() if matches(entry.name)]:
                return found
        return [self.find(pattern)]  # a name with brackets in it, or nothing

    @cached_property
    def _by_composed(self) -> dict[str, list[str]]:
        """Keys by their composed spelling, where they have another one in the registry."""
        return {composed(name): [name] for name in self.entries if not name.isascii()}

    @cached_property
    def _by_basename(self) -> dict[str, list[str]]:
        return _grouped(self.entries, lambda key: composed(key.rpartition("/")[2]))

    @cached_property
    def _by_folded(self) -> dict[str, list[str]]:
        return _grouped(self.entries, fold)

    @cached_property
    def _by_folded_basename(self) -> dict[str, list[str]]:
        return _grouped(self.entries, lambda key: fold(key.rpartition("/")[2]))

    def _nearest(self, name: str) -> list[str]:
        """Return the keys that a wrong name may be meant for, the likeliest first."""
        from difflib import get_close_matches

        wanted = fold(name).strip("/")
        last = wanted.rpartition("/")[2]
        keys, basenames = self._by_folded, self._by_folded_basename
        found = list(basenames.get(last, []))
        if wanted:
            found += [key for folded, same in keys.items() if wanted in folded for key in same]
        for close in get_close_matches(wanted, _likely(wanted, keys), n=NEAREST, cutoff=0.5):
            found += keys[close]
        for close in get_close_matches(last, _likely(last, basenames), n=NEAREST):
            found += basenames[close]
        return list(dict.fromkeys(found))[:NEAREST]

    def _unknown(self, name: str) -> UnknownDatasetError:
        nearest = self._nearest(name)
        advice = f"Did you mean {_either(nearest)}?" if nearest else "`evio-data list` shows all."
        folder = f"{fold(name).strip('/')}/"
        if any(key.startswith(folder) for key in self._by_folded):
            pattern = f"{name.strip('/')}/*"
            advice = f"It is a folder: the pattern {pattern!r} means all that is in it."
        if "://" in name:
            advice = "Links are for `evio-data fetch LINK`, and in Python for evio_data.retrieve."
        error = UnknownDatasetError(f"no dataset {clean(name)!r} in the registry.", advice=advice)
        error.candidates = tuple(nearest)
        return error

    def _ambiguous(self, name: str, keys: list[str]) -> UnknownDatasetError:
        error = UnknownDatasetError(
            f"{name!r} is ambiguous: {len(keys)} datasets have this name.",
            advice=f"Use {_either(keys[:NEAREST])}{', …' if len(keys) > NEAREST else '.'}",
        )
        error.candidates = tuple(keys)
        return error


def composed(name: str) -> str:
    """Return a name as most systems spell it: accents in one character with their letters (NFC)."""
    if name.isascii():
        return name
    from unicodedata import normalize

    return normalize("NFC", name)


def fold(name: str) -> str:
    """Return what two names have in common if some file system takes them for one.

    >>> fold("Fan/U\u0308.RAW") == fold("fan/\xfc.raw")
    True
    """
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFC", name).casefold())


def _grouped(names: Iterable[str], key_of: Spelling) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(key_of(name), []).append(name)
    return groups


def spelled_name(name: Name) -> str:
    """Return what somebody has given as a name, in the one spelling that names are looked up by.

    Raises
    ------
    UnknownDatasetError
        If it is no name at all.

    >>> from pathlib import PurePosixPath
    >>> spelled_name(PurePosixPath("fan", "fan.raw")), spelled_name("u\u0308.raw") == "\xfc.raw"
    ('fan/fan.raw', True)
    """
    if not isinstance(name, str):
        text = name.as_posix() if hasattr(name, "as_posix") else getattr(name, "__fspath__", str)()
        if not isinstance(text, str) or not isinstance(name, os.PathLike):
            raise UnknownDatasetError(
                f"{clean(repr(name))} is not the name of a dataset.",
                advice="Give a text: `evio-data list` shows all.",
            )
        name = text
    return composed(name)


def is_glob(pattern: str) -> bool:
    """Say whether a pattern may mean several names."""
    return any(character in pattern for character in "*?[")


def glob_matcher(pattern: str, spelling: Spelling = composed) -> Matcher:
    """Return a test of names; a pattern without ``/`` is held against the basename too.

    ``spelling`` is what is compared of the pattern and of a name.

    >>> matches = glob_matcher("*.raw")
    >>> matches("fan/fan_const_rpm.raw"), matches("fan/fan_const_rpm.dat")
    (True, False)
    """
    import fnmatch

    match = re.compile(fnmatch.translate(spelling(pattern))).match
    if "/" in pattern:
        return lambda name: match(spelling(name)) is not None

    def matches(name: str) -> bool:
        name = spelling(name)
        return match(name) is not None or match(name.rpartition("/")[2]) is not None

    return matches


def _likely(name: str, names: Iterable[str]) -> list[str]:
    """Return the names that are worth comparing with a misspelt one: those that begin alike."""
    known = list(names)
    for length in range(len(name) + 1):
        if len(known) <= SEARCHED:
            break
        known = [other for other in known if other.startswith(name[:length])] or known[:SEARCHED]
    return known


def _either(names: list[str]) -> str:
    shown = [repr(name) for name in names]
    return " or ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)
