"""Run our commands, each in a process of its own, without the time that Python takes to start.

A process that has imported everything makes a copy of itself for each command (`os.fork`): what
runs has its own arguments, environment, folder, standard streams and exit code, as any process,
and ends as any. Where there is no fork, and for tests of the start itself, there is ``subprocess``.
"""

from __future__ import annotations

import array
import atexit
import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

Text = str | os.PathLike[str]
CODE = "import sys; from evio_data._cli import main as _cli; getattr(_cli, sys.argv.pop(1))()"
PATIENCE = 60.0  # seconds
_HEAD = struct.Struct("!I")


class Result(NamedTuple):
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output as the one JSON value that it is."""
        return json.loads(self.out)


def run(*words: Text, entry: str = "main", cwd: Text | None = None, **environment: str) -> Result:
    """Run ``evio-data``, or ``prefetch-datasets``, without a terminal, to its end."""
    told = [entry, *map(str, words)]
    env = {**os.environ, **environment}
    if not hasattr(os, "fork") or sys.platform == "darwin":
        done = subprocess.run(
            [sys.executable, "-c", CODE, *told],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            cwd=cwd,
            env=env,
            timeout=PATIENCE,
            check=False,
        )
        return Result(done.returncode, done.stdout.decode(), done.stderr.decode())
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        order = {"argv": ["evio-data", *told], "env": env, "cwd": str(cwd or Path.cwd())}
        code = _nursery().run(order, [out.fileno(), err.fileno()])
        for file in (out, err):
            file.seek(0)
        return Result(code, out.read().decode(), err.read().decode())


def completed(
    *words: Text, cwd: Text | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run ``evio-data`` in the same way; return what `subprocess.run` would."""
    code, out, err = run(*words, cwd=cwd, **environment)
    return subprocess.CompletedProcess(["evio-data", *map(str, words)], code, out, err)


class _Nursery:
    """The process that makes the copies, one after the other."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._line, theirs = socket.socketpair()
        self._line.settimeout(PATIENCE)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands", str(theirs.fileno())],
            cwd=Path(__file__).parents[1],
            pass_fds=[theirs.fileno()],
        )
        theirs.close()
        atexit.register(self.close)

    def run(self, order: dict[str, Any], streams: list[int]) -> int:
        """Have a command run with these standard streams; return its exit code."""
        text = json.dumps(order).encode("utf-8", "surrogateescape")
        with self._lock:
            socket.send_fds(self._line, [_HEAD.pack(len(text))], streams)
            self._line.sendall(text)
            return int(struct.unpack("!i", _exactly(self._line, 4))[0])

    def close(self) -> None:
        """Let it end."""
        self._line.close()
        self._process.wait(PATIENCE)


@cache
def _nursery() -> _Nursery:
    return _Nursery()


def _exactly(line: socket.socket, count: int) -> bytes:
    """Return so many bytes; fewer only at the end."""
    whole = b""
    while len(whole) < count and (piece := line.recv(count - len(whole))):
        whole += piece
    return whole


def _serve(line: socket.socket) -> None:
    """Make a copy for every order; in the copy, return to run it."""
    size = array.array("i").itemsize
    while True:
        head, rights, _, _ = line.recvmsg(_HEAD.size, socket.CMSG_SPACE(2 * size))
        if not head:
            raise SystemExit
        streams = array.array("i", b"".join(data for _, _, data in rights))
        order = json.loads(_exactly(line, _HEAD.unpack(head)[0]).decode("utf-8", "surrogateescape"))
        pid = os.fork()
        if not pid:
            _become(order, streams)
            return
        for stream in streams:
            os.close(stream)
        status = os.waitpid(pid, 0)[1]
        line.sendall(struct.pack("!i", os.waitstatus_to_exitcode(status)))


def _become(order: dict[str, Any], streams: array.array[int]) -> None:
    """Take the arguments, the environment, the folder and the streams of an order."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.argv[:] = order["argv"]
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, stream in enumerate((nothing, *streams)):
        os.dup2(stream, number)
        os.close(stream)
    sys.stdin = os.fdopen(0, closefd=False)
    sys.stdout = os.fdopen(1, "w", closefd=False)
    sys.stderr = os.fdopen(2, "w", closefd=False, errors="backslashreplace", buffering=1)


def main() -> None:
    """Serve one caller, and in each copy run what it asked for."""
    from evio_data import _api  # noqa: F401 - what most commands need, for all copies to have
    from evio_data._cli import main as commands
    from evio_data._transfer import engine  # noqa: F401

    with socket.socket(fileno=int(sys.argv[1])) as line:
        _serve(line)
    getattr(commands, sys.argv.pop(1))()


if __name__ == "__main__":
    main()
