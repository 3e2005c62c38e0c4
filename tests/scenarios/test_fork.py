"""A fork while another thread fetches: the child can fetch, and waits for nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive

FORKS = """
import os, signal, sys, threading, time, warnings
warnings.simplefilter("ignore")
import evio_data

def fetch():
    evio_data.fetch("a.raw")

thread = threading.Thread(target=fetch)
thread.start()
children = []
for number in range(int(sys.argv[1])):
    child = os.fork()
    if not child:
        signal.alarm(30)
        evio_data.fetch("b.raw")
        os._exit(0)
    children.append(child)
    time.sleep(0.002)
codes = [os.waitpid(child, 0)[1] for child in children]
thread.join()
print(codes.count(0), len(codes))
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_children_of_a_fetching_process(drive: Drive) -> None:
    """Children that are forked at any moment of another thread's fetch finish their own."""
    drive.add("a.raw", noise(400_000), rate=2e6)
    drive.add("b.raw", noise(1000))
    command = [sys.executable, "-c", FORKS, "12"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)
    assert done.stdout == "12 12\n", done.stderr[-2000:]
    assert done.stderr == ""


LATE = """
import os, threading, time
from evio_data._fork import importing

def load():
    with importing:
        held.set()
        time.sleep(0.2)
        import concurrent.futures.thread, logging

held = threading.Event()
thread = threading.Thread(target=load)
thread.start()
held.wait()
if not (child := os.fork()):
    import logging
    logging.getLogger("child").setLevel("INFO")
    os._exit(0)
thread.join()
import logging
logging.getLogger("parent").setLevel("INFO")
print(os.waitpid(child, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_modules_that_come_while_a_fork_waits() -> None:
    """What such a module releases after a fork was taken before it, here and in the child."""
    command = [sys.executable, "-c", LATE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.stdout, done.stderr) == ("0\n", "")
