"""Call a processor under the lock of its file, so that its result is made once."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

import pooch

from .._cache.files import CachedFile
from .._cache.locks import Lock
from .._files import open_nofollow

FOLDER = "processors"  # in our folder for the file
POLL = 0.05  # seconds between two looks whether another process is done
MAX_RECORD = 200  # bytes
SUFFIX = ".record"
_DONE = "done"
_inside = threading.local()  # the files whose processor is running in this thread


def processed(
    cached_file: CachedFile,
    processor: Callable[[str, Any, Any], Any],
    pup: Any,
    obtain: Callable[[], str],
    tell: Callable[[str], None],
) -> Any:
    """Have a file, and return what a processor makes of it.

    One process at a time has the file and calls its processor. A record says for which hash it
    has been done. Where there is none because the processor was killed or failed, it is told
    that the file is new, and makes everything again: pooch's own take what is there for whole.

    Parameters
    ----------
    cached_file : CachedFile
    processor : callable
    pup : pooch.Pooch or None
        Who calls.
    obtain : callable
        Has the file, and returns pooch's word for what that took.
    tell : callable
        Takes words for the person who waits.
    """
    with _alone(cached_file, tell):
        action = obtain()
        record = _Record(cached_file, processor)
        stamp = cached_file.stamp()
        known = stamp.hash if stamp else "?"
        if action == "fetch" and not record.allows(known):
            action = "update"
        if action == "fetch" and record.is_done(known) and _is_known(processor):
            return processor(cached_file.final, action, pup)  # makes nothing that is there
        record.write(known, "begun")
        made = processor(cached_file.final, action, pup)
        record.write(known, _DONE)
        return made


@contextmanager
def _alone(cached_file: CachedFile, tell: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock on what is made of a file; a processor may fetch its own file again."""
    held: set[str] = _inside.__dict__.setdefault("held", set())
    if cached_file.final in held:
        yield
        return
    lock = Lock(f"{_folder_of(cached_file)}{os.sep}lock")
    _acquire(lock, tell)
    held.add(cached_file.final)
    try:
        yield
    finally:
        held.discard(cached_file.final)
        lock.release()


def _acquire(lock: Lock, tell: Callable[[str], None]) -> None:
    """Take the lock, however long its holder works: it is freed when the holder ends or dies."""
    if lock.acquire():
        return
    tell("waiting for another process that unpacks it")
    while not lock.acquire():
        time.sleep(POLL)


def _folder_of(cached_file: CachedFile) -> str:
    return f"{cached_file.state_path}{os.sep}{FOLDER}"  # text: a Path costs as much as the lock


class _Record:
    """For which hash a processor has been called to its end, beside the file's stamp."""

    def __init__(self, cached_file: CachedFile, processor: object) -> None:
        self._folder = _folder_of(cached_file)
        self._name = sha256(_identity(processor).encode()).hexdigest()[:16] + SUFFIX
        self._texts = dict(self._read_all())

    def allows(self, known: str) -> bool:
        """Say whether what is there may be taken for whole.

        It may not where this processor was called for another hash, or where any one was not
        called to its end: two of them may write into one folder.
        """
        mine = self._texts.get(self._name)
        is_mine = mine in (None, f"{known} {_DONE}")
        return is_mine and all(text.endswith(_DONE) for text in self._texts.values())

    def is_done(self, known: str) -> bool:
        """Say whether it has been done for this hash."""
        return self._texts.get(self._name) == f"{known} {_DONE}"

    def write(self, known: str, state: str) -> None:
        """Take note; a disk that takes no notes leaves it to the processor."""
        self._texts[self._name] = f"{known} {state}"
        with suppress(OSError):
            folder = Path(self._folder)
            folder.mkdir(parents=True, exist_ok=True)
            (folder / self._name).write_text(self._texts[self._name], encoding="ascii")

    def _read_all(self) -> Iterator[tuple[str, str]]:
        with suppress(OSError):
            for name in os.listdir(self._folder):  # noqa: PTH208
                if name.endswith(SUFFIX):
                    with open_nofollow(f"{self._folder}{os.sep}{name}", os.O_RDONLY) as file:
                        yield name, file.read(MAX_RECORD).decode("ascii", "replace")


def _identity(processor: object) -> str:
    """Return what two processors that make the same of a file have in common."""
    named = processor if hasattr(processor, "__qualname__") else type(processor)
    wish = sorted(vars(processor).items()) if _is_known(processor) else ""
    return f"{named.__module__}.{getattr(named, '__qualname__', '')} {wish}"


def _is_known(processor: object) -> bool:
    """Say whether it is one of pooch's own, whose attributes say what it makes."""
    return type(processor) in (pooch.Decompress, pooch.Unzip, pooch.Untar)
