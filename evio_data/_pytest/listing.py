"""List what the selected tests need, with sizes and states."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from .._cache.inventory import Item, inventory
from .._collection import CONNECTIONS, Collection
from .._registry.registry import Entry
from .._text import plural, size
from ..errors import EvioDataError


class Row(NamedTuple):
    """One file of the list."""

    name: str
    size: int | None  # bytes
    there: bool
    rest: str


def listing(collection: Collection, tests: Mapping[Entry, int]) -> list[str]:
    """Return a line for each file, and one for all.

    Parameters
    ----------
    collection : Collection
    tests : dict of Entry to int
        How many tests need each file.
    """
    items = inventory(collection.cache, tests)
    asked = _asked(collection, [e for e, i in zip(tests, items, strict=True) if i.size is None])
    rows = [
        _row(item, asked.get(item.name), count)
        for item, count in zip(items, tests.values(), strict=True)
    ]
    name_width = max(len(row.name) for row in rows)
    size_width = max(len(_shown(row)) for row in rows)
    return [
        *(
            f"{row.name:<{name_width}}  {_shown(row):>{size_width}}  "
            f"{'cached ' if row.there else 'missing'}  {row.rest}"
            for row in rows
        ),
        _total(rows, collection.cache.root),
    ]


def _asked(collection: Collection, entries: Sequence[Entry]) -> dict[str, int | EvioDataError]:
    """Ask the servers for the sizes that nobody has written down, if the network may be used."""
    if not entries or collection.settings.offline:
        return {}
    from .._transfer.sizes import ask_sizes

    jobs = [collection.job(entry) for entry in entries]
    return ask_sizes(jobs, connections=CONNECTIONS, timeout=collection.settings.timeout)


def _row(item: Item, asked: int | EvioDataError | None, count: int) -> Row:
    there = item.is_there
    rest = plural(count, "test")
    if isinstance(asked, EvioDataError):
        return Row(item.name, None, there, f"{rest}; {asked}")
    return Row(item.name, item.size if asked is None else asked, there, rest)


def _shown(row: Row) -> str:
    return "unknown size" if row.size is None else size(row.size)


def _total(rows: Sequence[Row], root: str) -> str:
    missing = [row for row in rows if not row.there]
    everything, rest = (sum(row.size or 0 for row in some) for some in (rows, missing))
    return (
        f"{plural(len(rows), 'file')}, {size(everything)}; "
        f"{len(missing)} missing, {size(rest)}; cache: {root}"
    )
