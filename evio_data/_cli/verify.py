"""`evio-data verify`."""

import argparse
import threading
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .._cache.inventory import inventory
from .._collection import Collection, open_collection
from .._progress.screens import Totals, screen
from .._registry.registry import Entry
from .._report import Outcome, Report
from .._text import plural
from .._threads import started
from ..errors import ChecksumError
from .output import (
    report_json,
)
from .terminal import FAILED, OK, show_json, show_text

if TYPE_CHECKING:
    from .._progress.screens import Bars, Lines
from .prefetch import POLL


def verify(options: argparse.Namespace) -> int:
    """Run ``evio-data verify``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    entries = collection.registry.select(options.patterns)
    with screen() as watcher:
        report = _checked(collection, entries, options, watcher)
        if options.repair and report.failed:
            report = _repaired(report, collection, watcher)
    if options.json:
        show_json(report_json(report, cache=collection.cache.root))
    else:
        _tell_verified(report, absent=len(entries) - len(report))
    return OK if report.ok else FAILED


def _checked(
    collection: Collection,
    entries: Sequence[Entry],
    options: argparse.Namespace,
    watcher: "Bars | Lines",
) -> Report:
    there = [item for item in inventory(collection.cache, entries) if item.is_there]
    total = sum(item.held for item in there)
    task = _Hashing(lambda on_progress: collection.verify(options.patterns, on_progress))
    while not task.finished(POLL):
        done = min(task.hashed, total)
        watcher.hashing(Totals(len(there), bytes=done, total=total, moved=done))
    return task.report()


class _Hashing:
    """A check of files in a thread of its own, so that an interrupt need not wait for it."""

    def __init__(self, check: Callable[[Callable[[int], None]], Report]) -> None:
        self.hashed = 0  # bytes
        self._check = check
        self._result: Report | BaseException | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = started(self._work)
        if self._thread is None:
            self._work()

    def _work(self) -> None:
        try:
            self._result = self._check(self._count)
        except BaseException as error:  # noqa: BLE001 - raised again by report()
            self._result = error

    def _count(self, hashed: int) -> None:
        with self._lock:
            self.hashed += hashed
        if self._stopped:
            raise KeyboardInterrupt

    def finished(self, seconds: float) -> bool:
        """Wait for the end for some time; say whether it has come."""
        if self._thread is None:
            return True
        try:
            self._thread.join(seconds)
        except KeyboardInterrupt:
            self._stopped = True
            raise
        return not self._thread.is_alive()

    def report(self) -> Report:
        """Return what was found."""
        if not isinstance(self._result, Report):
            raise self._result or RuntimeError("the check has not ended")
        return self._result


def _repaired(report: Report, collection: Collection, watcher: "Bars | Lines") -> Report:
    damaged = [
        collection.registry.find(outcome.name)
        for outcome in report.failed
        if isinstance(outcome.error, ChecksumError)
    ]
    watcher.tells_failures = False  # they are told below, with their advice
    outcomes = collection.obtain(damaged, watcher=watcher, verify=True)
    mended = {outcome.name: outcome for outcome in outcomes}
    return Report([mended.get(outcome.name, outcome) for outcome in report], seconds=report.seconds)


def _tell_verified(report: Report, *, absent: int) -> None:
    good = len(report) - len(report.failed)
    show_text(
        *map(_verdict, report),
        f"{plural(good, 'file')} right, {len(report.failed)} wrong, {absent} not cached",
    )


def _verdict(outcome: Outcome) -> str:
    if outcome.error is not None:
        return str(outcome.error)
    words = ["fetched again"] if outcome.status == "fetched" else []
    words += [] if outcome.first_use else ["right"]
    words += [] if outcome.hash_state == "published" else [outcome.verdict]
    return f"{outcome.name}: {', '.join(words)}"
