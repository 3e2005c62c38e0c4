"""A plugin that gives a new worker the files before its first task."""

import asyncio
import hashlib
import os
import random
import time
from collections.abc import Iterable
from logging import getLogger
from typing import Any
from zlib import crc32

from distributed import Lock, Semaphore

from .._collection import CONNECTIONS, open_collection
from ..errors import EvioDataError
from .peer import ask_peer
from .site import CacheDir, FirstUse, Result, Site

HEARTBEAT = 5.0  # seconds; without one for some minutes the scheduler gives a worker up
LOOK = 0.5  # seconds between two looks whether a peer has what is missing


class DatasetPlugin(Site):
    """Have every worker hold recordings before its first task, also workers that come later.

    Register it once: ``client.register_plugin(DatasetPlugin(["fan/*"]))``. A worker takes what
    its peers have from them, and the rest from the origin, of which no two fetch the same file
    at a time. A file that cannot be had is told in the worker's log, and does not keep the worker
    from starting.

    Parameters
    ----------
    patterns : iterable of str
        Names or globs; none means all.
    registry : path, optional
        Another ``registry.txt``, read here and taken along.
    cache_dir : path or callable, optional
        The cache on each machine; a callable takes the worker's address.
    concurrency : int
        Connections to the origin, of all workers together.
    """

    def __init__(
        self,
        patterns: Iterable[str] = (),
        *,
        registry: str | os.PathLike[str] | None = None,
        cache_dir: CacheDir | None = None,
        concurrency: int = CONNECTIONS,
    ) -> None:
        collection = open_collection(registry)
        entries = collection.registry.select(patterns)
        identity = hashlib.sha256(repr([entries, str(cache_dir)]).encode()).hexdigest()[:12]
        names = [entry.name for entry in entries]
        offline = collection.settings.offline
        super().__init__(
            f"evio-data-{identity}", collection.registry, names, cache_dir, offline=offline
        )
        self._concurrency = concurrency

    async def setup(self, worker: Any) -> None:
        """Have the files, before the worker is given a task."""
        super().setup(worker)
        work = asyncio.create_task(asyncio.to_thread(self._have_all))
        try:
            while not (await asyncio.wait({work}, timeout=HEARTBEAT))[0]:
                await worker.heartbeat()
        except BaseException:
            self._stopped = True
            raise
        work.result()

    def _have_all(self) -> None:
        # Each worker in an order of its own, so that not all begin with the same file.
        left = sorted(self._names, key=lambda name: crc32((self._worker.address + name).encode()))
        while left and not self._stopped:
            before = len(left)
            for name in list(left):
                result = self._take_or_fetch(name)
                if result is not None:
                    left.remove(name)
                    _log(result)
            if len(left) == before:
                time.sleep(LOOK)  # somebody else is fetching each of them

    def _take_or_fetch(self, name: str) -> Result | None:
        """Have a file; None while another worker is fetching it."""
        holders, pin = self._holders(name)
        if holders:
            result = self.have(name, holders, 0, pin=pin)
            if result.outcome.error is None:
                return result
        rpc = {"scheduler_rpc": self._worker.scheduler, "loop": self._worker.loop}
        lock = Lock(f"{self.name}-{name}", **rpc)
        if not lock.acquire(timeout=0):
            return None
        try:
            with Semaphore(self._concurrency, f"{self.name}-origin", **rpc):
                holders, pin = self._holders(name)
                return self.have(name, holders, 1, pin=pin)
        finally:
            lock.release()

    def _holders(self, name: str) -> tuple[list[str], FirstUse | None]:
        """Return the workers that have a file, in no order, and its hash."""
        work = self._ask_all(name)
        found = asyncio.run_coroutine_threadsafe(work, self._worker.loop.asyncio_loop).result()
        random.SystemRandom().shuffle(found)  # a caller's seed is its own
        return [address for address, _ in found], next((pin for _, pin in found), None)

    async def _ask_all(self, name: str) -> list[tuple[str, FirstUse]]:
        others = await self._worker.scheduler.ncores(workers=None)
        asked = [address for address in others if address != self._worker.address]
        answers = await asyncio.gather(
            *(self._ask(address, name) for address in asked), return_exceptions=True
        )
        there = zip(asked, answers, strict=True)
        return [(address, pin) for address, pin in there if isinstance(pin, tuple)]

    async def _ask(self, address: str, name: str) -> FirstUse | None:
        ask = ask_peer(self._worker, address, self.name, name, 0, 0)
        reply = await asyncio.wait_for(ask, HEARTBEAT)
        return tuple(reply["pin"]) if "pin" in reply else None


def _log(result: Result) -> None:
    outcome = result.outcome
    if isinstance(outcome.error, EvioDataError):
        getLogger("evio_data").error("%s", outcome.error)
