"""Turn names in Drive into registry keys that are unique, and safe on every system."""

import re
from collections.abc import Iterable, Sequence

from .._registry.names import OUR_NAMES, check_name
from .._registry.registry import fold
from ..errors import RegistryError


def safe_key(path: Sequence[str]) -> str:
    """Return the registry key of a file, from the names that lead to it in Drive.

    What a key must not hold is written as in a URL: ``%`` and two hexadecimal digits for each
    byte of it. A name that is fine as it is stays as it is.

    Raises
    ------
    RegistryError
        For names that cannot be made safe: empty, or too long.

    >>> safe_key(["fan", "fan 1.raw"]), safe_key(["a/b", "c:d?.raw"]), safe_key(["..", "con.dat"])
    ('fan/fan 1.raw', 'a%2Fb/c%3Ad%3F.raw', '.%2E/%63on.dat')
    """
    key = "/".join(_safe_part(part) for part in path)
    if key.partition("/")[0].casefold() in OUR_NAMES:
        key = _escaped(key[0]) + key[1:]
    check_name(key)
    return key


def _safe_part(part: str) -> str:
    if "/" not in part and _is_fine(part):
        return part
    safe = "".join(_escaped(each) if _is_unsafe(each) or each == "%" else each for each in part)
    if safe[-1:] in (".", " "):
        safe = safe[:-1] + _escaped(safe[-1])
    other = _escaped(safe[:1]) + safe[1:]  # of a blank at the start, or a word of Windows
    return other if not _is_fine(safe) and _is_fine(other) else safe


def _is_fine(part: str) -> bool:
    try:
        check_name("x/" + part)
    except RegistryError:
        return False
    return True


def _is_unsafe(character: str) -> bool:
    return not character.isprintable() or character in _UNSAFE


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "replace"))


class Keys:
    """Hands out registry keys, no two of which some file system could take for one.

    Parameters
    ----------
    taken : iterable of str
        Keys that are in use.
    folders : iterable of str
        Keys of files to come: the folders in them stay folders.
    """

    def __init__(self, taken: Iterable[str], folders: Iterable[str] = ()) -> None:
        self._files = set(map(fold, taken))
        self._numbers: dict[str, int] = {}  # by key: the first that may be free; 1 is the key
        self._folders = {parent for key in (*self._files, *folders) for parent in _parents(key)}

    def take(self, key: str) -> str:
        """Return the key, or, if it is in use, one with a folder of its own before its last part.

        The second ``fred/events.raw`` is ``fred/events-2/events.raw``, as that folder's files
        could not be told apart by their names.

        Raises
        ------
        RegistryError
            Below a file; and for a name that becomes too long.

        >>> keys = Keys(["fred/events.raw"])
        >>> keys.take("fred/events.raw"), keys.take("fred/Events.raw"), keys.take("fred/events.dat")
        ('fred/events-2/events.raw', 'fred/Events-3/Events.raw', 'fred/events.dat')
        """
        if not self._files.isdisjoint(_parents(key)):
            raise RegistryError(f"the name {key!r} is one below a file.")
        number = self._numbers.get(fold(key), 1)
        while not self._is_free(candidate := _numbered(key, number)):
            number += 1
        check_name(candidate)
        self._files.add(fold(candidate))
        self._folders.update(_parents(candidate))
        self._numbers[fold(key)] = number + 1
        return candidate

    def _is_free(self, key: str) -> bool:
        folded = fold(key)
        is_folder = folded in self._folders
        return not is_folder and folded not in self._files and self._files.isdisjoint(_parents(key))


def _numbered(key: str, number: int) -> str:
    if number == 1:
        return key
    folder, slash, last = key.rpartition("/")
    stem = re.sub(r"(?<=.)\.[^.]*$", "", last).rstrip(". ")
    return f"{folder}{slash}{stem}-{number}/{last}"


def _parents(key: str) -> list[str]:
    parts = fold(key).split("/")
    return ["/".join(parts[:count]) for count in range(1, len(parts))]


_UNSAFE = frozenset('<>"|?*:\\/')
