"""The hashes that unpinned files had at their first use: knowledge that outlives the files."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .._files import Folder, open_nofollow
from .._registry.hashes import as_hash
from .._registry.names import PINS_FOLDER, STATE_FOLDER

MAX_PIN = 1000  # bytes


class Pin(NamedTuple):
    """What a file was at its first use.

    Attributes
    ----------
    hash : str
    size : int
        Bytes.
    day : str
        The date of the first use.
    source : str
        Whose file it is.
    """

    hash: str
    size: int
    day: str
    source: str

    def __str__(self) -> str:
        return " ".join(map(str, self)) + "\n"


def pin_of(known_hash: str, size: int, source: str, *, since_ns: int | None = None) -> Pin:
    """Return a pin of today, or of the day of a time."""
    import time
    from datetime import UTC, datetime  # not on the warm path

    try:
        then = time.time() if since_ns is None else since_ns / 1e9
        day = str(datetime.fromtimestamp(then, tz=UTC).date())
    except (ValueError, OverflowError, OSError):  # a tmpfs knows years that no calendar has
        day = "unknown"
    return Pin(known_hash, size, day, source)


class Pins:
    """The pins of one registry key: one for each source that it has ever had.

    They are in files of their own, ``.evio-data/.pins/<key>/``, each written once, in one step
    that no power cut leaves half done: whoever is first decides.

    Parameters
    ----------
    root : str
        The cache.
    name : str
        The key.
    """

    def __init__(self, root: str, name: str) -> None:
        self._root = root
        self.parts = [STATE_FOLDER, PINS_FOLDER, *name.split("/")]

    @property
    def folder(self) -> Path:
        """Where they are."""
        return Path(self._root, *self.parts)

    def all(self) -> list[Pin]:
        """Return what is pinned, whatever its source."""
        found = []
        with suppress(OSError, ValueError):
            found = [self._read(name) for name in sorted(os.listdir(self.folder))]  # noqa: PTH208
        return [pin for pin in found if pin is not None]

    def are_there(self) -> bool:
        """Say whether something was ever pinned."""
        return os.path.lexists(f"{self._root}{os.sep}{os.sep.join(self.parts)}")  # noqa: PTH118

    def of(self, source: str) -> Pin | None:
        """Return the pin of a source; None where there is none that can be read."""
        pin = self._read(_file_of(source))
        return pin if pin is not None and pin.source == source else None

    def add(self, pin: Pin) -> Pin:
        """Write a pin, unless the source has one; return the one that counts.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        name, data = _file_of(pin.source), str(pin).encode("ascii")
        with Folder(self._root, *self.parts) as folder:
            try:
                folder.write(name, data, exclusive=True)
            except FileExistsError:
                first = self.of(pin.source)
                if first is not None:
                    return first
                folder.write(name, data)  # what is there says nothing
        return pin

    def forget(self, source: str) -> bool:
        """Remove the pin of a source; say whether there was one.

        Raises
        ------
        OSError
            If it cannot be removed.
        """
        try:
            with Folder(self._root, *self.parts) as folder:
                folder.unlink(_file_of(source))
                folder.flush()
        except FileNotFoundError:
            return False
        return True

    def _read(self, name: str) -> Pin | None:
        try:
            with open_nofollow(f"{self.folder}{os.sep}{name}", os.O_RDONLY) as file:
                words = file.read(MAX_PIN).decode("ascii").split()
            pin = Pin(words[0], int(words[1]), words[2], words[3])
        except (OSError, ValueError, LookupError):
            return None
        return pin if as_hash(pin.hash) == pin.hash else None


def _file_of(source: str) -> str:
    from hashlib import sha256  # sources are as long as URLs, and differ in case

    return sha256(source.encode()).hexdigest()[:32]
