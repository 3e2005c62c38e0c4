"""Signals that come when they are not convenient."""

from __future__ import annotations

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
from evio_data._signals import stop_on_signals
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
