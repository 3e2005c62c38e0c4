"""Turns in the interpreter: one thread computes, unless it waits, or the disk is what all await."""

from __future__ import annotations

import threading
import time
from contextlib import nullcontext, suppress

import pytest

from evio_data._transfer.turns import SAMPLE, SHORT, TRIAL, Turn, Turns

SOON = 10.0  # seconds; only ever reached by a bug


def taken_elsewhere(turns: Turns) -> bool:
    """Say whether another thread could not take its turn now."""
    got = turns.lock.acquire(blocking=False)
    if got:
        turns.lock.release()
    return not got


def spend(turn: Turn, seconds: float) -> None:
    """Have a turn for so long, with nothing to compute."""
    with turn:
        time.sleep(seconds)
    turn.leave()


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


@pytest.mark.parametrize("where", ["aside", "network"])
def test_aside_of_no_turn(where: str) -> None:
    """Waiting without a turn takes none."""
    turns = Turns()
    with getattr(Turn(turns), where):
        pass
    assert not taken_elsewhere(turns)


@pytest.mark.parametrize("where", [None, "aside", "network"])
def test_an_error_gives_it_back(where: str | None) -> None:
    """Whatever goes wrong in a turn, or while it is left, the others have theirs."""
    turns = Turns()
    turns.note_wait(0.0)
    turn = Turn(turns)
    with suppress(OSError), turn, getattr(turn, where) if where else nullcontext():
        raise OSError
    assert not taken_elsewhere(turns)


# --- waits for the network --------------------------------------------------------------------


def test_short_waits_are_no_change_of_turns() -> None:
    """Where the network answers at once, a turn lasts over the wait, and over several files."""
    turns = Turns()
    turns.note_wait(0.0)
    turn = Turn(turns)
    for _ in range(2):
        with turn:
            with turn.network:
                assert taken_elsewhere(turns)
            assert taken_elsewhere(turns)
    turn.leave()
    turn.leave()
    assert not taken_elsewhere(turns)
    assert turns.changes <= 2  # a slow machine may have used up the first one


def test_a_turn_has_an_end() -> None:
    """However short the waits are, others have their turn by and by."""
    turns = Turns()
    turns.note_wait(0.0)
    turn = Turn(turns)
    until = time.monotonic() + SOON
    while turn.is_taken or not turns.changes:
        assert time.monotonic() < until
        with turn:
            pass
    assert not taken_elsewhere(turns)


def test_long_waits_are_others_turns() -> None:
    """A wait that was long is not waited for with a turn again, but for a trial now and then."""
    turns = Turns()
    turns.note_wait(10 * SHORT)
    turn = Turn(turns)
    assert turns.are_kept_on_trial()
    with turn:
        with turn.network:
            assert not taken_elsewhere(turns)
        assert taken_elsewhere(turns)
    assert not taken_elsewhere(turns)
    until = time.monotonic() + SOON + TRIAL
    while not turns.are_kept:  # though many ask in the meantime
        assert time.monotonic() < until
        with turn, turn.network:
            pass
    turn.leave()


# --- when there are none ----------------------------------------------------------------------


def test_disk_that_all_wait_for() -> None:
    """Turns in which the processor has little to do are given up for a while."""
    turns = Turns()
    spend(Turn(turns), 1.2 * SAMPLE)
    assert not turns.are_wanted
    with Turn(turns):
        assert not taken_elsewhere(turns)


def test_somebody_who_hangs_on_to_it() -> None:
    """Nobody waits for long: a thread goes on without its turn, and so do all, until it ends."""
    turns = Turns()
    with Turn(turns):
        began = time.monotonic()
        for _ in range(3):
            thread = threading.Thread(target=spend, args=(Turn(turns), 0.0))
            thread.start()
            thread.join(SOON)
            assert not thread.is_alive()
            assert not turns.are_wanted
        assert time.monotonic() - began < SOON
    assert not taken_elsewhere(turns)
