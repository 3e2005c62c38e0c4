"""A cluster played in no time: the package's own plan, and transfers as slow as their lines."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from evio_data._cluster.planner import Plan, Step


@dataclass(frozen=True)
class Lines:
    """How fast things are, in bytes a second.

    Attributes
    ----------
    connection
        From the origin, each.
    link
        Of each machine, in and out.
    """

    connection: float
    link: float


@dataclass(frozen=True)
class Played:
    """What came of it: seconds, and bytes that the origin sent."""

    seconds: float
    sent: int


def play(machines: int, sizes: dict[str, int], connections: int, lines: Lines) -> Played:
    """Let every machine have every file, as the plan says."""
    plan = Plan(sizes, connections=connections)
    for number in range(machines):
        plan.join(f"machine{number}")
    seconds, sent = 0.0, 0
    left: dict[Step, float] = {}
    while True:
        while (step := plan.next()) is not None:
            left[step] = float(sizes[step.file])
            sent += sizes[step.file] if step.connections else 0
        if not left:
            return Played(seconds, sent)
        rates = _rates(left, lines)
        pause = min(rest / rates[step] for step, rest in left.items())
        seconds += pause
        for step in list(left):
            left[step] -= rates[step] * pause
            if left[step] < 1.0:
                del left[step]
                plan.done(step)


def _rates(running: dict[Step, float], lines: Lines) -> dict[Step, float]:
    """Return the speed of each transfer: what shares a link shares it equally."""
    coming = Counter(step.cache for step in running)
    going = Counter(step.holders[0] for step in running if step.holders)
    rates = {}
    for step in running:
        rate = lines.link / coming[step.cache]
        if step.holders:
            rate = min(rate, lines.link / going[step.holders[0]])
        else:
            rate = min(rate, lines.connection * step.connections)
        rates[step] = rate
    return rates
