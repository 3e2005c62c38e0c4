"""Imports that a fork waits for: a child must not inherit the lock of a half-done import."""

import _thread
import os

# Python's import locks belong to threads. A child that is forked while another thread imports has
# a copy of the lock, and nobody who will ever release it.
importing = _thread.RLock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=importing.acquire,
        after_in_parent=importing.release,
        after_in_child=importing.release,
    )
