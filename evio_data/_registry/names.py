"""Which names a registry may use."""

import re
from collections.abc import Iterator

from .._text import quoted
from ..errors import RegistryError
from .registry import Entry, fold

STATE_FOLDER = ".evio-data"  # beside the recordings; no key may live in it
PINS_FOLDER = ".pins"  # in our folder, beside the keys' own
# Case-folded: what the cache itself has at its top.
OUR_NAMES = (STATE_FOLDER, PINS_FOLDER, "cachedir.tag")
MAX_PART = 200  # bytes of one part of a name: file systems take 255, our suffixes need space
MAX_NAME = 1000  # bytes of a whole name


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
        raise RegistryError(f"the name {quoted(name)} is empty or has control characters.")
    if "\\" in name or ":" in name:
        raise RegistryError(
            f"the name {quoted(name)} has a backslash or a colon; parts are joined by /."
        )
    if name.startswith("/"):
        raise RegistryError(f"the name {quoted(name)} is an absolute path.")
    if len(name.encode()) > MAX_NAME:
        raise RegistryError(f"the name {quoted(name)} is longer than {MAX_NAME} bytes.")
    parts = name.split("/")
    for part in parts:
        _check_part(part, name)
    if parts[0].casefold() in OUR_NAMES:
        raise RegistryError(
            f"the name {quoted(name)} is reserved: the cache has its own {parts[0]}."
        )


def _check_part(part: str, name: str) -> None:
    if part in ("", ".", ".."):
        raise RegistryError(f"the name {quoted(name)} has an empty part, '.' or '..'.")
    if len(part.encode()) > MAX_PART:
        raise RegistryError(f"a part of the name {quoted(name)} is longer than {MAX_PART} bytes.")
    if part[-1] in ". " or part[0] == " " or any(character in part for character in '<>"|?*'):
        raise RegistryError(
            f'the name {quoted(name)} is not portable (blanks or dots at an end, <>"|?*).'
        )
    if _RESERVED(part):
        raise RegistryError(f"the name {quoted(name)} is reserved on Windows.")


def check_collisions(entries: dict[str, Entry]) -> None:
    folded: dict[str, str] = {}
    folders: set[str] = set()
    for name, entry in entries.items():
        key = fold(name)
        if folded.setdefault(key, name) != name:
            raise on_line(
                entry, f"{quoted(name)} and {quoted(folded[key])} differ only in case or accents."
            )
        folders.update(_parents(key))
    clashes = [entries[folded[key]] for key in folders & folded.keys()]
    if clashes:
        entry = min(clashes, key=lambda entry: entry.line)
        raise on_line(entry, f"{quoted(entry.name)} is a file and a folder at once.")


def _parents(key: str) -> Iterator[str]:
    at = key.find("/")
    while at > 0:
        yield key[:at]
        at = key.find("/", at + 1)


_DEVICES = r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])"
_RESERVED = re.compile(rf"{_DEVICES}(?:\..*)?", re.IGNORECASE).fullmatch
# Nearly every name is of this shape; the careful rules run for the others only.
_PLAIN_PART = rf"(?!{_DEVICES}(?:[./]|$))[A-Za-z0-9_](?:[\w.+=@,-]{{0,150}}[\w+=@,-])?"
_PLAIN_NAME = re.compile(
    rf"(?!cachedir\.tag(?:/|$)){_PLAIN_PART}(?:/{_PLAIN_PART}){{0,5}}",
    re.IGNORECASE | re.ASCII,
).fullmatch


def on_line(entry: Entry, message: str) -> RegistryError:
    error = RegistryError(message)
    error.line = entry.line
    return error
