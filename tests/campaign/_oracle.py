"""What must hold at every moment, after every round, and after the clean run at the end."""

from __future__ import annotations

import hashlib
import os
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from evio_data._lock import is_held

from ._world import STATE, Process, Served, World

KIB = 1024
OVERLAP = 64 * KIB  # bytes that a resumed file's first answer repeats
GENERATIONS = 4  # once, two fresh starts when the remote side changes, one after a wrong hash
IN_FLIGHT = 16 * KIB * KIB  # bytes that sockets may hold of an answer that nobody reads on
SAMPLE = 0.01  # seconds between two looks at the final names
OURS = ("Traceback (most recent call last)", "Exception in thread", "Exception ignored")


class Watch:
    """Hashes what is under a final name whenever that has changed, in a thread of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[Path, tuple[int, int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._turn = threading.Lock()
        self.failures: list[str] = []
        self.looks = 0
        self.hashed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()
        self.look()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE):
            self.look()

    def look(self) -> None:
        """Look at every final name once."""
        with self._turn:
            for served in self._world.files:
                self.looks += 1
                with suppress(FileNotFoundError):
                    self._look_at(served)

    def _look_at(self, served: Served) -> None:
        path = self._world.path(served)
        status = path.lstat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._known.get(path) == signature:
            return
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._known[path] = signature
        self.hashed += 1
        if not served.is_right(sha256):
            self.failures.append(f"wrong bytes under {served.spec.name}: {status.st_size:,} bytes")


# --- after a round ----------------------------------------------------------------------------


def judge_round(world: World, processes: list[Process]) -> list[str]:
    """Return what is wrong with how processes ended."""
    failures = []
    for process in processes:
        code, said = process.code, process.stderr
        allowed = [0, 1]
        if process.signals:
            allowed += [130, *(-signal for signal in process.signals)]
        if code not in allowed:
            failures.append(f"exit code {code} of {process.client}: {said[-600:]}")
        if any(words in said for words in OURS):
            failures.append(f"a traceback of {process.client} ({code}): {said[-3000:]}")
        if process.client == "prefetch" and code in (0, 1):
            report = process.report
            if not isinstance(report, dict) or report.get("ok") is not (code == 0):
                failures.append(f"the JSON is not of exit code {code}: {report}")
        if code == 1 and not said.strip():
            failures.append(f"{process.client} failed without a word")
        if code == 0 and process.client == "prefetch":
            failures += [
                f"exit code 0, but {served.spec.name} is not there"
                for served in world.files
                if not world.path(served).is_file()
            ]
    if list(world.empty.iterdir()):
        failures.append("the working directory was written to")
    return failures


# --- after the clean run ----------------------------------------------------------------------


def judge_litter(world: World) -> list[str]:
    """Return what is in the cache beside the files, and in our folder beside the stamps."""
    names = {served.spec.name for served in world.files}
    wanted = {*names, "CACHEDIR.TAG", *(f"{STATE}/{name}/stamp" for name in names)}
    found = set()
    for folder, _, files in os.walk(world.cache):
        relative = Path(folder).relative_to(world.cache).as_posix()
        found |= {name if relative == "." else f"{relative}/{name}" for name in files}
    found -= {f"{STATE}/{name}/lock" for name in names if _may_have_a_lock(world, name)}
    failures = [f"litter: {name}" for name in sorted(found - wanted)]
    return failures + [f"missing after success: {name}" for name in sorted(wanted - found)]


def _may_have_a_lock(world: World, name: str) -> bool:
    """Say whether a process that was killed with the lock in its hand may have left its file."""
    lock = world.cache / STATE / name / "lock"
    killed = any(9 in process.signals for process in world.processes)
    return killed and lock.is_file() and not lock.stat().st_size and not is_held(lock)


class Ledger:
    """What had been sent, and what was right already, before the clean run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._sent = {served.spec.name: served.file.served for served in world.files}
        self._warm = {served.spec.name for served in world.files if _is_stamped(world, served)}

    def judge(self) -> list[str]:
        """Return the files for which the clean run received more than it may."""
        failures = []
        for served in self._world.files:
            name, size = served.spec.name, served.spec.size
            sent = served.file.served - self._sent[name]
            # All of it from what was left, whose hash is wrong, and once from zero.
            most = 0 if name in self._warm else 2 * size + OVERLAP + 1
            if sent > most:
                failures.append(f"traffic: the clean run got {sent:,} B of {name}, not {most:,}")
        return failures


def _is_stamped(world: World, served: Served) -> bool:
    try:
        words = (world.state(served) / "stamp").read_bytes().split()
        status = world.path(served).lstat()
        return [int(word) for word in words[1:]] == [
            status.st_size,
            status.st_mtime_ns,
            status.st_ino,
        ] and served.is_right(words[0].decode())
    except (OSError, ValueError, IndexError):
        return False


def judge_traffic(world: World) -> list[str]:
    """Return the files of which more was sent in the whole run than its bound."""
    failures = []
    for served in world.files:
        most = bound(world, served)
        if served.file.served > most:
            failures.append(
                f"traffic: {served.file.served:,} B of {served.spec.name} "
                f"({served.spec.size:,} B) were sent, at most {most:,} may be"
            )
    return failures


def bound(world: World, served: Served) -> int:
    """Return the bytes of a file that may be sent in a whole run."""
    schedule, size = world.schedule, served.spec.size
    processes = len(world.processes)
    if not schedule.events and not schedule.no_locks and schedule.disk is None:
        # One download for all of them; each may ask for one byte to learn the size. Where a
        # range is shared out, what was on its way beyond the cut is lost.
        return size * (1 if schedule.concurrency == 1 else 2) + processes
    attempts = GENERATIONS * (schedule.retries + 2) * (1 + schedule.mirror)
    endless = any(event.kind == "endless" for event in schedule.events)
    longest = max(size, *(len_of(event.kind, size) for event in schedule.events), 0)
    return processes * attempts * (longest + OVERLAP + IN_FLIGHT * endless)


def len_of(kind: str, size: int) -> int:
    """Return the most bytes that a version of a file may have."""
    return size + 5000 if kind == "longer" else size
