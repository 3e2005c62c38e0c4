"""Strangers who press to `evio-data serve`, and one who asks as one should."""

from __future__ import annotations

import hashlib
import http.client
import random
import re
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from signal import SIGINT
from typing import TYPE_CHECKING
from urllib.parse import quote

from ._clients import CLI

if TYPE_CHECKING:
    from ._world import World

IDLE = 120  # connections that ask nothing
RUDE = 40  # requests that are none
TRIES = 20  # of the polite one, who comes again when told that the server is busy
PATIENCE = 30.0  # seconds; only ever reached by a bug
POLITE = "127.0.0.2"  # on Linux any such address is another peer
_RUDE = (
    b"GET / HTTP/1.1\r\nA:" + b" " * 8000 + b"\0\r\n\r\n",
    b"GET /" + b"../" * 500 + b"etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"\x16\x03\x01\x02\x00" * 50,
    b"GET /%00 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nRange: bytes=" + b"0-0," * 2000 + b"\r\n\r\n",
)


def play(world: World) -> list[str]:
    """Serve the cache to a crowd; return what is wrong."""
    said = world.folder / "serve"
    with said.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", CLI, "serve", "--port", "0"],
            env=world.environment,
            cwd=world.empty,
            stdout=file,
            stderr=file,
        )
    try:
        failures = _press(world, process, _port(said, process))
        process.send_signal(SIGINT)
        code = process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        return ["stuck: serve does not end when asked to"]
    except LookupError as error:
        text = said.read_text(errors="replace")
        return [f"serve: {error}: {text[-600:]}"] if "error:" not in text else []
    finally:
        process.kill()
        process.wait()
    text = said.read_text(errors="replace")
    if code not in (0, 130):
        failures.append(f"exit code {code} of serve: {text[-600:]}")
    if "Traceback" in text or "Exception" in text:
        failures.append(f"a traceback of serve: {text[-2000:]}")
    return failures


def _port(said: Path, process: subprocess.Popen[bytes]) -> int:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        found = re.search(r"http://127\.0\.0\.1:(\d+)", said.read_text(errors="replace"))
        if found:
            return int(found[1])
        if process.poll() is not None:
            raise LookupError(f"it has ended with {process.returncode}")
        time.sleep(0.02)
    raise LookupError("it says no address")


def _press(world: World, process: subprocess.Popen[bytes], port: int) -> list[str]:
    dice = random.Random(f"{world.schedule.seed} crowd")
    with ExitStack() as stack:
        words = [b"", b"GET / HTTP/1.1\r\nHost: x\r\n"] * (IDLE // 2)
        for each in words + dice.choices(_RUDE, k=RUDE):
            with suppress(OSError):
                line = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
                line.setblocking(False)
                line.send(each)
        if process.poll() is not None:
            return [f"serve has ended with {process.returncode} in a crowd"]
        return _ask_politely(world, port)


def _ask_politely(world: World, port: int) -> list[str]:
    """Ask for every file from another address: right bytes, or an honest refusal."""
    failures = []
    for served in world.files:
        for _ in range(TRIES):
            status, body = _get(port, f"/{quote(served.spec.name)}")
            if status != 503:
                break
            time.sleep(0.1)
        if status not in (200, 404):
            failures.append(f"serve answers {status} for {served.spec.name} in a crowd")
        elif status == 200 and not served.is_right(hashlib.sha256(body).hexdigest()):
            failures.append(f"wrong bytes of {served.spec.name} from serve")
    return failures


def _get(port: int, path: str) -> tuple[int, bytes]:
    try:
        line = http.client.HTTPConnection(
            "127.0.0.1", port, timeout=PATIENCE, source_address=(POLITE, 0)
        )
        line.request("GET", path)
        answer = line.getresponse()
        found = answer.status, answer.read()
        line.close()
    except (OSError, http.client.HTTPException) as error:
        return 0, repr(error).encode()
    return found
