"""`evio-data prefetch`: plan, question, download, summary."""

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .._cache.inventory import inventory
from .._collection import Collection, open_collection
from .._progress.screens import screen
from .._registry.registry import Entry
from .._report import Outcome, Report
from .._text import plural, size, width_of
from .output import (
    HANG,
    failure_lines,
    folder_lines,
    report_json,
    summary_lines,
)
from .terminal import FAILED, INTERRUPTED, OK, say, show_json, show_text

if TYPE_CHECKING:
    from .._progress.screens import Bars, Lines
from .plan import agreed, make_plan, show_plan

GENTLE = 5  # connections above which Drive may limit
POLL = 0.05  # seconds between two looks at how far hashing is


def prefetch(options: argparse.Namespace) -> int:
    """Run ``prefetch-datasets``; return the exit code."""
    if options.dask:
        from .cluster import prefetch as prefetch_on_cluster

        return prefetch_on_cluster(options)
    return prefetch_from(open_collection(options.registry, options.cache_dir), options)


def prefetch_from(collection: Collection, options: argparse.Namespace) -> int:
    """Fetch what is wanted of a collection; return the exit code."""
    if options.concurrency > GENTLE:
        say(f"warning: with more than {GENTLE} connections Drive may refuse for a while.")
    entries = collection.registry.select(options.patterns)
    plan = make_plan(collection, entries, options)
    if options.dry_run:
        return show_plan(plan, collection, options)
    code = agreed(plan, collection, options)
    if code != OK:
        return code
    with screen(quiet=options.quiet) as watcher:
        interrupted = run(collection, entries, plan.sizes, options, watcher)
    ended = [watcher.outcomes[entry.name] for entry in entries if entry.name in watcher.outcomes]
    report = Report(ended, seconds=watcher.seconds)
    if interrupted:
        return _interrupted(report, entries, collection, options)
    _conclude(report, collection, entries, options)
    return OK if report.ok else FAILED


def run(
    collection: Collection,
    entries: Sequence[Entry],
    sizes: dict[str, int],
    options: argparse.Namespace,
    watcher: "Bars | Lines",
) -> bool:
    """Have the files, each outcome told to the watcher; say whether it was interrupted."""
    try:
        collection.obtain(
            entries,
            connections=options.concurrency,
            watcher=watcher,
            verify=options.verify,
            sizes=sizes,
        )
    except KeyboardInterrupt:
        return True
    return False


# --- after the run ----------------------------------------------------------------------------


def _conclude(
    report: Report,
    collection: Collection,
    entries: Sequence[Entry],
    options: argparse.Namespace,
) -> None:
    if options.json:
        say(*summary_lines(report), *failure_lines(report), hang=HANG)
        show_json(report_json(report, cache=collection.cache.root))
        return
    show_text(*summary_lines(report, width=width_of(sys.stdout)))
    say(*failure_lines(report), hang=HANG)
    show_text(
        f"On disk in {collection.cache.root}:", *folder_lines(inventory(collection.cache, entries))
    )


def _interrupted(
    report: Report,
    entries: Sequence[Entry],
    collection: Collection,
    options: argparse.Namespace,
) -> int:
    ended = {outcome.name: outcome for outcome in report}
    kept = tell_kept(entries, ended, collection)
    if options.json:
        show_json(report_json(report, cache=collection.cache.root, unfinished=kept))
    return INTERRUPTED


def tell_kept(
    entries: Sequence[Entry], ended: dict[str, Outcome], collection: Collection
) -> dict[str, int]:
    """Say what an interrupted run leaves on disk; return the bytes of each unfinished file."""
    rest = inventory(collection.cache, [entry for entry in entries if entry.name not in ended])
    kept = {item.name: item.held if item.state == "partial" else 0 for item in rest}
    held = [count for count in kept.values() if count]
    there = sum(outcome.error is None for outcome in ended.values())
    say(
        f"Interrupted: {there} of {plural(len(entries), 'file')} there; {size(sum(held))} of "
        f"{plural(len(held), 'unfinished file')} kept. Run again to go on."
    )
    return kept
