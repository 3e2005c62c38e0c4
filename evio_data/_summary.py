"""A report or an inventory in, the lines and the JSON that a person or a script reads out."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ._wording import duration, plural, size

if TYPE_CHECKING:
    from ._inventory import Item
    from ._report import Outcome, Report

SCHEMA = 1  # of the JSON; raised when a field changes its meaning


def summary_lines(report: "Report") -> list[str]:
    """Return what a person wants to know after a run."""
    counts = [
        f"{len(report.fetched)} fetched",
        f"{len(report.present)} present",
        f"{len(report.failed)} failed",
    ]
    lines = [", ".join(counts) + _traffic(report)]
    lines += _failures(report.failed)
    lines += _first_uses(report)
    return lines


def _traffic(report: "Report") -> str:
    if not report.received:
        return f" in {duration(report.seconds)}"
    rate = size(report.received / max(report.seconds, 1e-9))
    saved = f"; resuming saved {size(report.resumed)}" if report.resumed else ""
    return f": {size(report.received)} in {duration(report.seconds)}, {rate}/s{saved}"


def _failures(failed: "Sequence[Outcome]") -> Iterable[str]:
    """Group the failures by their cause, with the advice once for each."""
    groups: dict[tuple[str, str], list[Outcome]] = {}
    for outcome in failed:
        kind = type(outcome.error).__name__
        groups.setdefault((kind, outcome.error.advice if outcome.error else ""), []).append(outcome)
    for (kind, advice), outcomes in groups.items():
        yield f"{kind} ({plural(len(outcomes), 'file')}):"
        for outcome in outcomes:
            yield f"  {_without(str(outcome.error), advice)}"
        if advice:
            yield f"  -> {advice}"


def _without(message: str, advice: str) -> str:
    return message.removesuffix(advice).rstrip() if advice else message


def _first_uses(report: "Report") -> Iterable[str]:
    fresh = [outcome for outcome in report if outcome.first_use]
    if not fresh:
        return
    yield (
        f"Nobody has published the SHA-256 of {plural(len(fresh), 'file')}; from now on your cache "
        "accepts only these bytes:"
    )
    for outcome in fresh:
        yield f"  {outcome.sha256}  {outcome.name}"
    yield "  -> To publish a hash, put it in place of `unpinned` on its line of registry.txt."


def inventory_lines(items: "Sequence[Item]") -> list[str]:
    """Return a table of all files, aligned."""
    rows = [("NAME", "SIZE", "STATE", "HASH", "PATH")]
    rows += [(item.name, _size(item), _state(item), item.hash_state, item.path) for item in items]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        f"{row[0]:<{widths[0]}}  {row[1]:>{widths[1]}}  {row[2]:<{widths[2]}}"
        f"  {row[3]:<{widths[3]}}  {row[4]}"
        for row in rows
    ]


def _size(item: "Item") -> str:
    return "?" if item.size is None else size(item.size)


def _state(item: "Item") -> str:
    if item.state != "partial":
        return item.state
    if item.size:
        return f"partial {100 * item.held // item.size}%"
    return f"partial {size(item.held)}"


def folder_lines(items: "Sequence[Item]") -> list[str]:
    """Return what is on disk, by folder."""
    folders: dict[str, list[Item]] = {}
    for item in items:
        folders.setdefault(item.name.rpartition("/")[0], []).append(item)
    lines = []
    for folder, inside in folders.items():
        there = [item for item in inside if item.state in ("verified", "unverified")]
        partial = sum(item.held for item in inside if item.state == "partial")
        kept = f", {size(partial)} in partials" if partial else ""
        held = size(sum(item.held for item in there))
        count = f"{len(there)} of {plural(len(inside), 'file')}"
        lines.append(f"  {folder or '.'}/: {count}, {held}{kept}")
    return lines


def report_json(report: "Report", **more: Any) -> dict[str, Any]:
    """Return a report as JSON has it; the schema is in the reference."""
    return {
        "schema": SCHEMA,
        "ok": report.ok,
        "fetched": len(report.fetched),
        "present": len(report.present),
        "failed": len(report.failed),
        "received": report.received,
        "resumed": report.resumed,
        "seconds": round(report.seconds, 3),
        **more,
        "files": [_outcome_json(outcome) for outcome in report],
    }


def _outcome_json(outcome: "Outcome") -> dict[str, Any]:
    error = outcome.error
    return {
        "name": outcome.name,
        "status": outcome.status,
        "path": str(outcome.path) if outcome.path else None,
        "size": outcome.size,
        "received": outcome.received,
        "resumed": outcome.resumed,
        "seconds": round(outcome.seconds, 3),
        "sha256": outcome.sha256,
        "first_use": outcome.first_use,
        "error": None
        if error is None
        else {"type": type(error).__name__, "message": str(error), "advice": error.advice},
    }


def inventory_json(items: "Sequence[Item]") -> dict[str, Any]:
    """Return an inventory as JSON has it."""
    return {"schema": SCHEMA, "files": [item._asdict() for item in items]}
