"""The `repr` of a registry, and its table in notebooks."""

from collections.abc import Callable
from html import escape
from typing import TYPE_CHECKING, Any

from .._cache.inventory import inventory
from .._registry.hashes import kind_of
from .._text import amount, html_table, plural

if TYPE_CHECKING:
    from .._collection import Collection

ROWS = 25  # entries that a notebook shows


def described(registry: Any) -> str:
    """Return how many entries a registry has, where they come from, and where they go."""
    source = registry._source or registry.base_url or "URLs of their own"  # noqa: SLF001
    count = plural(len(registry.registry), "file")
    return f"{count} from {source} in {registry.abspath}"


def as_html(registry: Any, collection: "Callable[[], Collection]") -> str:
    """Return a table of a registry's first entries; nothing is asked of the network for it."""
    try:
        rows = _rows(collection())
    except Exception as error:  # noqa: BLE001 - a notebook shows what is wrong, not a traceback
        return f"<p>{escape(described(registry))}</p><p>{escape(str(error))}</p>"
    more = len(registry.registry) - ROWS
    end = f"<p>and {more:,} more</p>" if more > 0 else ""
    table = html_table(("name", "size", "hash", "state"), rows)
    return f"<div><p>{escape(described(registry))}</p>{table}{end}</div>"


def _rows(collection: "Collection") -> list[tuple[str, ...]]:
    entries = list(collection.registry.entries.values())[:ROWS]
    items = inventory(collection.cache, entries)
    return [
        (
            item.name,
            amount(item.size, item.about),
            kind_of(entry.hash) if entry.hash else item.hash_state,
            item.state,
        )
        for entry, item in zip(entries, items, strict=True)
    ]
