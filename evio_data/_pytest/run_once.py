"""Run work once for several processes, and give all of them its result."""

import pickle
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from .._cache.locks import Lock
from .._files import write_atomically

Result = TypeVar("Result")

POLL = 0.05  # seconds between two looks whether the process that works is done


def once(folder: Path, key: str, work: Callable[[], Result]) -> Result:
    """Return what the work gives, done by whichever process comes first.

    The others wait. If the one that works dies, or cannot write down what it has, the next one
    takes over.

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
        with suppress(OSError):
            done: Result = pickle.loads(result.read_bytes())  # noqa: S301 - ours, in our folder
            return done
        done = work()
        with suppress(OSError):  # a full disk
            write_atomically(result, pickle.dumps(done))
        return done
    finally:
        lock.release()
