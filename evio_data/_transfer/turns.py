"""Take turns in the interpreter, where small files come faster than Python handles them."""

import threading
import time
from contextlib import AbstractContextManager
from typing import Self

PATIENCE = 1.0  # seconds after which a thread goes on without its turn
SAMPLE = 0.2  # seconds spent in turns, after which they are judged
BUSY = 0.5  # of that time, at the least, for turns to be worth it
WITHOUT = 2.0  # seconds for which there are none, where they were not


class Turns:
    """The turns of all threads of a run.

    Threads that compute at once get no more done in Python: they take the interpreter from each
    other at every call of the system, and sixteen need twice the time of one. So one computes
    while the others wait for the network. While the disk is what all wait for, there are none.
    """

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._spent = self._computed = self._again_at = 0.0

    @property
    def are_wanted(self) -> bool:
        """Whether threads should take turns now."""
        return time.monotonic() >= self._again_at

    def pause(self) -> None:
        """Let all threads compute at once for a while."""
        self._again_at = time.monotonic() + WITHOUT

    def note(self, spent: float, computed: float) -> None:
        """Take in how long a turn was, and how much of it the processor worked, in seconds."""
        self._spent += spent
        self._computed += computed
        if self._spent > SAMPLE:
            if self._computed < BUSY * self._spent:
                self.pause()
            self._spent = self._computed = 0.0


class Turn:
    """The turn of one thread: taken by ``with turn``, and left while in ``with turn.aside``.

    Parameters
    ----------
    turns : Turns

    Attributes
    ----------
    aside : context manager
        For whatever may take long.
    """

    def __init__(self, turns: Turns) -> None:
        self.aside: AbstractContextManager[object] = _Aside(self)
        self._turns = turns
        self._is_taken = False
        self._began = self._computed = 0.0

    def __enter__(self) -> Self:
        turns = self._turns
        if turns.are_wanted:
            self._is_taken = turns.lock.acquire(timeout=PATIENCE)
            if not self._is_taken:
                turns.pause()  # somebody hangs on to it
            self._began, self._computed = time.monotonic(), time.thread_time()
        return self

    def __exit__(self, *_: object) -> None:
        self.leave()

    def leave(self) -> bool:
        """Let others compute; say whether it was this thread's turn."""
        if not self._is_taken:
            return False
        self._is_taken = False
        try:
            self._turns.note(time.monotonic() - self._began, time.thread_time() - self._computed)
        finally:
            self._turns.lock.release()
        return True


class _Aside:
    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._was_taken = False

    def __enter__(self) -> None:
        self._was_taken = self._turn.leave()

    def __exit__(self, *_: object) -> None:
        if self._was_taken:
            self._turn.__enter__()
