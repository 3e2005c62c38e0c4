"""`evio-data list`: what is on disk."""

import argparse
import sys

from .._cache.inventory import inventory
from .._collection import open_collection
from .._registry.facts import KINDS
from .._text import width_of
from .output import inventory_json, inventory_lines
from .terminal import OK, show, show_json


def listing(options: argparse.Namespace) -> int:
    """Run ``evio-data list``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    registry, root = collection.registry, collection.cache.root
    items = sorted(inventory(collection.cache, registry.select(options.patterns)))
    if options.json:
        facts = {item.name: {kind: registry.fact(kind, item.name) for kind in KINDS}
                 for item in items}  # fmt: skip
        show_json(inventory_json(items, cache=root, facts=facts))
    else:
        events = {item.name: registry.fact("events", item.name) or "" for item in items}
        show(*inventory_lines(items, cache=root, events=events, width=width_of(sys.stdout)))
    return OK
