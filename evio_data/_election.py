"""Work that several processes want in; one of them does it, and its result goes to all."""

import os
import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ._lock import Lock

Result = TypeVar("Result")

POLL = 0.05  # seconds between two looks whether the process that works is done


def once(folder: Path, key: str, work: Callable[[], Result]) -> Result:
    """Return what the work gives, done by whichever process comes first.

    The others wait. If the one that works dies, the next one takes over.

    Parameters
    ----------
    folder : path
        Only this user's (results are pickled) and these processes'; in it one works at a time.
    key : str
        A file name that tells this work from other work in the folder.
    work : callable
        What it returns can be pickled.
    """
    result = folder / key
    lock = Lock(folder / "lock")
    while not lock.acquire():
        time.sleep(POLL)
    try:
        if not result.exists():
            _write(result, pickle.dumps(work()))
        done: Result = pickle.loads(result.read_bytes())  # noqa: S301 - our own, in our own folder
        return done
    finally:
        lock.release()


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_bytes(data)
    fresh.replace(path)
