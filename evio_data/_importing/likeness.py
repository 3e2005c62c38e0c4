"""Guess which registry keys the path of a file may mean."""

import re
from collections.abc import Iterable

from .._registry.registry import fold

MAX_COMPARED = 255  # characters of a name; file systems have no longer ones


class Names:
    """The registry's keys by what they are called, with the marks of a copy or without.

    Parameters
    ----------
    names : iterable of str
    """

    def __init__(self, names: Iterable[str]) -> None:
        self._keys: dict[str, list[str]] = {}
        for name in names:
            self._keys.setdefault(plain(name.rpartition("/")[2]), []).append(name)

    def meant_by(self, path: str) -> list[str]:
        """Return the keys that a path means equally well: none, one, or several.

        An equal name goes before a similar one, and then the most equal folders.
        """
        basename = fold(path.rpartition("/")[2])
        keys = self._keys.get(plain(basename), [])
        same = [key for key in keys if fold(key.rpartition("/")[2]) == basename]
        return best(same or keys, path)


def best(names: list[str], path: str) -> list[str]:
    """Return the names whose folders are most like those of a path."""
    most = max((alike(name, path) for name in names), default=0)
    return [name for name in names if alike(name, path) == most]


def alike(name: str, path: str) -> int:
    """Return how many of a key's folders a path has, in their order.

    >>> alike("fred-0/events.raw", "zip/fred-0/Event/events.raw")
    1
    """
    folders = iter(fold(path).split("/")[:-1])
    return sum(folder in folders for folder in fold(name).split("/")[:-1])


def plain(basename: str) -> str:
    """Return a name without case and without what browsers, file managers and wget add to a copy.

    >>> [plain(name) for name in ("Fan const (1).raw", "fan_const - Copy.raw", "fan-const.raw.2")]
    ['fan_const.raw', 'fan_const.raw', 'fan_const.raw']
    """
    name = _AGAIN.sub("", fold(basename[:MAX_COMPARED]))
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if dot else (name, "")
    stem = _COPY.sub("", _COPY_OF.sub("", _NUMBER.sub("", stem)))
    return _GAPS.sub("_", stem) + suffix


_COPIES = "copy|copie|copia|kopie|kopia|kopio|kopi"
_AGAIN = re.compile(r"(?<=[a-z])\.[0-9]{1,3}\Z")
_NUMBER = re.compile(r" ?\([0-9]{1,3}\)\Z")
_COPY = re.compile(rf"[ _-]{{1,3}}(?:{_COPIES})(?: ?[0-9]{{1,3}})?\Z")
_COPY_OF = re.compile(rf"\A(?:{_COPIES}) (?:of|de|di|von|av|af) ")
_GAPS = re.compile(r"[ _-]+")
