"""A seed in, a schedule out: files, processes, and what befalls them at which byte."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from ._faults import KINDS, LATER, MIB, SERVER_KINDS, Switches

What = Literal["fault", "server", "kill", "change", "touch", "stamp", "partial", "fill"]
Client = Literal["prefetch", "fetch"]

SIGNALS = (9, 9, 15, 2)


@dataclass(frozen=True)
class FileSpec:
    """A file that is served and registered."""

    name: str
    size: int  # bytes
    pinned: bool
    sized: bool  # the registry says its size
    plain: bool  # a plain URL instead of a Drive link
    tagged: bool  # the server sends an ETag and a Last-Modified


@dataclass(frozen=True)
class Event:
    """Something that happens in a round, once so many bytes have been sent in it."""

    number: int
    round: int
    at: int  # bytes
    what: What
    file: int = 0
    kind: str = ""
    switches: Switches = field(default_factory=dict)
    process: int = 0
    signal: int = 9
    later: float = 0.0  # seconds after that byte

    def describe(self) -> str:
        """Return it in words."""
        target = {
            "kill": f"process {self.process} with -{self.signal} {self.later:.3f} s later",
            "server": self.kind,
            "fill": "the disk",
        }.get(self.what, f"file {self.file} {self.kind}")
        return f"{self.number}: round {self.round}, {self.at:,} B: {self.what} {target} " + (
            str(self.switches) if self.switches else ""
        )


@dataclass(frozen=True)
class Schedule:
    """One run of the campaign."""

    seed: int
    files: tuple[FileSpec, ...]
    rounds: tuple[tuple[Client, ...], ...]  # the processes that are started at once
    concurrency: int
    events: tuple[Event, ...]
    retries: int
    timeout: float  # seconds
    rate: float  # bytes/s a connection: kills must find something to kill
    disk: int | None  # bytes of the tmpfs that the cache is on
    no_locks: bool  # a folder is in the place of each lock
    mirror: bool
    api_key: bool

    @property
    def total(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    def without(self, numbers: frozenset[int]) -> Schedule:
        """Return the schedule without some of its events."""
        left = tuple(event for event in self.events if event.number not in numbers)
        return replace(self, events=left)

    def describe(self) -> list[str]:
        """Return it in words, a line each."""
        lines = [
            f"seed {self.seed}: concurrency {self.concurrency}, retries {self.retries}, "
            f"timeout {self.timeout} s, {self.rate / 1e6:.1f} MB/s a connection"
            + (f", {self.disk / MIB:.1f} MiB of disk" if self.disk else "")
            + ", no locks" * self.no_locks
            + ", a mirror" * self.mirror
            + ", an API key" * self.api_key
        ]
        lines += [f"  file {number}: {file}" for number, file in enumerate(self.files)]
        lines += [f"  round {number}: {', '.join(who)}" for number, who in enumerate(self.rounds)]
        return lines + [f"  event {event.describe()}" for event in self.events]


def drawn(seed: int, *, disks: bool) -> Schedule:
    """Return the schedule of a seed; ``disks`` says whether small disks can be had here."""
    dice = random.Random(seed)
    files = tuple(_file(dice, number) for number in range(dice.choice([1, 1, 2, 3])))
    rounds = tuple(_processes(dice) for _ in range(dice.choice([1, 1, 2, 2, 3])))
    total = sum(file.size for file in files)
    on_disk = dice.random() < 0.1  # drawn in any case: a seed means the same for every user
    room = int(total * dice.uniform(0.3, 1.5)) + 128 * 1024
    schedule = Schedule(
        seed,
        files,
        rounds,
        concurrency=dice.randint(1, 5),
        events=(),
        retries=dice.choice([0, 1, 1, 2]),
        timeout=dice.choice([0.4, 0.6]),
        rate=max(1e6, total / dice.uniform(0.1, 0.7)),
        disk=room if on_disk and disks else None,
        no_locks=dice.random() < 0.08,
        mirror=dice.random() < 0.12,
        api_key=dice.random() < 0.12,
    )
    return replace(schedule, events=_events(dice, schedule))


def _file(dice: random.Random, number: int) -> FileSpec:
    most = dice.choice([0, 1, 100, 64 * 1024, MIB, MIB, 4 * MIB, 8 * MIB])
    folder = dice.choice(["", "", "fan/", "a/b/"])
    pinned = dice.random() < 0.7
    return FileSpec(
        f"{folder}{number}.raw",
        dice.randint(most // 2, most),
        pinned=pinned,
        sized=dice.random() < 0.4,
        plain=dice.random() < 0.2,
        tagged=dice.random() < 0.5,
    )


def _processes(dice: random.Random) -> tuple[Client, ...]:
    kinds: list[Client] = ["prefetch", "prefetch", "prefetch", "fetch"]
    return tuple(dice.choice(kinds) for _ in range(dice.choice([1, 1, 1, 2, 2, 3])))


def _events(dice: random.Random, schedule: Schedule) -> tuple[Event, ...]:
    makers = [_fault, _fault, _fault, _fault, _kill, _kill, _kill, _change, _server, _meddle]
    count = dice.choice([0, 1, 2, 3, 4, 5, 6, 8])
    events = [dice.choice(makers)(dice, schedule) for _ in range(count)]
    if schedule.disk and dice.random() < 0.5:
        events.append({"what": "fill", **_moment(dice, schedule)})
    ordered = sorted(events, key=lambda event: (event["round"], event["at"]))
    return tuple(Event(number=number, **event) for number, event in enumerate(ordered))


def _moment(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    at = 0 if dice.random() < 0.4 else dice.randrange(1, schedule.total + 2)
    return {"round": dice.randrange(len(schedule.rounds)), "at": at}


def _target(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    return {"file": dice.randrange(len(schedule.files)), **_moment(dice, schedule)}


def _fault(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    kind = dice.choice(list(KINDS))
    event = _target(dice, schedule)
    switches = KINDS[kind].draw(dice, schedule.files[event["file"]].size)
    return {"what": "fault", "kind": kind, "switches": switches, **event}


def _server(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    kind = dice.choice(list(SERVER_KINDS))
    switches = SERVER_KINDS[kind](dice)
    return {"what": "server", "kind": kind, "switches": switches, **_moment(dice, schedule)}


def _kill(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    moment = _moment(dice, schedule)
    process = dice.randrange(len(schedule.rounds[moment["round"]]))
    if dice.random() < 0.4:
        moment["at"] = schedule.total  # just when files are published, stamped and tidied up
    later = dice.choice([0.0, 0.0, dice.uniform(0, 0.05)])
    signal = dice.choice(SIGNALS)
    return {"what": "kill", "process": process, "signal": signal, "later": later, **moment}


def _change(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    event = _target(dice, schedule)
    tags = {"etag": f'"{dice.random()}"', "last_modified": LATER} if dice.random() < 0.6 else {}
    kind = dice.choice(["same size", "same size", "longer", "shorter"])
    return {"what": "change", "kind": kind, "switches": tags, **event}


def _meddle(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    event = _target(dice, schedule) | {"at": 0}  # before the processes start
    what = dice.choice(["touch", "touch", "stamp", "partial", "partial"])
    kinds = {
        "touch": ["past", "future"],
        "stamp": ["gone", "garbage", "empty"],
        "partial": ["flipped", "cut", "journal garbage", "journal lies"],
    }
    return {"what": what, "kind": dice.choice(kinds[what]), **event}
