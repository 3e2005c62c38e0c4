"""Many processes, many threads, one file: one download."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, TypeVar

import evio_data

if TYPE_CHECKING:
    from tests.conftest import Drive

Result = TypeVar("Result")

MIB = 2**20
# One connection: a split would let a cut range's last bytes be sent for nothing.
FETCH = """
import sys, evio_data
(outcome,) = evio_data.prefetch([sys.argv[1]], concurrency=1)
if outcome.error:
    raise outcome.error
print(outcome.path)
"""
HASH = f"""{FETCH}
import hashlib
print(hashlib.sha256(outcome.path.read_bytes()).hexdigest())
"""


def test_eight_processes(drive: Drive) -> None:
    """Eight processes fetch one file: it is sent once, and all eight have it right."""
    served = drive.add("fan.raw", random.Random(1).randbytes(24 * MIB), large=True, rate=24e6)
    processes = [drive.spawn(HASH, "fan.raw") for _ in range(8)]
    answers = [process.communicate(timeout=100)[0].split()[1:] for process in processes]
    assert answers == [[served.sha256]] * 8
    assert drive.server.sent(served) == 24 * MIB
    assert drive.left("fan.raw") == []


def test_many_threads(drive: Drive) -> None:
    """Threads of one process share one download just so."""
    data = random.Random(1).randbytes(8 * MIB)
    file = drive.add("fan.raw", data, rate=20e6)
    reports = in_threads([lambda: evio_data.prefetch(["fan.raw"], concurrency=1)] * 12)
    assert {report[0].path for report in reports} == {drive.path("fan.raw")}
    assert drive.path("fan.raw").read_bytes() == data
    assert drive.server.sent(file) == len(data)


def test_many_threads_and_files(drive: Drive) -> None:
    """Threads that want different files, in different orders, get each one right and once."""
    contents = {f"{n}.raw": random.Random(n).randbytes(MIB + n) for n in range(8)}
    files = {name: drive.add(name, data) for name, data in contents.items()}
    orders = [random.Random(n).sample(sorted(contents), k=len(contents)) for n in range(6)]

    def fetch_all(order: list[str]) -> dict[str, bytes]:
        return {name: evio_data.fetch(name).read_bytes() for name in order}

    results = in_threads([partial(fetch_all, order) for order in orders])
    assert results == [contents] * 6
    assert {name: drive.server.sent(file) for name, file in files.items()} == {
        name: len(data) for name, data in contents.items()
    }


def test_dead_holder(drive: Drive) -> None:
    """Whoever waits for a process that is killed goes on with what that one had."""
    data = random.Random(2).randbytes(16 * MIB)
    file = drive.add("fan.raw", data, rate=8e6)
    holder = drive.spawn(FETCH, "fan.raw")
    while drive.server.sent(file) < 4 * MIB:
        assert holder.poll() is None
    waiting = drive.spawn(FETCH, "fan.raw")
    while drive.server.sent(file) < 8 * MIB:
        assert waiting.poll() is None
    holder.kill()
    holder.communicate()
    file.rate = None
    with waiting:
        printed, complaint = waiting.communicate(timeout=60)
    assert printed == f"{drive.path('fan.raw')}\n", complaint
    assert drive.path("fan.raw").read_bytes() == data
    assert drive.server.sent(file) <= len(data) + 2 * MIB


def test_locks_that_lie(drive: Drive) -> None:
    """Where locks keep nobody out, work is done twice, and every answer is right all the same."""
    data = random.Random(3).randbytes(6 * MIB)
    drive.add("fan.raw", data, rate=6e6)
    # A folder in the lock's place: nobody can lock, as on a file system without locks.
    (drive.state("fan.raw") / "lock").mkdir(parents=True)
    processes = [drive.spawn(FETCH, "fan.raw") for _ in range(3)]
    outcomes = [process.communicate(timeout=60) for process in processes]
    assert [printed for printed, _ in outcomes] == [f"{drive.path('fan.raw')}\n"] * 3, outcomes
    assert drive.path("fan.raw").read_bytes() == data
    assert [o.status for o in evio_data.verify()] == ["present"]
    assert drive.left("fan.raw") == ["lock"]


def test_two_prefetches(drive: Drive) -> None:
    """Two runs over the same files at once share them out: each is sent once, both have all."""
    contents = [random.Random(n).randbytes(2 * MIB) for n in range(6)]
    files = [drive.add(f"{n}.raw", data, rate=10e6) for n, data in enumerate(contents)]
    code = "import evio_data; r = evio_data.prefetch(); print(r.ok, len(r))"
    processes = [drive.spawn(code) for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["True 6\n"] * 2
    assert drive.server.sent() == sum(file.size for file in files)


def in_threads(calls: Sequence[Callable[[], Result]]) -> list[Result]:
    """Return the results of calls that are made at once."""
    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(lambda call: call(), calls))
