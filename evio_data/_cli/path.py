"""`evio-data path`: where files are."""

import argparse

from .._collection import open_collection
from .terminal import OK, show


def path(options: argparse.Namespace) -> int:
    """Run ``evio-data path``; return the exit code."""
    collection = open_collection(options.registry, options.cache_dir)
    if options.name is None:
        show(collection.cache.root)
    else:
        show(collection.cached_file(collection.registry.find(options.name)).final)
    return OK
