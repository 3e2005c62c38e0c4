"""Small requests in parallel: each has its answer, and a silent host costs no more than time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from evio_data._http.connection import BusyError, HttpSession, TransportError
from evio_data._transfer.questions import MAX_IN_VAIN, GaveUpError, Questions
from evio_data.errors import DownloadError, NotFoundError


def questions(connections: int = 3, retries: int = 2, said: list[str] | None = None) -> Questions:
    """Return questions that lose patience soon."""
    message: Callable[[str], None] = (said if said is not None else []).append
    return Questions(connections=connections, timeout=1, retries=retries, message=message)


def test_answers_are_in_the_order_of_the_questions() -> None:
    """Whichever thread answers, each answer belongs to its question."""

    def work(_: HttpSession, task: int) -> int:
        time.sleep(0.001 * (task % 3))
        return task * task

    assert questions().in_parallel(range(40), work) == [task * task for task in range(40)]
    assert questions().in_parallel([], work) == []


def test_a_question_that_fails_fails_alone() -> None:
    """A typed error, and a host that does not answer, are the outcome of their question."""

    def work(_: HttpSession, task: str) -> str:
        if task == "gone":
            raise NotFoundError("gone.")
        if task == "silent":
            raise GaveUpError("nothing")
        return task

    found = questions().in_parallel(["a", "gone", "silent", "b"], work)
    assert (found[0], found[3]) == ("a", "b")
    assert isinstance(found[1], NotFoundError)
    assert isinstance(found[2], DownloadError)


def test_a_fault_of_ours_is_raised() -> None:
    """An error that nobody foresaw is not swallowed by a thread."""
    with pytest.raises(ZeroDivisionError):
        questions().in_parallel([1, 0, 2], lambda _, task: 1 // task)


def test_what_takes_too_long_is_left_out() -> None:
    """After the time that the answers are worth, those that are there are returned."""
    over = threading.Event()

    def work(_: HttpSession, task: int) -> int:
        if task == 1:
            over.wait(60)
        return task

    try:
        assert questions().in_parallel([0, 1, 2], work, within=0.5) == [0, None, 2]
    finally:
        over.set()


def failing(times: int, error: Exception) -> Callable[[], int]:
    """Return a question that fails so often, and then returns the number of tries."""
    tries = 0

    def ask() -> int:
        nonlocal tries
        tries += 1
        if tries <= times:
            raise error
        return tries

    return ask


@pytest.mark.parametrize("error", [TransportError("reset"), BusyError("429", wait=0.0)])
def test_what_may_pass_is_asked_again(error: Exception) -> None:
    """A fault that passes costs some tries; one that does not is told with its words."""
    assert questions(retries=2).patiently(failing(2, error)) == 3
    with pytest.raises(GaveUpError, match=str(error)):
        questions(retries=2).patiently(failing(3, error))


def test_a_refusal_is_an_answer() -> None:
    """What will not pass is not asked again."""
    ask = failing(1, NotFoundError("gone."))
    with pytest.raises(NotFoundError):
        questions().patiently(ask)
    assert ask() == 2


def test_a_host_that_never_answers_is_asked_less() -> None:
    """After some questions in vain the others are not asked with all patience any more."""
    asking = questions(retries=1)
    for _ in range(MAX_IN_VAIN):
        with pytest.raises(GaveUpError):
            asking.patiently(failing(9, TransportError("reset")))
    with pytest.raises(GaveUpError, match="has not answered for some time"):
        asking.patiently(failing(0, TransportError("reset")))
