"""What must hold at every moment, after every round, and after the clean run at the end."""

from __future__ import annotations

import hashlib
import os
import shlex
import stat
import threading
from contextlib import suppress
from pathlib import Path
from signal import SIGABRT
from typing import Self

from evio_data._cache.locks import is_held

from ._clients import ONE_BY_ONE, ways
from ._disk import STATE
from ._world import Process, Served, World

KIB = 1024
OVERLAP = 64 * KIB  # bytes that a resumed file's first answer repeats
GENERATIONS = 4  # once, two fresh starts when the remote side changes, one after a wrong hash
IN_FLIGHT = 16 * KIB * KIB  # bytes that sockets may hold of an answer that nobody reads on
SAMPLE = 0.01  # seconds between two looks at the final names
NO_MEMORY = ("Fatal Python error: ", "Exception ignored in sys.unraisablehook")
OURS = ("Traceback (most recent call last)", "Exception in thread", "Exception ignored")


class Watch:
    """Hashes what is under a final name whenever that has changed, in a thread of its own."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known: dict[Path, tuple[int, int, int]] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.failures: list[str] = []
        self.looks = 0
        self.hashed = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self.look()

    def _run(self) -> None:
        while not self._stop.wait(SAMPLE):
            self.look()

    def look(self) -> None:
        """Look at every final name once."""
        with self._world.looking:
            for served, path in self._world.finals():
                self.looks += 1
                with suppress(FileNotFoundError, NotADirectoryError):
                    self._look_at(served, path)

    def _look_at(self, served: Served, path: Path) -> None:
        status = path.lstat()
        signature = (status.st_ino, status.st_size, status.st_mtime_ns)
        if self._known.get(path) == signature or not stat.S_ISREG(status.st_mode):
            return
        sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
        self._known[path] = signature
        self.hashed += 1
        if not served.may_be(sha256):
            self.failures.append(f"wrong bytes under {served.spec.name}: {status.st_size:,} bytes")


# --- after a round ----------------------------------------------------------------------------


def judge_round(world: World, processes: list[Process]) -> list[str]:
    """Return what is wrong with how processes ended."""
    failures = []
    for process in processes:
        failures += _judge_end_of(process, limited=world.schedule.limit is not None)
        if process.client == "prefetch" and process.code in (0, 1):
            report, ok = process.report, process.code == 0
            if not isinstance(report, dict) or report.get("ok") is not ok:
                failures.append(f"the JSON is not of exit code {process.code}: {report}")
    clients = {process.client for process in processes}
    succeeded = any(process.client == "prefetch" and not process.code for process in processes)
    if succeeded and not clients & {"clean --all", "repair"}:  # which may take files away
        failures += [
            f"exit code 0, but {served.spec.name} is not there, or not right"
            for served in world.files
            if not _is_there(world, served)
        ]
    if world.schedule.spares_others and "prefetch" in clients:
        failures += [
            f"a bad host has held up {served.spec.name}, which is on another one"
            for served in world.files
            if not served.spec.elsewhere and not _is_there(world, served)
        ]
    if list(world.empty.iterdir()):
        failures.append("the working directory was written to")
    return failures


def _judge_end_of(process: Process, *, limited: bool) -> list[str]:
    code, client, said = process.code, process.client, process.stderr
    allowed = [*ways(client).ends]
    if process.signals:
        allowed += [130, *(-signal for signal in process.signals)]
        allowed += [2] if client == "pytest" else []
    # The interpreter had no memory left to raise, or to print, an error with: nobody can help that.
    is_python_s_own = limited and any(sign in said for sign in NO_MEMORY)
    allowed += [-SIGABRT] if is_python_s_own else []
    failures = []
    if code not in allowed:
        failures.append(f"exit code {code} of {client}: {process.stdout[-600:]}{said[-600:]}")
    is_ours = client != "pytest" or not process.signals
    if is_ours and not is_python_s_own and any(sign in said for sign in OURS):
        failures.append(f"a traceback of {client} ({code}): {said[-3000:]}")
    words = said if client == "prefetch" else said + process.stdout
    if code == 1 and not words.strip():
        failures.append(f"{client} failed without a word")
    return failures


def _is_there(world: World, served: Served) -> bool:
    path = world.path(served)
    is_ours = not path.is_symlink() or path.resolve().parent == world.annex.resolve()
    if not is_ours or not path.is_file():
        return False
    return served.is_right(hashlib.sha256(path.read_bytes()).hexdigest())


# --- after the clean run ----------------------------------------------------------------------


def judge_end(world: World) -> list[str]:
    """Return what is wrong once all has succeeded."""
    return [
        *judge_litter(world),
        *_judge_pooch(world),
        *_judge_outside(world),
        *_judge_registries(world),
        *judge_traffic(world),
    ]


def judge_litter(world: World) -> list[str]:
    """Return what is in the cache beside the files, and in our folder beside the stamps."""
    names = {served.spec.name for served in world.files}
    wanted = {*names, "CACHEDIR.TAG", *(f"{STATE}/{name}/stamp" for name in names)}
    found = _files_below(world.cache)
    unpinned = [served.spec.name for served in world.files if not served.spec.pinned]
    pins = tuple(f"{STATE}/.pins/{name}/" for name in unpinned)
    found = {name for name in found if not name.startswith(pins)}
    found -= {f"{STATE}/{name}/lock" for name in names if _may_have_a_lock(world, name)}
    found -= {name for name in found if name.startswith(f"{STATE}/.pins/")}  # knowledge
    # What was put in the way is left where a warm fetch has nothing to do, or cannot do it.
    planted = {path.relative_to(world.cache).as_posix() for path in world.planted}
    wanted -= {name for name in wanted & planted if name not in found}
    found = {name for name in found if not _is_planted(name, planted)}
    failures = [f"litter: {name}" for name in sorted(found - wanted)]
    absent = sorted(wanted - found - planted)
    return failures + [f"missing after success: {name}" for name in absent]


def _files_below(top: Path) -> set[str]:
    """Return what is below a folder and no folder, by its path from there."""
    found = set()
    for folder, folders, files in os.walk(top):
        relative = Path(folder).relative_to(top).as_posix()
        files += [name for name in folders if Path(folder, name).is_symlink()]
        found |= {name if relative == "." else f"{relative}/{name}" for name in files}
    return found


def _is_planted(name: str, planted: set[str]) -> bool:
    parents = [parent.as_posix() for parent in Path(name).parents]
    return name in planted or bool(planted & set(parents))


def _judge_pooch(world: World) -> list[str]:
    """Return what is in the folder of a pooch beside its files, if all that used it succeeded."""
    processes = [process for process in world.processes if process.client == "pooch"]
    wanted = {served.spec.name for served in world.files}
    if any(process.code for process in processes):
        return []  # what arrived is kept
    left = sorted(_files_below(world.pooch) - wanted)
    return [f"litter of our downloader: {name}" for name in left]


def _judge_outside(world: World) -> list[str]:
    """Return what was done where no client may write."""
    found = {path.name: path.read_bytes() for path in world.outside.iterdir()}
    untouched = found == dict.fromkeys(("a", "b"), b"none of your business")
    failures = [] if untouched else [f"written outside the cache: {sorted(found)}"]
    right = {served.spec.name.replace("/", "-"): served.first for served in world.files}
    return failures + [
        f"written through a link: {path.name}"
        for path in world.annex.iterdir()
        if path.read_bytes() != right.get(path.name)
    ]


def _judge_registries(world: World) -> list[str]:
    """Return the registries that were made, and are none."""
    lines = [
        line
        for path in world.out.glob("*.txt")
        for line in path.read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    ]
    return [f"no line of a registry: {line}" for line in lines if len(shlex.split(line)) < 3]


def _may_have_a_lock(world: World, name: str) -> bool:
    """Say whether a process may have left its lock's file: killed, or with a disk that failed."""
    lock = world.cache / STATE / name / "lock"
    # A script of somebody else's has no handler: what asks others to end kills it.
    killed = any(9 in each.signals or each.code in (-9, -15) for each in world.processes)
    may_have = killed or world.schedule.broken is not None
    return may_have and lock.is_file() and not lock.stat().st_size and not is_held(lock)


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
    stamp = world.state(served) / "stamp"
    try:
        words = stamp.read_bytes().split() if stamp.is_file() else []  # it may be a pipe
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
    processes = sum(ways(process.client).readers for process in world.processes)
    if schedule.is_quiet and not (
        schedule.users == "strangers"
        or any(ways(process.client).removes for process in world.processes)
    ):  # fmt: skip
        # One download for all of them, and one for each with a pooch of its own; each may ask
        # for one byte to learn the size. Where a range is shared out, what was on its way
        # beyond the cut is lost.
        own = sum(process.client == "pooch" for process in world.processes)
        is_alone = schedule.concurrency == 1 and all(
            process.client in ONE_BY_ONE for process in world.processes
        )
        return size * (1 + own) * (1 if is_alone else 2) + processes
    attempts = GENERATIONS * (schedule.retries + 2) * (1 + bool(schedule.mirror))
    endless = any(event.kind == "endless" for event in schedule.events)
    longest = max(size, *(len_of(event.kind, size) for event in schedule.events), 0)
    return processes * attempts * (longest + OVERLAP + IN_FLIGHT * endless)


def len_of(kind: str, size: int) -> int:
    """Return the most bytes that a version of a file may have."""
    return size + 5000 if kind == "longer" else size
