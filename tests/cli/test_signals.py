"""Signals that come when they are not convenient."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SWALLOWS = """
import signal

class Named:
    def __set_name__(self, owner, name):
        signal.raise_signal(signal.SIGINT)

try:
    class Owner:
        name = Named()
except RuntimeError:
    pass
"""
MAIN = """
import sys, time
from evio_data._cli.signals import stop_on_signals
sys.path.insert(0, sys.argv[1])
try:
    stop_on_signals()
    import swallows
    time.sleep(20)
except KeyboardInterrupt:
    print("interrupted", "swallows" in sys.modules)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers for signals")
def test_signal_in_an_import(tmp_path: Path) -> None:
    """A signal in an import, where anybody may swallow it, comes again when that is over."""
    (tmp_path / "swallows.py").write_text(SWALLOWS)
    command = [sys.executable, "-c", MAIN, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "interrupted True\n", done.stderr


HITS = """
import random, signal, threading
from evio_data._transfer.cancellation import OneShotEvent

class Hit(Exception):
    pass

def hit(number, frame):
    raise Hit

signal.signal(signal.SIGALRM, hit)
latch, dice = OneShotEvent(), random.Random(1)
for _ in range(3000):
    try:
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-5, 5e-4))
        for _ in range(20):
            assert not latch.wait(1e-4)
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Hit:
        pass
latch.open()
latch.open()
assert latch.wait(1)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers for signals")
def test_signal_in_a_wait() -> None:
    """Whenever a signal interrupts a wait, it is the signal's own exception that comes out."""
    # coverage has locks of its own, which do not bear it
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    subprocess.run([sys.executable, "-c", HITS], env=bare, timeout=60, check=True)


STARTS = """
import random, signal, threading
from evio_data._cli import signals as _signals

hits, dice = 0, random.Random(1)
for _ in range(2000):
    _signals.stop_on_signals()
    try:
        signal.setitimer(signal.ITIMER_REAL, dice.uniform(1e-5, 2e-4))
        for _ in range(10):
            threading.Thread(target=int).start()
        signal.setitimer(signal.ITIMER_REAL, 0)
    except KeyboardInterrupt:
        hits += 1
assert hits > 100, hits
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there are no timers for signals")
def test_signal_in_the_start_of_a_thread() -> None:
    """A signal while a thread is being started breaks none of its locks."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE")}
    subprocess.run([sys.executable, "-c", STARTS], env=bare, timeout=60, check=True)


AT_START = """
import os, signal, sys

def hit(event, arguments):
    if event == "import" and arguments[0] == sys.argv[-1] and not hits:
        hits.append(1)
        os.kill(os.getpid(), signal.SIGINT)

hits = []
sys.addaudithook(hit)
from evio_data._cli.main import main
main(["list"])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize(
    "module",
    ["evio_data._cli.signals", "argparse", "evio_data._cli.parser"],
)
def test_signal_while_the_command_starts(module: str) -> None:
    """A signal in the first imports ends the command in good order, without a traceback."""
    done = subprocess.run(
        [sys.executable, "-c", AT_START, module],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode in (0, 130)
    assert ("Interrupted. Run again to go on." in done.stderr) is (done.returncode == 130)
    assert "Traceback" not in done.stderr
