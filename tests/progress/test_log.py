"""Progress as lines: beginnings, ends, and nothing where nobody reads."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from evio_data._collection import open_collection
from evio_data._progress.screens import Lines
from tests.progress.content import CONTENT, MIB

if TYPE_CHECKING:
    from tests.conftest import Drive


def logged(*, chatty: bool = True, dated: bool = False) -> list[str]:
    """Fetch all of the registry, and return the lines of the log."""
    stream, collection = io.StringIO(), open_collection()
    with Lines(stream, chatty=chatty, dated=dated) as watcher:
        collection.obtain(collection.registry.select(), watcher=watcher)
    return stream.getvalue().splitlines()


def test_log_tells_beginning_and_end(drive: Drive) -> None:
    """In a log a file has a line when it begins, and one when it is there."""
    drive.add("a.raw", CONTENT)
    first, last = logged()
    assert first == "a.raw: receiving"
    assert last.startswith("a.raw: 2.00 MiB in ")


def test_quiet_log_tells_ends_only(drive: Drive) -> None:
    """Quiet is a line a finished file, and nothing on the way."""
    drive.add("a.raw", CONTENT, cut_after=MIB, cut_times=1)
    drive.add("b.raw", CONTENT, refuse="not-found")
    lines = sorted(logged(chatty=False))
    assert [line[:7] for line in lines] == ["a.raw: ", "b.raw: "]
    assert "failed: " in lines[1]


def test_log_of_a_closed_stream(drive: Drive) -> None:
    """A log that nobody reads any more stops no download."""
    drive.add("a.raw", CONTENT)
    stream, collection = io.StringIO(), open_collection()
    stream.close()
    with Lines(stream) as watcher:
        collection.obtain(collection.registry.select(), watcher=watcher)
    assert watcher.outcomes["a.raw"].status == "fetched"
