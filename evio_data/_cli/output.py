"""Print reports and inventories, as text or as JSON."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .._report import NOT_PUBLISHED
from .._text import amount, columns, cut, duration, folded, padded, plural, size

if TYPE_CHECKING:
    from .._cache.inventory import Item
    from .._report import Outcome, Report
    from ..errors import EvioDataError

SCHEMA = 1  # of the JSON; raised when a field changes its meaning
MANY = 4  # files with one message that are named on one line
HANG = 5  # columns before the rest of a line that was folded
LEAST_NAME = 12  # columns of a name in a table on a narrow terminal

_CAUSES = {
    "AccessDeniedError": "access denied",
    "CacheError": "the disk cannot take it",
    "ChecksumError": "not the registered bytes",
    "DownloadError": "the download did not finish",
    "DriveRefusedError": "refused by Drive",
    "NotFoundError": "not found",
    "OfflineError": "offline",
    "QuotaExceededError": "quota used up",
}


# --- for people -------------------------------------------------------------------------------


def summary_lines(report: "Report", *, width: int | None = None) -> list[str]:
    """Return what has come of a run, folded between words to a width."""
    counts = [
        f"{len(report.fetched)} fetched",
        f"{len(report.present)} present",
        f"{len(report.failed)} failed",
    ]
    lines = [", ".join(counts) + _traffic(report), *_first_uses(report)]
    return [part for line in lines for part in folded(line, width, hang=HANG)]


def _traffic(report: "Report") -> str:
    if not report.received:
        return f" in {duration(report.seconds)}"
    rate = size(report.received / max(report.seconds, 1e-9))
    saved = f"; resuming saved {size(report.resumed)}" if report.resumed else ""
    return f": {size(report.received)} in {duration(report.seconds)}, {rate}/s{saved}"


def failure_lines(report: "Report") -> Iterable[str]:
    """Yield what has failed, grouped by its cause, with the advice once for each."""
    groups: dict[tuple[str, str], list[tuple[str, EvioDataError]]] = {}
    for outcome in report.failed:
        if outcome.error is not None:
            cause = (type(outcome.error).__name__, outcome.error.advice)
            groups.setdefault(cause, []).append((outcome.name, outcome.error))
    for (kind, advice), errors in groups.items():
        yield f"Failed, {_CAUSES.get(kind, kind)} ({plural(len(errors), 'file')}):"
        yield from _named(errors)
        if advice:
            yield f"  -> {advice}"


def _named(errors: "Sequence[tuple[str, EvioDataError]]") -> Iterable[str]:
    """Yield each file with what happened to it; what happened to many alike, once."""
    names: dict[str, list[str]] = {}
    for name, error in errors:
        names.setdefault(error.message, []).append(name)
    for message, alike in names.items():
        if len(alike) >= MANY:
            yield f"  {message.rstrip('.')}: {', '.join(alike)}"
        else:
            yield from (f"  {name}: {message}" for name in alike)


def _first_uses(report: "Report") -> Iterable[str]:
    fresh = [outcome for outcome in report if outcome.first_use]
    if not fresh:
        return
    yield (
        f"Nobody has published the SHA-256 of {plural(len(fresh), 'file')}; from now on this cache "
        "accepts only these bytes:"
    )
    for outcome in fresh:
        yield f"  {outcome.hash}  {outcome.name}"
    yield f"  -> {NOT_PUBLISHED}: `evio-data pin` writes them into a registry for others."


def inventory_lines(
    items: "Sequence[Item]",
    *,
    cache: str,
    events: "Mapping[str, str] | None" = None,
    width: int | None = None,
) -> list[str]:
    """Return a table of files, aligned, and a sum; narrow terminals get fewer columns.

    ``events`` are what is documented of some files, by name.
    """
    events = events or {}
    head = ("NAME", "SIZE", "STATE", "HASH", "EVENTS", "PATH")
    rows = [head] + [
        (
            item.name,
            _size(item),
            _state(item),
            item.hash_state,
            events.get(item.name, ""),
            item.path,
        )
        for item in items
    ]
    shown = [0, 1, 2, 3, 4, 5] if any(row[4] for row in rows[1:]) else [0, 1, 2, 3, 5]
    sum_lines = folded(f"{_sum(items)}, in {cache}", width)
    return [*_fitting(rows, shown, width), *sum_lines]


def _fitting(rows: "Sequence[Sequence[str]]", shown: list[int], width: int | None) -> list[str]:
    """Return a table that takes a width, if it can.

    What is left out, in this order: PATH, EVENTS, what is there of a partial, the beginnings of
    names, HASH. In the end there are sentences.
    """
    lines = _table(rows, shown)
    for left_out in (5, 4, "held", "names", 3):
        if width is None or max(map(columns, lines)) <= width:
            break
        shown = [place for place in shown if place != left_out]
        if left_out == "held":
            rows = [(name, whole.rpartition(" of ")[2], *rest) for name, whole, *rest in rows]
        lines = _table(rows, shown)
        if left_out in ("names", 3):
            lines = _table(_shortened(rows, max(map(columns, lines)) - width), shown)
    if width is not None and max(map(columns, lines)) > width:  # no table fits
        texts = (f"{name}: {whole}, {state}" for name, whole, state, *_ in rows[1:])
        return [part for text in texts for part in folded(text, width)]
    return lines


def _shortened(rows: "Sequence[Sequence[str]]", excess: int) -> "Sequence[Sequence[str]]":
    """Return rows with names so much shorter, if that leaves enough of them."""
    width = max(columns(row[0]) for row in rows) - max(0, excess)
    return [(cut(name, max(width, LEAST_NAME)), *rest) for name, *rest in rows]


def _table(rows: "Sequence[Sequence[str]]", shown: Sequence[int]) -> list[str]:
    widths = [max(columns(row[place]) for row in rows) for place in shown]
    return ["  ".join(_cells(row, shown, widths)).rstrip() for row in rows]


def _cells(row: Sequence[str], shown: Sequence[int], widths: Sequence[int]) -> Iterable[str]:
    for place, width in zip(shown, widths, strict=True):
        text, is_size = row[place], place == 1
        yield " " * (width - columns(text)) + text if is_size else padded(text, width)


def _size(item: "Item") -> str:
    whole = amount(item.size, item.about)
    return f"{size(item.held)} of {whole}" if item.state == "partial" else whole


def _state(item: "Item") -> str:
    if item.state != "partial":
        return item.state
    if item.size:
        return f"partial {100 * item.held // item.size}%"
    return f"partial ~{min(99, 100 * item.held // item.about)}%" if item.about else "partial"


def _sum(items: "Sequence[Item]") -> str:
    states: dict[str, list[Item]] = {}
    for item in items:
        states.setdefault(item.state, []).append(item)
    parts = [f"{len(group)} {state}{_bytes(state, group)}" for state, group in states.items()]
    return f"{plural(len(items), 'file')}: " + (", ".join(parts) or "none")


def _bytes(state: str, items: "Sequence[Item]") -> str:
    """Return what a group of files holds, and of those that are not whole also what they will."""
    held = sum(item.held for item in items)
    if state not in ("partial", "missing"):
        return f" ({size(held)})" if held else ""
    whole = total_of([(item.size, item.about) for item in items])
    return f" ({size(held)} of {whole})" if held else f" ({whole})"


def total_of(sizes: "Sequence[tuple[int | None, int | None]]") -> str:
    """Return a total in words, from exact and documented sizes.

    >>> total_of([(2**20, None), (None, 2**21), (None, None)])
    '~3.00 MiB and 1 of unknown size'
    """
    known = [(exact, about) for exact, about in sizes if exact is not None or about is not None]
    unknown = len(sizes) - len(known)
    if not known:
        return "unknown size"
    total = sum(exact if exact is not None else about or 0 for exact, about in known)
    words = ("~" if any(exact is None for exact, _ in known) else "") + size(total)
    return words + (f" and {unknown} of unknown size" if unknown else "")


def folder_lines(items: "Sequence[Item]") -> list[str]:
    """Return what is on disk, by folder."""
    folders: dict[str, list[Item]] = {}
    for item in items:
        folders.setdefault(item.name.rpartition("/")[0] or ".", []).append(item)
    width = max(map(columns, folders), default=0) + 1
    return [f"  {padded(f'{name}/', width)}  {_inside(folders[name])}" for name in folders]


def _inside(items: "Sequence[Item]") -> str:
    there = [item for item in items if item.is_there]
    partial = sum(item.held for item in items if item.state == "partial")
    kept = f", {size(partial)} in partials" if partial else ""
    held = size(sum(item.held for item in there))
    return f"{len(there)} of {plural(len(items), 'file')}, {held}{kept}"


# --- for scripts ------------------------------------------------------------------------------


def frame(*, ok: bool, **fields: Any) -> dict[str, Any]:
    """Return what every JSON object of the commands has, and fields of its own.

    ``schema``; ``ok``, which is whether the exit code is 0; ``dry_run``; ``interrupted``;
    ``error``, which is what stopped the command as a whole, or null; ``files``.
    """
    common = {"dry_run": False, "interrupted": False, "error": None}
    files = fields.pop("files", [])
    return {"schema": SCHEMA, "ok": ok, **common, **fields, "files": files}


def error_json(error: "EvioDataError | None") -> dict[str, str] | None:
    """Return an error as JSON has it."""
    if error is None:
        return None
    return {"type": type(error).__name__, "message": error.message, "advice": error.advice}


def report_json(
    report: "Report",
    *,
    cache: str | None,
    unfinished: "Mapping[str, int] | None" = None,
) -> dict[str, Any]:
    """Return a report as JSON has it.

    ``unfinished`` are the files that an interrupted run did not come to the end of, and the
    bytes that are kept of each.
    """
    files = [_outcome_json(outcome) for outcome in report]
    for name, held in (unfinished or {}).items():
        files.append({**_nothing(name), "status": "interrupted", "held": held})
    return frame(
        ok=report.ok and unfinished is None,
        interrupted=unfinished is not None,
        cache=cache,
        fetched=len(report.fetched),
        present=len(report.present),
        failed=len(report.failed),
        received=report.received,
        resumed=report.resumed,
        seconds=round(report.seconds, 3),
        files=files,
    )


def _nothing(name: str) -> dict[str, Any]:
    keys = (
        "status",
        "state",
        "path",
        "size",
        "held",
        "received",
        "resumed",
        "seconds",
        "sha256",
        "hash",
    )
    return {
        "name": name,
        **dict.fromkeys(keys),
        "first_use": False,
        "hash_state": None,
        "error": None,
    }


def _outcome_json(outcome: "Outcome") -> dict[str, Any]:
    return {
        **_nothing(outcome.name),
        "status": outcome.status,
        "path": str(outcome.path) if outcome.path else None,
        "size": outcome.size,
        "held": getattr(outcome.error, "received", 0) if outcome.error else outcome.size,
        "received": outcome.received,
        "resumed": outcome.resumed,
        "seconds": round(outcome.seconds, 3),
        "sha256": outcome.sha256,
        "hash": outcome.hash,
        "first_use": outcome.first_use,
        "hash_state": outcome.hash_state,
        "state": outcome.state,
        "error": error_json(outcome.error),
    }


def inventory_json(
    items: "Sequence[Item]",
    *,
    cache: str,
    facts: "Mapping[str, Mapping[str, str | None]] | None" = None,
) -> dict[str, Any]:
    """Return an inventory as JSON has it, and what is said of each file, by name."""
    facts = facts or {}
    files = [
        {**item._asdict(), "sha256": item.sha256, **facts.get(item.name, {})} for item in items
    ]
    return frame(ok=True, cache=cache, files=files)
