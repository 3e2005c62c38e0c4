"""Imports that a fork waits for: a child must not inherit the lock of a half-done import."""

import _thread
import os
import sys

# Python's import locks belong to threads. A child that is forked while another thread imports has
# a copy of the lock, and nobody who will ever release it.
importing = _thread.RLock()


def _wait() -> None:
    """Wait for the imports; take what modules that came meanwhile will release after the fork."""
    late = [module for module in _RELEASED if module not in sys.modules]
    importing.acquire()
    for module in (sys.modules[name] for name in late if name in sys.modules):
        if not getattr(module.__spec__, "_initializing", False):
            getattr(module, _RELEASED[module.__name__]).acquire()


# Their locks are taken before a fork and released after it; a module that is first imported while
# a fork waits has only the second half registered in time.
_RELEASED = {"logging": "_lock", "concurrent.futures.thread": "_global_shutdown_lock"}
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_wait,
        after_in_parent=importing.release,
        after_in_child=importing.release,
    )
