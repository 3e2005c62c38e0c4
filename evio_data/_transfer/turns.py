"""Take turns in the interpreter, where small files come faster than Python handles them."""

import time
from contextlib import AbstractContextManager
from threading import Lock
from typing import Self

PATIENCE = 0.25  # seconds without a change of turns, after which they are given up
SAMPLE = 0.2  # seconds spent in turns, after which they are judged
BUSY = 0.5  # of that time, at the least, for turns to be worth it
WITHOUT = 2.0  # seconds for which there are none, where they were not
SLICE = 0.01  # seconds that a turn may last, over several files
SHORT = 0.0005  # seconds of a wait for the network that are not worth a change of turns
WEIGHT = 0.2  # of the newest wait in their mean
TRIAL = 0.5  # seconds after which one wait is tried again, where they were long


class Turns:
    """The turns of all threads of a run.

    Threads that compute at once get no more done in Python: they take the interpreter from each
    other at every call of the system, and sixteen need twice the time of one. So one computes
    while the others wait for the network. Where the network answers at once, the one goes on to
    the next file: to change would take longer. While the disk is what all wait for, there are
    no turns.
    """

    def __init__(self) -> None:
        self.lock = Lock()
        self.changes = 0
        self._spent = self._computed = self._again_at = 0.0
        self._wait = SHORT  # the mean wait for the network, in seconds; not known yet
        self._try_at = 0.0
        self._is_stuck = False

    @property
    def are_wanted(self) -> bool:
        """Whether threads should take turns now."""
        is_stuck = self._is_stuck and self.lock.locked()  # else whoever it was has just left
        return not is_stuck and time.monotonic() >= self._again_at

    @property
    def are_kept(self) -> bool:
        """Whether a turn lasts over waits for the network, because they are short."""
        return self._wait < SHORT

    def are_kept_on_trial(self) -> bool:
        """Say the same; or yes, now and then, to learn whether they are short."""
        if self.are_kept:
            return True
        now = time.monotonic()
        if now < self._try_at:
            return False
        self._try_at = now + TRIAL
        return True

    def take(self) -> bool:
        """Take a turn; say no where somebody hangs on to it, or where the disk is awaited."""
        while self.are_wanted:
            before = self.changes
            if self.lock.acquire(timeout=PATIENCE):
                self.changes += 1
                return True
            self._is_stuck = self.changes == before
        return False

    def give_back(self, spent: float, computed: float) -> None:
        """End a turn that took so long, and in which the processor worked for so many seconds."""
        try:
            self._note(spent, computed)
        finally:
            self._is_stuck = False
            self.lock.release()

    def _note(self, spent: float, computed: float) -> None:
        self._spent += spent
        self._computed += computed
        if self._spent > SAMPLE:
            if self._computed < BUSY * self._spent:
                self._again_at = time.monotonic() + WITHOUT
            self._spent = self._computed = 0.0

    def note_wait(self, seconds: float) -> None:
        """Take in how long the network took, while a turn was kept."""
        self._wait = self._wait + WEIGHT * (seconds - self._wait) if self.are_kept else seconds


class Turn:
    """The turn of one thread: taken by ``with turn``, and left at the latest by `leave`.

    Parameters
    ----------
    turns : Turns

    Attributes
    ----------
    aside : context manager
        For whatever may take long: others have their turn.
    network : context manager
        For a wait for the network.
    """

    def __init__(self, turns: Turns) -> None:
        self.aside: AbstractContextManager[object] = _Aside(self)
        self.network: AbstractContextManager[object] = _Network(self, turns)
        self._turns = turns
        self._began = self._computed = 0.0
        self.is_taken = False

    def __enter__(self) -> Self:
        if not self.is_taken:
            self.is_taken = self._turns.take()
            if self.is_taken:
                self._began, self._computed = time.monotonic(), time.thread_time()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        if kind is not None or not self._turns.are_kept or time.monotonic() - self._began > SLICE:
            self.leave()

    def leave(self) -> None:
        """Let others compute; harmless where it is no turn of this thread's."""
        if self.is_taken:
            self.is_taken = False
            spent = time.monotonic() - self._began
            self._turns.give_back(spent, time.thread_time() - self._computed)


class _Aside:
    def __init__(self, turn: Turn) -> None:
        self._turn = turn
        self._was_taken = False

    def __enter__(self) -> None:
        self._was_taken = self._turn.is_taken
        self._turn.leave()

    def __exit__(self, *_: object) -> None:
        if self._was_taken:
            self._turn.__enter__()


class _Network:
    def __init__(self, turn: Turn, turns: Turns) -> None:
        self._turn = turn
        self._turns = turns
        self._is_kept = self._was_taken = False
        self._began = 0.0

    def __enter__(self) -> None:
        self._was_taken = self._turn.is_taken
        self._is_kept = self._was_taken and self._turns.are_kept_on_trial()
        if self._is_kept:
            self._began = time.monotonic()
        elif self._was_taken:
            self._turn.leave()

    def __exit__(self, *_: object) -> None:
        if self._is_kept:
            self._turns.note_wait(time.monotonic() - self._began)
        elif self._was_taken:
            self._turn.__enter__()
