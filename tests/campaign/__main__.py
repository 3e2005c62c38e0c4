"""``python -m tests.campaign``: play schedules, and print what they found."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from ._play import Result, play, play_seed
from ._schedule import Means, Schedule, drawn
from ._shrink import shrink
from ._tables import markdown

MISSING = {
    "disks": "no tmpfs can be mounted here: no disk fills up",
    "clocks": "no libfaketime is here, or it does not work: no clock jumps",
    "users": "no other users can be had here: none share a cache, none is read-only",
}
STRIDE = 1_000_000  # between the runs of two seeds of a campaign


def main() -> int:
    """Run; exit 1 if the oracle found anything."""
    options = _options()
    if options.peers:
        from ._peers import compare

        return compare(options.seed, options.runs, options.jobs)
    means = Means.here()
    for what, why in MISSING.items():
        if not getattr(means, what):
            print(why, file=sys.stderr)
    if options.one is not None:
        return _one(drawn(options.one, means), frozenset(options.drop))
    began = time.monotonic()
    counts: Counter[str] = Counter()
    failed = []
    for result in _results(options, means):
        counts += result.counts
        if result.failures:
            failed.append(result)
            _tell(result)
    for result in failed[: options.shrink]:
        _shrunk(drawn(result.seed, means))
    print(markdown(counts, failures=len(failed), seconds=time.monotonic() - began))
    return 1 if failed else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign", description=__doc__)
    add = parser.add_argument
    add("--seed", type=int, default=0, help="of the campaign")
    add("--runs", type=int, default=20, help="schedules that are drawn from it")
    add("--jobs", type=int, default=3, help="schedules that are played at once")
    add("--one", type=int, metavar="SEED", help="play one schedule, and tell what is in it")
    add("--drop", type=_numbers, default=(), metavar="N,N", help="without these of its events")
    add("--shrink", type=int, default=3, help="failing schedules that are made smaller")
    add("--peers", action="store_true", help="what else there is, beside us")
    return parser.parse_args()


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(word) for word in text.split(",") if word)


def _results(options: argparse.Namespace, means: Means) -> Iterator[Result]:
    seeds = range(options.seed * STRIDE, options.seed * STRIDE + options.runs)
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(partial(play_seed, means=means), seeds)


def _one(schedule: Schedule, dropped: frozenset[int]) -> int:
    fewer = schedule.without(dropped)
    print("\n".join(fewer.describe()))
    result = play(fewer)
    _tell(result)
    print(markdown(result.counts, failures=bool(result.failures), seconds=result.seconds))
    return 1 if result.failures else 0


def _tell(result: Result) -> None:
    for failure in result.failures:
        print(f"seed {result.seed}: {failure}", flush=True)


def _shrunk(schedule: Schedule) -> None:
    dropped, last = shrink(schedule, print)
    without = f" --drop {','.join(map(str, sorted(dropped)))}" if dropped else ""
    print(f"again: python -m tests.campaign --one {schedule.seed}{without}")
    if last is not None:
        _tell(last)


if __name__ == "__main__":
    sys.exit(main())
