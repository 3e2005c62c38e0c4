"""Pushes to a mirror."""

from __future__ import annotations

import os
from pathlib import Path

from evio_data._collection import open_collection
from evio_data._sharing.mirror_push import Pushed, push

MAIN = "from evio_data._cli.main import main; main(['mirror', 'push', *__import__('sys').argv[1:]])"


def pushed(target: str | Path) -> Pushed:
    """Push the one entry of the registry."""
    collection = open_collection()
    (outcome,) = push(collection, os.fspath(target), collection.registry.entries.values())
    return outcome
