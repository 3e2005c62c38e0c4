"""Find what can be removed from a cache, and remove it."""

import os
import re
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from .._files import Folder, as_cache_error
from .._registry.names import PINS_FOLDER, STATE_FOLDER
from .._registry.registry import Entry, RegistryIndex
from ..errors import CacheError, EvioDataError
from .files import Cache
from .locks import Lock, is_held
from .partial import JOURNAL, PART

HOUR, DAY = 3600.0, 86400.0  # seconds
FORGOTTEN = 7 * DAY  # seconds after which nobody comes back for a partial that no registry names
PASSING = (".fresh", ".import", ".link")  # what a process has for a moment, and a killed one leaves
LEFT = "left by a process that was killed"
SECTOR = 512  # bytes that st_blocks counts in
_NOT_THERE = (FileNotFoundError, NotADirectoryError, UnicodeEncodeError)
_POOCH = re.compile(r"tmp[a-z0-9_]{8}").fullmatch  # how tempfile names pooch's temporary files


class Removable(NamedTuple):
    """Something that can go.

    Attributes
    ----------
    path : Path
    size : int
        Bytes that it frees.
    why : str
    name : str or None
        The registry key, or the name of our folder, that it belongs to.
    """

    path: Path
    size: int
    why: str
    name: str | None


class Selection(NamedTuple):
    """What may go besides what nobody misses.

    Attributes
    ----------
    partials : bool
        Bytes that a download would go on from.
    files : frozenset of str
        Registry keys whose files may go, with all that belongs to them.
    """

    partials: bool = False
    files: frozenset[str] = frozenset()


def find_removable(
    cache: Cache,
    registry: RegistryIndex,
    choice: Selection,
    faults: list[CacheError] | None = None,
) -> list[Removable]:
    """Return what can go, without touching anything.

    Files whose lock somebody holds are left out, and so is all that is reached through a
    symbolic link, is of another source, or is none of ours. ``faults`` takes what could not be
    looked at.
    """
    faults = [] if faults is None else faults
    found = [
        *_state(cache, registry, choice, faults),
        *_files(cache, registry, choice, faults),
        *_of_pooch(cache, registry, faults),
    ]
    return sorted(found, key=lambda leaving: leaving.path)


def _all_of(found: Iterable[Removable], place: Path, faults: list[CacheError]) -> list[Removable]:
    """Return what is found in a place; where that cannot be looked at, take note of it."""
    try:
        return list(found)
    except OSError as error:
        faults.append(as_cache_error(error, error.filename or place))
        return []


def find_foreign(cache: Cache, registry: RegistryIndex, choice: Selection) -> list[CacheError]:
    """Return why files that may go stay: they are another registry's."""
    found = []
    for name in choice.files:
        try:
            cache.cached_file(registry.entries[name]).refuse_another_s(registry.entries[name].hash)
        except CacheError as error:
            found.append(error)
    return found


def remove(
    cache: Cache, registry: RegistryIndex, choice: Selection, leavings: Iterable[Removable]
) -> tuple[int, list[CacheError]]:
    """Remove what a survey found, as far as it can still go; return bytes freed, and faults."""
    freed, faults = 0, list[CacheError]()
    root = cache.root
    by_name: dict[str | None, list[Removable]] = {}
    for leaving in leavings:
        by_name.setdefault(leaving.name, []).append(leaving)
    for name, group in by_name.items():
        state = Path(root, STATE_FOLDER, name or "")
        lock = Lock(state / "lock") if name else None
        if lock is not None and not lock.acquire():
            continue  # somebody came back for it
        try:
            for leaving in _all_of(_still(cache, registry, choice, group), state, faults):
                try:
                    _unlink(root, leaving.path)
                    freed += leaving.size
                except FileNotFoundError:
                    continue
                except OSError as error:
                    faults.append(as_cache_error(error, leaving.path))
            if name in choice.files:
                _prune(root, Path(root, name).parent)
        finally:
            if lock is not None:
                lock.release()
                if name in choice.files:
                    faults += _left_behind(state / "lock")
                _prune(root, state)
    return freed, faults


def _left_behind(path: Path) -> Iterator[CacheError]:
    """Return why a lock that was ours could not be removed."""
    lock = Lock(path)
    try:
        if _status(path) and lock.acquire():  # else somebody came back for it
            lock.release()
            if _status(path) and not is_held(path):
                yield CacheError(f"{path} cannot be removed.")
    except OSError as error:
        yield as_cache_error(error, path)


def _still(
    cache: Cache, registry: RegistryIndex, choice: Selection, group: list[Removable]
) -> Iterator[Removable]:
    """Find those that could still go, seen again under the lock, which goes last."""
    name = group[0].name
    if name is None:
        yield from group
        return
    folder = Path(cache.root, STATE_FOLDER, name)
    again = {leaving.path for leaving in _folder(cache, registry, choice, folder, name)}
    again |= {leaving.path for leaving in _file(cache, registry, choice, name)}
    still = [leaving for leaving in group if leaving.path in again]
    yield from sorted(still, key=lambda leaving: leaving.path == folder / "lock")


# --- our own folder ---------------------------------------------------------------------------


def _state(
    cache: Cache, registry: RegistryIndex, choice: Selection, faults: list[CacheError]
) -> Iterator[Removable]:
    top = Path(cache.root, STATE_FOLDER)
    for folder in _folders(top, faults):
        name = folder.relative_to(top).as_posix()
        if name.partition("/")[0] == PINS_FOLDER:  # what was pinned stays; not what was left
            yield from _all_of(_left_in(folder), folder, faults)
        elif name != "." and not is_held(folder / "lock"):
            found = _folder(cache, registry, choice, folder, name)
            yield from _all_of(found, folder, faults)


def _folders(top: Path, faults: list[CacheError]) -> Iterator[Path]:
    def take_note(error: OSError) -> None:
        faults.append(as_cache_error(error, error.filename or top))

    try:
        is_folder = stat.S_ISDIR(_mode(top))
    except OSError as error:
        take_note(error)
        return
    if is_folder:
        for path, _, _ in os.walk(top, onerror=take_note):  # which does not follow links
            yield Path(path)


def _left_in(folder: Path) -> Iterator[Removable]:
    for path in _listed(folder):
        if _is_left(path):
            yield Removable(path, _freed(path), LEFT, None)


def _is_left(path: Path) -> bool:
    return path.suffix in PASSING and stat.S_ISREG(_mode(path)) and _age(path) > HOUR


def _folder(
    cache: Cache, registry: RegistryIndex, choice: Selection, folder: Path, name: str
) -> Iterator[Removable]:
    about = _About(cache, registry, choice, folder, name)
    for path in about.inside:
        why = about.reason(path)
        if why:
            yield Removable(path, _freed(path), why, name)


class _About:
    """What decides over the files in one of our folders."""

    def __init__(
        self, cache: Cache, registry: RegistryIndex, choice: Selection, folder: Path, name: str
    ) -> None:
        entry = registry.entries.get(name)
        self.inside = sorted(path for path in _listed(folder) if stat.S_ISREG(_mode(path)))
        self._names = {path.name for path in self.inside}
        self._is_known = entry is not None
        self._is_verified = entry is not None and _is_warm(cache, entry)
        self._is_foreign = entry is not None and _is_foreign(cache, entry)
        self._wanted_away = name in choice.files and not self._is_foreign
        self._partials = choice.partials

    def reason(self, path: Path) -> str:
        """Return why a file can go, or nothing."""
        if path.name == "lock":
            return "a lock that nobody holds"
        if path.name == "damaged" and not self._is_foreign:
            return "a damaged copy that was set aside"
        if path.name == "stamp":
            return "the stamp of the file" if self._wanted_away else ""
        if _is_left(path):
            return LEFT
        return self._reason_of_partial(path) if path.suffix in (PART, JOURNAL) else ""

    def _reason_of_partial(self, path: Path) -> str:
        if self._is_verified:
            return "a partial of a file that is complete"
        if self._partials or self._wanted_away:
            return "a partial"
        other = path.with_suffix(JOURNAL if path.suffix == PART else PART)
        if other.name not in self._names and _age(path) > HOUR:
            return "half of a partial: it cannot be resumed"
        if not self._is_known and _age(path) > FORGOTTEN:
            return "a partial of a file that is not in this registry"
        return ""


# --- beside it --------------------------------------------------------------------------------


def _files(
    cache: Cache, registry: RegistryIndex, choice: Selection, faults: list[CacheError]
) -> Iterator[Removable]:
    for name in registry.entries:
        if not is_held(Path(cache.root, STATE_FOLDER, name, "lock")):
            found = _file(cache, registry, choice, name)
            yield from _all_of(found, Path(cache.root, name), faults)


def _file(
    cache: Cache, registry: RegistryIndex, choice: Selection, name: str
) -> Iterator[Removable]:
    path = Path(cache.root, name)
    if name in choice.files and _is_plain(cache.root, path):
        entry = registry.entries[name]
        if not _is_foreign(cache, entry):
            right = "verified" if entry.hash else "pinned"
            why = f"the {right} file" if _is_warm(cache, entry) else "the file"
            yield Removable(path, _freed(path), why, name)


def _of_pooch(
    cache: Cache, registry: RegistryIndex, faults: list[CacheError]
) -> Iterator[Removable]:
    """Find what pooch has left in the folders that it puts the registry's files into."""
    root, names = cache.root, registry.entries
    folders = {Path(root), *(Path(root, name).parent for name in names)}
    for folder in sorted(folders - {Path(tempfile.gettempdir())}):  # there, they may be anybody's
        yield from _all_of(_of_pooch_in(folder, root, names), folder, faults)


def _of_pooch_in(folder: Path, root: str, names: Mapping[str, Entry]) -> Iterator[Removable]:
    for path in _listed(folder):
        is_ours = path.relative_to(root).as_posix() in names
        if not is_ours and _POOCH(path.name) and _is_plain(root, path) and _age(path) > DAY:
            yield Removable(path, _freed(path), "a temporary file of pooch's", None)


def _is_warm(cache: Cache, entry: Entry) -> bool:
    with suppress(EvioDataError):
        return cache.cached_file(entry).is_warm(entry.hash)
    return False


def _is_foreign(cache: Cache, entry: Entry) -> bool:
    with suppress(EvioDataError):
        return cache.cached_file(entry).owner(entry.hash) is not None
    return False


def _is_plain(root: str, path: Path) -> bool:
    """Say whether a path is a regular file, and below the root through real folders only."""
    return stat.S_ISREG(_mode(path)) and _is_below(root, path)


def _is_below(root: str, path: Path) -> bool:
    between = path.relative_to(root).parents
    return all(stat.S_ISDIR(_mode(Path(root, part))) for part in between if part.parts)


def _listed(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except _NOT_THERE:
        return []


def _status(path: Path) -> os.stat_result | None:
    """Return what the system tells of a path; None if there is nothing of that name.

    Raises
    ------
    OSError
        If that cannot be told.
    """
    try:
        return path.lstat()
    except _NOT_THERE:
        return None


def _mode(path: Path) -> int:
    status = _status(path)
    return 0 if status is None else status.st_mode


def _age(path: Path) -> float:
    status = _status(path)
    return 0.0 if status is None else time.time() - status.st_mtime


def _freed(path: Path) -> int:
    status = _status(path)
    if status is None or status.st_nlink > 1:
        return 0
    blocks = getattr(status, "st_blocks", None)
    return status.st_size if blocks is None else min(status.st_size, blocks * SECTOR)


# --- removing ---------------------------------------------------------------------------------


def _unlink(root: str, path: Path) -> None:
    """Remove a file below the root; a folder that has become a link on the way stops it."""
    *folders, name = path.relative_to(root).parts
    with Folder(root, *folders) as folder:
        folder.unlink(name)


def _prune(root: str, folder: Path) -> None:
    """Remove a folder if nothing is left in it, and those around it likewise."""
    with suppress(OSError):
        while folder != Path(root) and _is_below(root, folder):
            folder.rmdir()
            folder = folder.parent
