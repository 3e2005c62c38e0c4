"""A fork while another thread fetches: the child can fetch, and waits for nobody."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
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


HALF = """
import os, sys, threading, time
import evio_data

def load():
    try:
        import half.whole
    except ImportError:
        pass

os.mkdir("half")
open("half/__init__.py", "w").write("import half.below, time; time.sleep(1); done = True")
open("half/below.py", "w").write("")
open("half/whole.py", "w").write("")
sys.path.insert(0, os.getcwd())
thread = threading.Thread(target=load)
thread.start()
while "half.below" not in sys.modules:
    time.sleep(0.01)
if not (child := os.fork()):
    import half.whole, half.below
    os._exit(0 if half.done and half.below and half.whole else 1)
print(os.waitpid(child, 0)[1])
thread.join()
import half.whole
print(half.done, half.below.__name__)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there are no forks here")
def test_module_that_another_thread_was_importing(tmp_path: Path) -> None:
    """A child imports anew what its parent's thread had half done; the parent's is whole."""
    command = [sys.executable, "-W", "ignore", "-c", HALF]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=60, cwd=tmp_path
    )
    assert (done.stdout, done.stderr) == ("0\nTrue half.below\n", "")
