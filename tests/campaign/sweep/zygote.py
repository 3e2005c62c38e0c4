"""A process with everything imported, which forks one child for each command that it is told."""

from __future__ import annotations

import ctypes
import json
import os
import pkgutil
import random
import sys
from contextlib import suppress
from importlib import import_module

WITHOUT = ("dask", "_cluster", "pytest_plugin", "_pytest", "testing", "__main__")


def load() -> None:
    """Import what a command might: then each child runs no longer than its own work."""
    import evio_data

    for module in pkgutil.walk_packages(evio_data.__path__, "evio_data."):
        if module.name.split(".")[1] not in WITHOUT:
            with suppress(ImportError):  # of an extra
                import_module(module.name)


def next_child() -> tuple[list[str], str]:
    """Fork for each line that is read; return the command, in the child."""
    while line := sys.stdin.readline():
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            return _become(job)
        print(child, flush=True)
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)
    os._exit(0)


def _become(job: dict[str, object]) -> tuple[list[str], str]:
    os.setsid()
    random.seed()
    for target, name in ((0, "/dev/null"), (1, job["out"]), (2, job["err"])):
        flags = os.O_RDONLY if target == 0 else os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        descriptor = os.open(str(name), flags, 0o666)
        os.dup2(descriptor, target)
        os.close(descriptor)
    os.chdir(str(job["folder"]))
    os.environ.update(job["environment"])  # type: ignore[call-overload]
    arm = job["arm"]
    assert isinstance(arm, dict)
    log = os.open(arm["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666) if arm["log"] else -1
    root = str(job["root"]).encode()
    ctypes.CDLL(None).sweep_arm(root, log, ctypes.c_long(arm["at"]), arm["how"], arm["errno"])
    return list(job["command"]), str(job["code"])  # type: ignore[call-overload]


if __name__ == "__main__":
    load()
    print("ready", flush=True)
    sys.argv, _code = next_child()
    exec(compile(_code, "<command>", "exec"))
