"""A tool and a failure in, what became of it out: real processes, and a server that fails."""

from __future__ import annotations

import random
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from evio_data.testing import DriveServer

from ._bench import MIB
from ._measure import Candidate, Command, start

NAME = "recording.raw"
RATE = 30e6  # bytes/s on each connection, so that a kill finds its moment
STEP = 8 * MIB  # bytes that a crowd may fetch twice
PATIENCE = 60.0  # seconds; who takes longer hangs
GLANCE = 0.003  # seconds between two looks at what happens
WAIT = 2  # seconds of the Retry-After
PASS = "pass"
FIRST = {"etag": '"first"', "last_modified": "Fri, 14 Nov 2025 09:30:00 GMT"}
SECOND = {"etag": '"second"', "last_modified": "Sat, 15 Nov 2025 09:30:00 GMT"}


@dataclass(frozen=True)
class Scenario:
    """One way to fail.

    Attributes
    ----------
    title
        Its column.
    switches
        How the server fails: from the start, or once the first process was killed.
    killed
        Whether a first process is killed at a third.
    changed
        Whether the file is another one by then.
    resumed
        Whether fetching all of it again is a failure.
    crowd
        How many processes want the file at once, with one process's traffic.
    """

    title: str
    switches: Mapping[str, object] = field(default_factory=dict)
    killed: bool = False
    changed: bool = False
    resumed: bool = False
    crowd: int = 1


@dataclass(frozen=True)
class End:
    """How a process ended (None: not in time), and whether the file was right at that moment."""

    code: int | None
    right: bool


class Trial:
    """A file on a server of its own, and an empty folder in which a tool is to put it."""

    def __init__(
        self,
        server: DriveServer,
        content: bytes,
        folder: Path,
        *,
        home: Path,
        patience: float = PATIENCE,
    ) -> None:
        self._server = server
        self._right = content
        self._file = server.add(NAME, content, rate=RATE)
        self._set(FIRST)
        self._folder = folder
        self._final = folder / NAME
        self._home = home
        self._patience = patience

    def play(self, tool: Candidate, scenario: Scenario) -> str:
        """Let it happen; return the verdict."""
        command = tool.command(self._folder)
        if scenario.killed:
            self._kill_at_a_third(command)
        self._set(scenario.switches)
        if scenario.changed:
            self._change()
        self._server.forget()
        return self._verdict(scenario, self._ends(command, scenario.crowd))

    def _kill_at_a_third(self, command: Command) -> None:
        process = self._start(command)
        deadline = time.monotonic() + self._patience
        while self._file.served < len(self._right) // 3 and process.poll() is None:
            if time.monotonic() > deadline:
                break
            time.sleep(GLANCE)
        process.kill()
        process.wait()

    def _change(self) -> None:
        self._right = random.Random(8).randbytes(len(self._right))
        self._file.replace(self._right)
        self._set(SECOND)

    def _set(self, switches: Mapping[str, object]) -> None:
        for name, value in switches.items():
            setattr(self._file, name, list(value) if isinstance(value, list) else value)

    def _start(self, command: Command) -> subprocess.Popen[bytes]:
        quiet = subprocess.DEVNULL
        return start(command, home=self._home, stdout=quiet, stderr=quiet)

    def _ends(self, command: Command, crowd: int) -> list[End]:
        running = [self._start(command) for _ in range(crowd)]
        ends: list[End] = []
        deadline = time.monotonic() + self._patience
        while running and time.monotonic() < deadline:
            for process in [each for each in running if each.poll() is not None]:
                running.remove(process)
                ends.append(End(process.returncode, self._is_right()))
            time.sleep(GLANCE)
        for process in running:
            process.kill()
            process.wait()
            ends.append(End(None, right=False))
        return ends

    def _is_right(self) -> bool:
        return self._final.exists() and self._final.read_bytes() == self._right

    def _verdict(self, scenario: Scenario, ends: list[End]) -> str:
        if any(end.code is None for end in ends):
            return "hangs"
        if any(end.code == 0 and not end.right for end in ends):
            return "**wrong, exit 0**"
        if any(end.code for end in ends):
            if self._final.exists() and not self._is_right():
                return "error, wrong bytes under the name"
            return f"{PASS} (error)" if scenario.changed else "error"
        size, sent = len(self._right), self._server.sent(self._file)
        again = scenario.resumed and sent >= size
        too_much = scenario.crowd > 1 and sent > size + STEP
        word = "right" if again or too_much else PASS
        return f"{word} ({sent / size:.2f}x{self._hurry()})"

    def _hurry(self) -> str:
        for refused, following in pairwise(self._server.requests):
            if refused.status == 429 and following.started - refused.started < WAIT:
                return ", did not wait"
        return ""
