"""A fault at each call of a command, one after the other."""

from __future__ import annotations

import argparse
import errno
import re
from collections import Counter
from typing import NamedTuple

from ._preload import How
from ._trial import Trial

HOWS = {"kill": How.KILL, "error": How.ERROR, "disk": How.DISK}
RANDOM = re.compile(r"[0-9a-f]{1,8}-[0-9a-f]{8}|[0-9a-f]{6,}|[A-Za-z0-9_]{8}(?=\.(tmp|part|fresh))")


class Row(NamedTuple):
    """What came of one command."""

    name: str
    calls: int
    counts: Counter[str]
    left: Counter[str]
    failures: list[str]


def sweep(name: str, options: argparse.Namespace) -> Row:
    """Play a scene with a fault at each of its calls."""
    counts, left = Counter[str](), Counter[str]()
    failures = []
    error = getattr(errno, options.errno)
    with Trial.open(name) as trial:
        for how in options.how or HOWS:
            for at in range(options.first, len(trial.calls), options.every):
                if how == "kill" and not trial.calls[at].changes:
                    continue  # as a kill at the next call that changes something
                counts["faults"] += 1
                wrong, litter = trial.play(HOWS[how], at, error)
                counts.update({kind for kind, _ in wrong})
                left.update(RANDOM.sub("*", path) for path in litter)
                failures += [
                    f"{name}, {how} at call {at} ({trial.calls[at].name} {trial.calls[at].file}): "
                    f"{kind}: {text}"
                    for kind, text in wrong
                ]
        return Row(name, len(trial.calls), counts, left, failures)
