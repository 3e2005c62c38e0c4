"""Turns in the interpreter: one thread computes, unless it waits, or the disk is what all await."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext, suppress

import pytest

from evio_data._transfer.turns import SAMPLE, Turn, Turns

SOON = 10.0  # seconds; only ever reached by a bug


def taken_elsewhere(turns: Turns) -> bool:
    """Say whether another thread could take its turn now."""
    got = turns.lock.acquire(blocking=False)
    if got:
        turns.lock.release()
    return not got


def spend(turn: Turn, seconds: float) -> None:
    """Have a turn for so long, with nothing to compute."""
    with turn:
        time.sleep(seconds)


def test_one_at_a_time() -> None:
    """While one thread has its turn, no other has; afterwards they may."""
    turns = Turns()
    with Turn(turns):
        assert taken_elsewhere(turns)
    assert not taken_elsewhere(turns)


def test_aside() -> None:
    """Who waits lets others compute, and goes on when it is his turn again."""
    turns, began, ended = Turns(), threading.Event(), threading.Event()

    def other() -> None:
        with Turn(turns):
            began.set()
        ended.set()

    turn = Turn(turns)
    with turn:
        thread = threading.Thread(target=other)
        with turn.aside:
            thread.start()
            assert began.wait(SOON)
        assert taken_elsewhere(turns)
    assert ended.wait(SOON)
    thread.join()


def test_aside_of_no_turn() -> None:
    """Waiting without a turn takes none."""
    turns = Turns()
    with Turn(turns).aside:
        pass
    assert not taken_elsewhere(turns)


@pytest.mark.parametrize("is_aside", [False, True])
def test_an_error_gives_it_back(*, is_aside: bool) -> None:
    """Whatever goes wrong in a turn, or while it is left, the others have theirs."""
    turns = Turns()
    turn = Turn(turns)
    with suppress(OSError), turn, turn.aside if is_aside else nullcontext():
        raise OSError
    assert not taken_elsewhere(turns)


def test_disk_that_all_wait_for() -> None:
    """Turns in which the processor has little to do are given up for a while."""
    turns = Turns()
    spend(Turn(turns), 1.2 * SAMPLE)
    assert not turns.are_wanted
    with Turn(turns):
        assert not taken_elsewhere(turns)


def test_somebody_who_hangs_on_to_it() -> None:
    """Nobody waits for long: a thread goes on without its turn, and so do all others."""
    turns = Turns()
    with Turn(turns):
        began = time.monotonic()
        thread = threading.Thread(target=spend, args=(Turn(turns), 0.0))
        thread.start()
        thread.join(SOON)
        assert not thread.is_alive()
        assert time.monotonic() - began < SOON
        assert not turns.are_wanted
