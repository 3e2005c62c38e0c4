"""Ctrl-C: whatever a run waits for, it ends within a moment, and keeps what arrived."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from evio_data._cache.partial import Partial
from evio_data._cache.source_key import source_key
from evio_data._http.connection import Interrupted
from evio_data._transfer.cancellation import Cancellation, OneShotEvent
from tests.transfer.conftest import LARGE, MIB

if TYPE_CHECKING:
    from tests.conftest import Drive


WAITS: dict[str, dict[str, object]] = {
    "streaming": {"rate": 2e6},
    "stalled": {"stall_after": MIB},
    "refused": {"errors": [429] * 9, "retry_after": "300"},
    "told to wait": {"errors": [503] * 9, "retry_after": "300"},
}


@pytest.mark.parametrize("switches", WAITS.values(), ids=WAITS.keys())
def test_interrupted(drive: Drive, switches: dict[str, Any]) -> None:
    """Ctrl-C ends a run within a moment, whatever it is waiting for, and keeps what arrived."""
    drive.add("fan.raw", LARGE, **switches)
    refused = "errors" in switches

    def has_begun() -> bool:
        if refused:
            return any(request.status in (429, 503) for request in drive.server.requests)
        return any(p.stat().st_size > MIB // 2 for p in drive.state("fan.raw").glob("*.part"))

    with drive.spawn("import sys, evio_data; evio_data.fetch(sys.argv[1])", "fan.raw") as process:
        while not has_begun():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=60)  # what it waits for would take minutes
    assert complaint.rstrip().endswith("KeyboardInterrupt")
    assert refused or drive.part("fan.raw").stat().st_size > MIB // 2


def test_interrupted_while_it_hashes(drive: Drive) -> None:
    """Ctrl-C while a file that is all there is hashed keeps it: no digest is no wrong digest."""
    size = 4 * 2**30
    file = drive.server.add("fan.raw", b"")
    drive.register(f"fan.raw {'0' * 64} {file.url}#size={size}")
    drive.state("fan.raw").mkdir(parents=True)
    partial = Partial(drive.state("fan.raw"), source=source_key(file.url))
    partial.open()
    os.truncate(partial.path, size)
    partial.span_at(0)[1] = size
    partial.close()
    with drive.spawn("import sys, evio_data; evio_data.fetch(sys.argv[1])", "fan.raw") as process:
        while partial.path.exists():
            assert process.poll() is None
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, complaint = process.communicate(timeout=30)
    assert complaint.rstrip().endswith("KeyboardInterrupt")
    assert drive.part("fan.raw").stat().st_size == size
    assert drive.left("fan.raw")[:2] == [".journal", ".part"]


class Stream:
    """A body that counts how often somebody wakes its reader."""

    ends_itself = False
    woken = 0

    def read_into(self, view: memoryview) -> int:
        """Have no bytes."""
        return 0

    def abort(self) -> None:
        """Take note."""
        self.woken += 1

    def release(self) -> None:
        """Be done."""


def test_readers_are_woken() -> None:
    """A request to stop wakes those who read, and those who begin to read after it."""
    cancellation, early, done, late = Cancellation(), Stream(), Stream(), Stream()
    cancellation.watch(early)
    cancellation.watch(done)
    cancellation.unwatch(done)
    cancellation.cancel()
    cancellation.watch(late)
    assert (early.woken, done.woken, late.woken) == (1, 0, 1)


def test_a_wait_ends() -> None:
    """Who waits is woken by a request to stop, and who begins to wait after it does not."""
    cancellation = Cancellation()
    cancellation.wait(0)
    threading.Timer(0.05, cancellation.cancel).start()
    for _ in range(2):
        with pytest.raises(Interrupted):
            cancellation.wait(60)
    assert cancellation.cancelled


def test_an_event_of_one_shot() -> None:
    """It stays closed until it is opened; to open it twice does no harm."""
    event = OneShotEvent()
    assert not event.wait(0.01)
    event.open()
    event.open()
    assert event.wait(60)
