"""The entries of a registry, and finding them by name or glob."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import NamedTuple

from .._text import clean
from ..errors import UnknownDatasetError

NEAREST = 3  # suggestions that one error makes
SEARCHED = 2000  # names that a misspelt one is compared with at most: a comparison takes 50 µs


class Entry(NamedTuple):
    """One line of a registry: a name, its known hash, and where the bytes are."""

    name: str
    hash: str | None  # 64 digits of a SHA-256, else kind:digits; None: nobody has published one
    url: str
    size: int | None = None  # bytes, from ``#size=``
    line: int = 0  # in the registry file

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
