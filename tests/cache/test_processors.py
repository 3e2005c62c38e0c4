"""How busy the processors are, told from what the system says."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from evio_data._cache.processors import Processors, ThreadLoad

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere less is known")


@contextmanager
def _computing(count: int) -> Iterator[None]:
    """Let programs compute for as long as this lasts."""
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for one in busy:
            one.kill()
            one.wait()


def test_one_moment_is_no_load() -> None:
    """A machine is not full at the first look, however much it does in that moment."""
    count = len(os.sched_getaffinity(0))
    if count > 16:
        pytest.skip("it takes too many programs to fill this machine four times")
    with _computing(4 * count + 8):
        time.sleep(0.2)  # they have started, most of them
        assert not Processors().are_full()


def test_full() -> None:
    """With more programs that compute than there are processors, the machine is full."""
    if len(os.sched_getaffinity(0)) < (os.cpu_count() or 1):
        pytest.skip("a part of a machine only")
    processors = Processors()
    with _computing(2 * (os.cpu_count() or 1) + 1):
        until = time.monotonic() + 60
        while not processors.are_full():
            assert time.monotonic() < until
            time.sleep(0.02)


def test_a_part_of_a_machine() -> None:
    """Who may use one processor of several does not take the others' load for its own."""
    if (os.cpu_count() or 1) < 2:
        pytest.skip("one processor is the machine")
    code = (
        "import os, time; os.sched_setaffinity(0, [min(os.sched_getaffinity(0))]);"
        "from evio_data._cache.processors import Processors; them = Processors();"
        "print(any((time.sleep(0.11), them.are_full())[1] for _ in range(8)))"
    )
    with _computing(2 * (os.cpu_count() or 1) + 1):
        told = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert told.stdout == b"False\n"


def test_a_thread_that_computes_is_full() -> None:
    """Who only computes wants a processor all the time, also while others have it; no sleeper."""
    load = ThreadLoad()
    until = time.monotonic() + 0.1
    while time.monotonic() < until:
        pass
    assert load.is_full()
    time.sleep(0.5)  # long beside what a full machine may keep it waiting after that
    assert not load.is_full()
