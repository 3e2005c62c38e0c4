"""A schedule in, what the oracle found wrong out."""

from __future__ import annotations

import os
import random
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from evio_data.testing import DriveServer

from . import _oracle
from ._schedule import Event, Schedule, drawn
from ._world import Process, Served, World

PATIENCE = 90.0  # seconds in which a round must have ended; only ever reached by a bug
LOOK = 0.003  # seconds between two looks at the bytes sent
YEARS = 10 * 365 * 86400  # seconds that a clock jumps


class Result(NamedTuple):
    """What became of one run."""

    seed: int
    failures: list[str]
    counts: Counter[str]
    seconds: float


def play(schedule: Schedule) -> Result:
    """Play a schedule, and judge it."""
    began = time.monotonic()
    counts: Counter[str] = Counter(runs=1)
    with (
        tempfile.TemporaryDirectory(prefix="campaign-", ignore_cleanup_errors=True) as folder,
        DriveServer() as server,
    ):
        world = World(schedule, server, Path(folder))
        try:
            failures = _played(world, counts)
        finally:
            world.end()
        counts["bytes sent"] = server.sent()
        counts["requests"] = len(server.requests)
    return Result(schedule.seed, failures, counts, time.monotonic() - began)


def play_seed(seed: int, *, disks: bool) -> Result:
    """Play the schedule of a seed."""
    return play(drawn(seed, disks=disks))


def _played(world: World, counts: Counter[str]) -> list[str]:
    failures: list[str] = []
    with _oracle.Watch(world) as watch:
        for number in range(len(world.schedule.rounds)):
            failures += _round(world, number, counts)
            failures += watch.failures
            if failures:
                return failures
        world.heal()
        failures += _clean_run(world, counts)
    failures += watch.failures
    counts["final names looked at"] += watch.looks
    counts["contents hashed under a final name"] += watch.hashed
    counts["disks"] += world.schedule.disk is not None
    counts["files"] += len(world.files)
    unknowable = [one for one in world.files if one.unknowable and not one.spec.pinned]
    counts["unpinned files that changed unknowably"] += len(unknowable)
    return failures


def _round(world: World, number: int, counts: Counter[str]) -> list[str]:
    events = [event for event in world.schedule.events if event.round == number]
    before, stop_at = world.served_bytes(), time.monotonic() + PATIENCE
    for event in [event for event in events if event.what in ("touch", "stamp", "partial")]:
        counts[_label(event)] += _meddle(world, event)
        events.remove(event)
    events = [event for event in events if not _at_once(world, event, counts)]
    processes = [world.start(client) for client in world.schedule.rounds[number]]
    due: dict[int, float] = {}
    while any(process.code is None for process in processes):
        sent, now = world.served_bytes() - before, time.monotonic()
        for event in [event for event in events if event.at <= sent]:
            late_enough = due.setdefault(event.number, now + event.later) <= now
            if late_enough and _happen(world, event, processes, counts):
                events.remove(event)
        if time.monotonic() > stop_at:
            return [f"stuck: round {number} has not ended in {PATIENCE:.0f} s"]
        time.sleep(LOOK)
    for process in processes:
        counts[f"exit {process.code}"] += 1
    return _oracle.judge_round(world, processes)


def _at_once(world: World, event: Event, counts: Counter[str]) -> bool:
    return event.at == 0 and event.what != "kill" and _happen(world, event, [], counts)


def _happen(world: World, event: Event, processes: list[Process], counts: Counter[str]) -> bool:
    """Let an event happen; say whether it is done with."""
    served = world.files[event.file]
    dice = random.Random(f"{world.schedule.seed} {event.number}")
    if event.what == "kill":
        process = processes[event.process]
        ended, had = process.code is not None, len(process.signals)
        done = process.send(event.signal)
        if not ended and len(process.signals) > had:
            counts[f"kill -{process.signals[-1]}"] += 1
        return done
    if event.what == "server":
        for name, value in event.switches.items():
            setattr(world.server, name, value)
        for each in world.files:
            each.file.retry_after = each.file.retry_after or "0"
    elif event.what == "change":
        served.change(event.kind, event.switches, dice)
    elif event.what == "fill":
        world.disk.fill()
    else:
        served.set({"retry_after": "0", **event.switches})
    counts[_label(event)] += 1
    return True


def _label(event: Event) -> str:
    return {
        "fault": f"fault: {event.kind}",
        "server": f"server: {event.kind}",
        "change": f"remote file changed: {event.kind}"
        + (", new validators" if event.switches else ""),
        "fill": "disk filled up in mid-run",
    }.get(event.what, f"on disk: {event.what} {event.kind}")


# --- what befalls the cache between two rounds -------------------------------------------------


def _meddle(world: World, event: Event) -> bool:
    """Touch, or damage, what is in the cache; say whether there was anything."""
    served = world.files[event.file]
    if event.what == "touch":
        return _touch(world, event)
    if event.what == "stamp":
        return _spoil_stamp(world.state(served) / "stamp", event.kind)
    spoilt = [_spoil_partial(part, served, event.kind) for part in _parts(world, served)]
    return any(spoilt)


def _touch(world: World, event: Event) -> bool:
    when = time.time() + (YEARS if event.kind == "future" else -YEARS)
    paths = [path for path in world.cache.rglob("*") if path.is_file()]
    for path in paths:
        with suppress(OSError):
            os.utime(path, (when, when))
    return bool(paths)


def _spoil_stamp(stamp: Path, kind: str) -> bool:
    if not stamp.exists():
        return False
    if kind == "gone":
        stamp.unlink()
    else:
        with suppress(OSError):
            stamp.write_bytes(b"\xff" * 100 if kind == "garbage" else b"")
    return True


def _parts(world: World, served: Served) -> list[Path]:
    state = world.state(served)
    return sorted(state.glob("*.part")) if state.is_dir() else []


def _spoil_partial(part: Path, served: Served, kind: str) -> bool:
    """Damage what is to be gone on from: only the known hash can find that."""
    if not served.spec.pinned:
        return False
    journal, data = part.with_suffix(".journal"), part.read_bytes()
    with suppress(OSError):
        if kind == "flipped" and data:
            middle = len(data) // 2
            part.write_bytes(data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :])
        elif kind == "cut":
            os.truncate(part, len(data) // 2)
        elif kind == "journal garbage":
            journal.write_bytes(b"\x00{" * 50)
        else:
            lie = '{"identity": null, "held": [[0, 999999999]]}'
            journal.write_text(lie, encoding="ascii")
    return True


# --- the end ----------------------------------------------------------------------------------


def _clean_run(world: World, counts: Counter[str]) -> list[str]:
    """Run once more with all faults off: it must succeed, at a bounded price."""
    before = _oracle.Ledger(world)
    process = world.start("prefetch")
    stop_at = time.monotonic() + PATIENCE
    while process.code is None:
        if time.monotonic() > stop_at:
            return [f"stuck: the clean run has not ended in {PATIENCE:.0f} s"]
        time.sleep(LOOK)
    failures = _oracle.judge_round(world, [process])
    if process.code != 0:
        failures.append(f"stuck: the clean run exits with {process.code}: {process.stderr[-600:]}")
        return failures
    counts["clean runs"] += 1
    return failures + _oracle.judge_litter(world) + before.judge() + _oracle.judge_traffic(world)
