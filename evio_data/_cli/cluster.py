"""The same command for every machine of a Dask cluster."""

import argparse
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .._collection import Collection, open_collection
from .._progress.screens import screen
from .._registry.registry import Entry
from .._text import clean, duration, plural, size, width_of
from ..errors import EvioDataError
from .output import HANG, failure_lines, frame, report_json, summary_lines
from .plan import declined
from .terminal import FAILED, OK, USAGE, agrees, can_ask, say, show_json, show_text

if TYPE_CHECKING:
    from distributed import Client

    from .._cluster.exchange import Exchange
    from .._cluster.report import ClusterReport

POLL = 0.2  # seconds between two looks for a file that names the scheduler


def prefetch(options: argparse.Namespace) -> int:
    """Run ``evio-data prefetch --dask``; return the exit code."""
    collection = open_collection(options.registry)
    entries = collection.registry.select(options.patterns)
    client = _client(options.dask, collection.settings.timeout)
    try:
        return _on(client, collection, entries, options)
    finally:
        client.close()


def _on(
    client: "Client", collection: Collection, entries: list[Entry], options: argparse.Namespace
) -> int:
    from .._cluster.exchange import Exchange

    with screen(quiet=options.quiet) as shown:
        shown.tells_failures = False  # the summary does
        exchange = Exchange(
            client,
            collection.registry,
            entries,
            cache_dir=options.cache_dir,
            connections=options.concurrency,
            offline=collection.settings.offline,
            verify=options.verify,
            screen=shown,
        )
        with exchange:
            if options.dry_run:
                return _show_plan(exchange, entries, options)
            code = _agreed(exchange, entries, options)
            if code != OK:
                return code
            report = exchange.run()
    _conclude(report, options)
    return OK if report.ok else FAILED


def _client(scheduler: str, timeout: float) -> "Client":
    try:
        from distributed import Client
    except ImportError as error:
        raise EvioDataError(
            f"--dask needs Dask ({clean(str(error))}).",
            advice="Install it: pip install 'evio-data[dask]'.",
        ) from error
    try:
        client = Client(timeout=timeout, **_where(scheduler, timeout))
        client.wait_for_workers(1, timeout=timeout)
    except (OSError, ValueError) as error:
        raise EvioDataError(
            f"no Dask cluster with a worker answers at {clean(scheduler)} within "
            f"{duration(timeout)}: {clean(str(error), 200)}.",
            advice="Check the address or the scheduler file; EVIO_DATA_TIMEOUT waits longer.",
        ) from error
    return client


def _where(scheduler: str, timeout: float) -> dict[str, Any]:
    path = Path(scheduler)
    if "://" in scheduler or (not path.exists() and path.suffix != ".json"):
        return {"address": scheduler}
    until = time.monotonic() + timeout
    while not path.exists():  # the scheduler was started a moment ago
        if time.monotonic() > until:
            raise FileNotFoundError(f"there is no file {clean(scheduler)}")
        time.sleep(POLL)
    return {"scheduler_file": os.fspath(path)}


def _agreed(exchange: "Exchange", entries: list[Entry], options: argparse.Namespace) -> int:
    if options.yes or not any(exchange.missing.values()):
        return OK
    if not can_ask():
        say(f"{_amount(exchange, entries)}: nobody can be asked. Add --yes.")
        return declined(USAGE, options)
    if agrees(f"Put {_amount(exchange, entries)}?"):
        return OK
    say("Nothing was fetched.")
    return declined(FAILED, options)


def _amount(exchange: "Exchange", entries: list[Entry]) -> str:
    missing = exchange.missing
    wanted = {name for names in missing.values() for name in names}
    sizes = [entry.size for entry in entries if entry.name in wanted]
    known = sum(each or 0 for each in sizes)
    unsized = f" and {sizes.count(None)} of unknown size" if None in sizes else ""
    lacking = sum(bool(names) for names in missing.values())
    files = f"{plural(len(wanted), 'file')}, {size(known)}{unsized}"
    return f"{files}, into {plural(lacking, 'cache')} of {len(missing)}"


def _show_plan(exchange: "Exchange", entries: list[Entry], options: argparse.Namespace) -> int:
    missing = exchange.missing
    if options.json:
        machines = [{"worker": home, "missing": names} for home, names in missing.items()]
        show_json(frame(ok=True, dry_run=True, machines=machines))
    else:
        count = len(entries)
        show_text(*(f"{home}: {len(names)} of {count} missing" for home, names in missing.items()))
        show_text(f"Would put {_amount(exchange, entries)}.")
    return OK


def _conclude(report: "ClusterReport", options: argparse.Namespace) -> None:
    if options.json:
        say(*summary_lines(report), *failure_lines(report), hang=HANG)
        machines = [
            {"worker": address, "failed": [each.name for each in theirs if each.error]}
            for address, theirs in report.machines.items()
        ]
        show_json({**report_json(report, cache=None), "machines": machines})
        return
    show_text(*summary_lines(report, width=width_of(sys.stdout)))
    say(*failure_lines(report), hang=HANG)
    for address, theirs in report.machines.items():
        there = sum(each.error is None for each in theirs)
        show_text(f"{address}: {there} of {plural(len(theirs), 'file')}")
    show_text(*(f"{address}: gone in mid-run" for address in report.lost))
