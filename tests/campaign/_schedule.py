"""A seed in, a schedule out: files, processes, and what befalls them at which byte."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple, TypeVar

from . import _calls, _clock, _disk, _users
from ._clients import CLIENTS, Client
from ._damages import TARGETS, kinds
from ._faults import FOLDER_KINDS, KINDS, LATER, MIB, SERVER_KINDS, Switches

What = Literal[
    "fault",
    "server",
    "folder",
    "kill",
    "pause",
    "change",
    "touch",
    "damage",
    "read-only",
    "clock",
    "fill",
]
ON_DISK = ("touch", "damage", "read-only")  # what happens before the processes start
SIGNALS = (9, 9, 15, 2)
MIRRORS = ("good", "good", "wrong", "of halves", "of pages", "dead")
CLOCKS = tuple(_clock.JUMPS)
BAD_HOSTS = ("clog", "silence, always", "passing statuses", "cut, always", "portal")
_PLAIN = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
LOCALES = {
    "C": {"LC_ALL": "C", **_PLAIN},
    "POSIX, ASCII streams": {"LC_ALL": "POSIX", "PYTHONIOENCODING": "ascii:strict", **_PLAIN},
    "Latin-1 streams": {"PYTHONIOENCODING": "latin-1:strict"},
}
USUAL: tuple[Client, ...] = ("prefetch", "prefetch", "prefetch", "fetch", "registry")


WEIGHTS = [0 if client in USUAL else 1 if client == "pytest" else 2 for client in CLIENTS]
T = TypeVar("T")


class Means(NamedTuple):
    """What can be had here; what cannot is drawn, and then left out: a seed stays what it is."""

    disks: bool = False
    clocks: bool = False
    users: bool = False
    limits: bool = False
    calls: bool = False

    @classmethod
    def here(cls) -> Means:
        """Find out."""
        return cls(
            _disk.can_mount(),
            _clock.can_jump(),
            _users.can_switch(),
            _calls.can_limit(),
            _calls.library() is not None,
        )


@dataclass(frozen=True)
class FileSpec:
    """A file that is served and registered."""

    name: str
    size: int  # bytes
    pinned: bool
    sized: bool  # the registry says its size
    plain: bool  # a plain URL instead of a Drive link
    tagged: bool  # the server sends an ETag and a Last-Modified
    elsewhere: bool = False  # on a host of its own, which is the bad one


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
    seconds: float = 0.0  # of a pause

    def describe(self) -> str:
        """Return it in words."""
        target = {
            "kill": f"process {self.process} with -{self.signal} {self.later:.3f} s later",
            "pause": f"process {self.process} for {self.seconds:.1f} s, {self.later:.3f} s later",
            "server": self.kind,
            "folder": self.kind,
            "clock": self.kind,
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
    mirror: str | None  # what kind of one
    api_key: bool
    clock: str | None = None  # how far the clients' clock is ahead at first
    users: _users.Users | None = None  # as whom the processes run in turn
    limit: str | None = None  # of each process: an option of prlimit
    locale: str | None = None
    proxied: bool = False  # all requests go through a proxy, which is the server itself
    broken: _calls.Broken | None = None  # a disk that fails for one of the processes
    crowd: bool = False  # strangers press to a server of the cache, once all rounds are over

    @property
    def is_quiet(self) -> bool:
        """Whether nothing befalls anybody."""
        odd = (self.events, self.no_locks, self.disk, self.limit, self.locale, self.broken)
        return not any(odd) and not any(file.elsewhere for file in self.files)

    @property
    def spares_others(self) -> bool:
        """Whether nothing befalls the files that are not on the bad host, nor their readers."""
        bad = {number for number, file in enumerate(self.files) if file.elsewhere}
        around = (self.no_locks, self.disk, self.limit, self.locale, self.broken, self.users)
        clients = {client for processes in self.rounds for client in processes}
        return (
            bool(bad)
            and not any(around)
            and clients <= {*USUAL, "pooch", "pytest", "list"}
            and all(event.what == "fault" and event.file in bad for event in self.events)
        )

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
            + (f", a {self.mirror} mirror" if self.mirror else "")
            + ", an API key" * self.api_key
            + (f", a clock {self.clock}" if self.clock else "")
            + (f", two users: {self.users}" if self.users else "")
            + (f", a limit {self.limit}" if self.limit else "")
            + (f", the locale {self.locale}" if self.locale else "")
            + ", through a proxy" * self.proxied
            + (f", {self.broken}" if self.broken else "")
            + ", a crowd" * self.crowd
        ]
        lines += [f"  file {number}: {file}" for number, file in enumerate(self.files)]
        lines += [f"  round {number}: {', '.join(who)}" for number, who in enumerate(self.rounds)]
        return lines + [f"  event {event.describe()}" for event in self.events]


def drawn(seed: int, means: Means) -> Schedule:
    """Return the schedule of a seed, as far as it can be played with these means."""
    dice = random.Random(seed)
    files = tuple(_file(dice, number) for number in range(dice.choice([1, 1, 2, 3])))
    rounds = tuple(_processes(dice) for _ in range(dice.choice([1, 1, 2, 2, 3])))
    total = sum(file.size for file in files)
    schedule = Schedule(
        seed,
        files,
        rounds,
        concurrency=dice.randint(1, 5),
        events=(),
        retries=dice.choice([0, 1, 1, 2]),
        timeout=dice.choice([0.4, 0.6]),
        rate=max(1e6, total / dice.uniform(0.1, 0.7)),
        disk=_maybe(dice, 0.1, int(total * dice.uniform(0.3, 1.5)) + 128 * 1024),
        no_locks=dice.random() < 0.08,
        mirror=_maybe(dice, 0.2, dice.choice(MIRRORS)),
        api_key=dice.random() < 0.12,
        clock=_maybe(dice, 0.25, dice.choice(CLOCKS)),
        users=_maybe(dice, 0.15, dice.choice(tuple(_users.UMASKS))),
    )
    schedule = replace(schedule, events=_events(dice, schedule))
    return _playable(_surrounded(dice, schedule), means)


def _surrounded(dice: random.Random, schedule: Schedule) -> Schedule:
    """Add what is around the processes: a bad host, limits, a locale, a proxy, a crowd."""
    bad = _bad_host(dice, schedule) if dice.random() < 0.15 else schedule
    return replace(
        bad,
        limit=_maybe(dice, 0.1, dice.choice(_calls.LIMITS)),
        locale=_maybe(dice, 0.12, dice.choice(tuple(LOCALES))),
        proxied=dice.random() < 0.08 and not bad.mirror and not any(f.elsewhere for f in bad.files),
        broken=_maybe(dice, 0.1, _calls.drawn(dice)),
        crowd=dice.random() < 0.08,
    )


def _bad_host(dice: random.Random, schedule: Schedule) -> Schedule:
    """Add a file on a host of its own, which is bad from the beginning."""
    number = len(schedule.files)
    bad = FileSpec(f"bad/{number}.raw", 64 * 1024, True, False, True, False, elsewhere=True)
    kind = dice.choice(BAD_HOSTS)
    switches = KINDS[kind].draw(dice, bad.size)
    if kind == "passing statuses":
        switches = {"errors": [dice.choice([429, 503])] * 99, "retry_after": "20000"}
    worse = Event(len(schedule.events), 0, 0, "fault", number, kind, switches)
    return replace(
        schedule, files=(*schedule.files, bad), events=(*schedule.events, worse), mirror=None
    )


def _maybe(dice: random.Random, share: float, value: T) -> T | None:
    return value if dice.random() < share else None


def _playable(schedule: Schedule, means: Means) -> Schedule:
    """Leave out what cannot be had here."""
    missing = {
        "clock" if not means.clocks else "",
        "fill" if not means.disks else "",
        "read-only" if not means.users else "",
    }
    return replace(
        schedule,
        limit=schedule.limit if means.limits else None,
        broken=schedule.broken if means.calls else None,
        events=tuple(event for event in schedule.events if event.what not in missing),
        disk=schedule.disk if means.disks else None,
        clock=schedule.clock if means.clocks else None,
        users=schedule.users if means.users else None,
    )


def _file(dice: random.Random, number: int) -> FileSpec:
    most = dice.choice([0, 1, 100, 64 * 1024, MIB, MIB, 4 * MIB, 8 * MIB])
    folder = dice.choice(["", "", "fan/", "a/b/"])
    pinned = dice.random() < 0.7
    size, sized = dice.randint(most // 2, most), dice.random() < 0.4
    return FileSpec(
        f"{folder}{number}.raw" if dice.random() < 0.9 else f"{folder}Lüfter {number}.raw",
        size if pinned or sized else max(1, size),  # an empty first use is doubted
        pinned=pinned,
        sized=sized,
        plain=dice.random() < 0.2,
        tagged=dice.random() < 0.5,
    )


def _processes(dice: random.Random) -> tuple[Client, ...]:
    count = dice.choice([1, 1, 1, 2, 2, 3])
    return tuple(
        dice.choice(USUAL) if dice.random() < 0.75 else dice.choices(CLIENTS, WEIGHTS)[0]
        for _ in range(count)
    )


def _events(dice: random.Random, schedule: Schedule) -> tuple[Event, ...]:
    makers = [_fault] * 4 + [_kill] * 3 + [_damage] * 3 + [_change, _server, _pause, _others]
    count = dice.choice([0, 1, 2, 3, 4, 5, 6, 8])
    events = [dice.choice(makers)(dice, schedule) for _ in range(count)]
    if schedule.disk and dice.random() < 0.5:
        events.append({"what": "fill", **_moment(dice, schedule)})
    if schedule.clock:
        events += [_jump(dice, schedule) for _ in range(dice.randint(1, 3))]
        if dice.random() < 0.4:
            events.append(_fault(dice, schedule, ["a date to come back at"]) | {"at": 0})
    if schedule.users and dice.random() < 0.3:
        events.append({"what": "read-only", **_moment(dice, schedule)})
    ordered = sorted(events, key=lambda event: (event["round"], event["at"]))
    return tuple(Event(number=number, **event) for number, event in enumerate(ordered))


def _moment(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    at = 0 if dice.random() < 0.4 else dice.randrange(1, schedule.total + 2)
    return {"round": dice.randrange(len(schedule.rounds)), "at": at}


def _target(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    return {"file": dice.randrange(len(schedule.files)), **_moment(dice, schedule)}


def _fault(dice: random.Random, schedule: Schedule, kinds: Iterable[str] = KINDS) -> dict[str, Any]:
    kind = dice.choice(list(kinds))
    event = _target(dice, schedule)
    switches = KINDS[kind].draw(dice, schedule.files[event["file"]].size)
    return {"what": "fault", "kind": kind, "switches": switches, **event}


def _server(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    kind = dice.choice(list(SERVER_KINDS))
    switches = SERVER_KINDS[kind](dice)
    return {"what": "server", "kind": kind, "switches": switches, **_moment(dice, schedule)}


def _kill(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    return {"what": "kill", "signal": dice.choice(SIGNALS), **_process(dice, schedule)}


def _pause(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    return {"what": "pause", "seconds": dice.uniform(0.2, 1.5), **_process(dice, schedule)}


def _process(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    moment = _moment(dice, schedule)
    process = dice.randrange(len(schedule.rounds[moment["round"]]))
    if dice.random() < 0.4:
        moment["at"] = schedule.total  # just when files are published, stamped and tidied up
    later = dice.choice([0.0, 0.0, dice.uniform(0, 0.05)])
    return {"process": process, "later": later, **moment}


def _change(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    event = _target(dice, schedule)
    tags = {"etag": f'"{dice.random()}"', "last_modified": LATER} if dice.random() < 0.6 else {}
    kind = dice.choice(["same size", "same size", "longer", "shorter"])
    return {"what": "change", "kind": kind, "switches": tags, **event}


def _damage(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    target = dice.choice(TARGETS)
    event = _target(dice, schedule) | {"at": 0}  # before the processes start
    kind = f"{target}: {dice.choice(kinds(target))}"
    return {"what": "damage", "kind": kind, **event}


def _jump(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    return {"what": "clock", "kind": dice.choice(CLOCKS), **_moment(dice, schedule)}


def _others(dice: random.Random, schedule: Schedule) -> dict[str, Any]:
    event = _target(dice, schedule)
    if dice.random() < 0.6:
        return {"what": "touch", "kind": dice.choice(["past", "future"]), **event, "at": 0}
    kind = dice.choice(list(FOLDER_KINDS))
    return {"what": "folder", "kind": kind, "switches": FOLDER_KINDS[kind](dice), **event}
