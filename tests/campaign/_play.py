"""A schedule in, what the oracle found wrong out."""

from __future__ import annotations

import random
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from evio_data.testing import DriveServer

from . import _crowd, _damages, _oracle, _users
from ._clients import Client
from ._schedule import ON_DISK, Event, Means, Schedule, drawn
from ._world import Process, World

PATIENCE = 90.0  # seconds in which a round must have ended; only ever reached by a bug
LOOK = 0.003  # seconds between two looks at the bytes sent


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


def play_seed(seed: int, means: Means) -> Result:
    """Play the schedule of a seed."""
    return play(drawn(seed, means))


def _played(world: World, counts: Counter[str]) -> list[str]:
    failures: list[str] = []
    with _oracle.Watch(world) as watch:
        for number in range(len(world.schedule.rounds)):
            failures += _round(world, number, counts)
            failures += watch.failures
            if failures:
                return failures
        if world.schedule.crowd:
            counts["crowds at a server"] += 1
            failures += _crowd.play(world)
        with world.looking:
            world.heal()
        failures += _clean_run(world, counts)
    failures += watch.failures
    counts["final names looked at"] += watch.looks
    counts["contents hashed under a final name"] += watch.hashed
    _count(world, counts)
    return failures


def _count(world: World, counts: Counter[str]) -> None:
    """Count what was played in."""
    schedule = world.schedule
    counts["files"] += len(world.files)
    counts["disks"] += schedule.disk is not None
    counts["no locks"] += schedule.no_locks
    counts["through a proxy"] += schedule.proxied
    counts["bad hosts"] += any(file.elsewhere for file in schedule.files)
    counts["bad hosts beside good ones that nothing befalls"] += schedule.spares_others
    counts["disks that fail for one process"] += schedule.broken is not None
    counts[f"limit: {schedule.limit}"] += schedule.limit is not None
    counts[f"locale: {schedule.locale}"] += schedule.locale is not None
    counts["clocks that jump"] += schedule.clock is not None
    counts[f"users: {schedule.users}"] += schedule.users is not None
    counts[f"mirror: {schedule.mirror}"] += schedule.mirror is not None
    counts.update(f"client: {process.client}" for process in world.processes)
    unknowable = [one for one in world.files if one.unknowable and not one.spec.pinned]
    counts["unpinned files that changed unknowably"] += len(unknowable)


def _round(world: World, number: int, counts: Counter[str]) -> list[str]:
    events = [event for event in world.schedule.events if event.round == number]
    before, stop_at = world.served_bytes(), time.monotonic() + PATIENCE
    for event in [event for event in events if event.what in ON_DISK]:
        with world.looking:
            counts[_label(event)] += _meddle(world, event)
        events.remove(event)
    events = [event for event in events if not _at_once(world, event, counts)]
    processes = [world.start(client) for client in world.schedule.rounds[number]]
    due: dict[int, float] = {}
    while any(process.code is None or process.has_left_others() for process in processes):
        sent, now = world.served_bytes() - before, time.monotonic()
        for event in [event for event in events if event.at <= sent]:
            late_enough = due.setdefault(event.number, now + event.later) <= now
            if late_enough and _happen(world, event, processes, counts):
                events.remove(event)
        if now > stop_at:
            return [f"stuck: round {number} has not ended in {PATIENCE:.0f} s"]
        time.sleep(LOOK)
    for process in processes:
        counts[f"exit {process.code}"] += 1
    return _oracle.judge_round(world, processes)


def _at_once(world: World, event: Event, counts: Counter[str]) -> bool:
    return (
        event.at == 0 and event.what not in ("kill", "pause") and _happen(world, event, [], counts)
    )


def _happen(world: World, event: Event, processes: list[Process], counts: Counter[str]) -> bool:
    """Let an event happen; say whether it is done with."""
    served = world.files[event.file]
    dice = random.Random(f"{world.schedule.seed} {event.number}")
    if event.what == "kill":
        return _kill(event, processes[event.process], counts)
    if event.what == "pause":
        return _pause(event, processes[event.process], counts)
    if event.what in ("server", "folder"):
        for name, value in event.switches.items():
            setattr(world.server if event.what == "server" else world.listing, name, value)
        for each in world.files:
            each.file.retry_after = each.file.retry_after or "0"
    elif event.what == "clock":
        assert world.clock is not None
        world.clock.jump(event.kind)
    elif event.what == "change":
        served.change(event.kind, event.switches, dice)
    elif event.what == "fill":
        world.disk.fill()
    else:
        served.set({"retry_after": "0", **event.switches})
    counts[_label(event)] += 1
    return True


def _kill(event: Event, process: Process, counts: Counter[str]) -> bool:
    ended, had = process.code is not None, len(process.signals)
    done = process.send(event.signal)
    if not ended and len(process.signals) > had:
        counts[f"kill -{process.signals[-1]}"] += 1
    return done


def _pause(event: Event, process: Process, counts: Counter[str]) -> bool:
    """Stop a process, and after some seconds let it go on."""
    if process.code is not None:
        return True
    if process.stopped_at is None:
        process.pause(stopped=True)
        counts["paused"] += 1
    elif time.monotonic() > process.stopped_at + event.seconds:
        process.pause(stopped=False)
        return True
    return False


def _label(event: Event) -> str:
    if event.what == "damage":
        return "damage: " + event.kind.replace(": ", ", ")
    return {
        "touch": f"on disk: touch {event.kind}",
        "read-only": "on disk: read-only",
        "change": f"remote file changed: {event.kind}"
        + (", new validators" if event.switches else ""),
        "fill": "disk filled up in mid-run",
    }.get(event.what, f"{event.what}: {event.kind}")


def _meddle(world: World, event: Event) -> bool:
    """Do something to what is in the cache; say whether there was anything to do it to."""
    if event.what == "touch":
        return _damages.touch(world, event.kind)
    if event.what == "read-only":
        if world.cache.is_dir():
            _users.set_writable(world.cache, writable=False)
        return world.cache.is_dir()
    target, _, kind = event.kind.partition(": ")
    dice = random.Random(f"{world.schedule.seed} {event.number}")
    return _damages.damage(world, world.files[event.file], target, kind, dice)


# --- the end ----------------------------------------------------------------------------------


def _clean_run(world: World, counts: Counter[str]) -> list[str]:
    """Run once more with all faults off: it must succeed, at a bounded price."""
    before = _oracle.Ledger(world)
    failures = _succeeds(world, "prefetch")
    if failures:
        return failures
    counts["clean runs"] += 1
    failures += before.judge()
    wanted = [process for process in world.processes if process.client == "pooch"]
    for process in wanted:
        failures += _succeeds(world, "pooch", process.number)
    return failures + _oracle.judge_end(world)


def _succeeds(world: World, client: Client, number: int | None = None) -> list[str]:
    process = world.start(client, number)
    stop_at = time.monotonic() + PATIENCE
    while process.code is None:
        if time.monotonic() > stop_at:
            return [f"stuck: the clean run has not ended in {PATIENCE:.0f} s"]
        time.sleep(LOOK)
    failures = _oracle.judge_round(world, [process])
    if process.code != 0:
        failures.append(f"stuck: the clean run exits with {process.code}: {process.stderr[-600:]}")
    return failures
