"""One process to be measured: ``program.py MODULE.FUNCTION LISTING FOLDER [OPTION ...]``.

Each function in `programs` imports what it needs, starts the clock, does its work with the files
of the listing, and prints the seconds as JSON. The interpreter which has the peers runs this file
by its path; this package is then the installed one, for the tree comes last on the path.
"""

import sys
from importlib import import_module
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))
del sys.path[0]

from benchmarks.programs._process import files  # noqa: E402

name, listing, folder, *options = sys.argv[1:]
module, _, function = name.partition(".")
program = getattr(import_module(f"benchmarks.programs.{module}"), function)
program(files(listing, folder), *options)
