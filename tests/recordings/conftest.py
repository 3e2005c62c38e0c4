"""Hypothesis keeps its notes out of the tree."""

import atexit
import shutil
import tempfile

from hypothesis import configuration

_home = tempfile.mkdtemp(prefix="evio-recordings-")
atexit.register(shutil.rmtree, _home, ignore_errors=True)
configuration.set_hypothesis_home_dir(_home)
