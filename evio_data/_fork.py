"""Forks while another thread imports: the child takes no half-done import for a whole one."""

import _thread
import os
import sys


def _forget_half_done_imports() -> None:
    """Drop the locks of imports that other threads had begun, and what they had of the modules.

    Python's import locks belong to threads. The child has copies of them, and nobody who will ever
    release them; it would wait for ever where it needs such a module, as every fetch does.
    """
    locks = vars(sys.modules["_frozen_importlib"])["_module_locks"]
    owners = {name: getattr(found(), "owner", None) for name, found in list(locks.items())}
    for name in [name for name, owner in owners.items() if owner != _thread.get_ident()]:
        locks.pop(name, None)
        spec = getattr(sys.modules.get(name), "__spec__", None)
        if getattr(spec, "_initializing", False):
            _forget(name)


def _forget(name: str) -> None:
    """Forget a module, and those below it: they are attributes of the one that is forgotten."""
    for each in [each for each in sys.modules if each == name or each.startswith(f"{name}.")]:
        del sys.modules[each]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_half_done_imports)
