"""How busy the processors are, told from what the system says."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from evio_data._cache.processors import Processors, ThreadLoad

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere less is known")


def test_one_moment_is_no_load() -> None:
    """A machine is not full at the first look, whatever it does in that moment."""
    assert not Processors().are_full()


def test_full() -> None:
    """With more programs that compute than there are processors, the machine is full."""
    processors = Processors()
    count = 2 * len(os.sched_getaffinity(0)) + 1
    busy = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        until = time.monotonic() + 60
        while not processors.are_full():
            assert time.monotonic() < until
            time.sleep(0.02)
    finally:
        for one in busy:
            one.kill()
            one.wait()


def test_a_thread_that_computes_is_full() -> None:
    """Who only computes wants a processor all the time, also while others have it; no sleeper."""
    load = ThreadLoad()
    until = time.monotonic() + 0.1
    while time.monotonic() < until:
        pass
    assert load.is_full()
    time.sleep(0.1)
    assert not load.is_full()
