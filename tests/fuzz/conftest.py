"""How long the fuzzers look: a moment in the suite, and as long as EVIO_FUZZ_EXAMPLES says."""

import atexit
import os
import shutil
import tempfile
from datetime import timedelta

from hypothesis import HealthCheck, configuration, settings

EXAMPLES = 100  # of each law, in the suite
DEADLINE = timedelta(seconds=5)  # for one example; only a hang takes as long

_home = tempfile.mkdtemp(prefix="evio-fuzz-")  # else there would be a .hypothesis in the tree
atexit.register(shutil.rmtree, _home, ignore_errors=True)
configuration.set_hypothesis_home_dir(_home)

_asked = os.environ.get("EVIO_FUZZ_EXAMPLES")
settings.register_profile(
    "evio",
    database=None,
    deadline=DEADLINE,
    derandomize=not _asked,
    max_examples=int(_asked or EXAMPLES),
    print_blob=bool(_asked),
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("evio")
