"""A Drive, a Dask scheduler and its workers: settings as JSON in, what each way took out."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack
from importlib import import_module
from pathlib import Path
from typing import Any

KILL_AT = 0.4  # of the bytes, sent by the origin
PATIENCE = 60  # seconds for workers to begin


class Cluster:
    """All of it, for a while."""

    def __init__(self, settings: dict[str, Any], stack: ExitStack) -> None:
        from evio_data.testing import DriveServer

        distributed = import_module("distributed")
        self.scratch = Path(settings["scratch"])
        self.connections: int = settings["connections"]
        self.name: str = settings["name"]
        self.server = stack.enter_context(DriveServer(host=settings["host"]))
        self.server.rate_per_connection = settings["rate"]
        self.server.rate = settings["rate"] * self.connections
        self.size = self._serve(Path(settings["folder"]))
        scheduler = stack.enter_context(
            distributed.LocalCluster(
                n_workers=0, host=settings["host"], dashboard_address=f"{settings['host']}:0"
            )
        )
        self.client: Any = stack.enter_context(distributed.Client(scheduler))
        self.workers = [
            stack.enter_context(self._worker(number, each, scheduler.scheduler_address))
            for number, each in enumerate(settings["workers"])
        ]
        for worker in self.workers:
            stack.callback(worker.terminate)
        self.client.wait_for_workers(len(self.workers), timeout=PATIENCE)

    def _serve(self, folder: Path) -> int:
        files = [self.server.add(path.name, path, large=True) for path in sorted(folder.iterdir())]
        lines = [file.registry_line(file.name, size=True) + "\n" for file in files]
        (self.scratch / "registry.txt").write_text("".join(lines), encoding="utf-8")
        return sum(file.size for file in files)

    def _worker(
        self, number: int, where: dict[str, Any], scheduler: str
    ) -> subprocess.Popen[bytes]:
        place = self.scratch / f"worker{number}"
        place.mkdir()
        options = ("--no-nanny", "--nthreads", "1", "--no-dashboard", "--local-directory", place)
        command = (sys.executable, "-m", "dask", "worker", scheduler)
        return subprocess.Popen(
            [*where["prefix"], *command, "--host", where["address"], *map(str, options)],
            env={
                **os.environ,
                "EVIO_DATA_DIR": str(place / "cache"),
                "EVIO_DATA_ENDPOINT": f"http://{self.name}:{self.server.port}",
            },
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def measured(self, way: str, **options: Any) -> dict[str, Any]:
        """Do it in one way, into empty caches; return seconds and what the origin sent."""
        self.server.forget()
        began = time.perf_counter()
        getattr(self, f"_{way}")(f"{way}-{time.monotonic_ns()}", **options)
        seconds = time.perf_counter() - began
        return {"way": way, "seconds": seconds, "sent": self.server.sent() / self.size}

    def _alone(self, cache: str) -> None:
        registry = str(self.scratch / "registry.txt")
        workers = list(self.client.nthreads())
        futures = [
            self.client.submit(
                _fetch_all, registry, cache, self.connections, workers=[each], pure=False
            )
            for each in workers
        ]
        self.client.gather(futures)

    def warm_up(self) -> None:
        """Have every worker import what it will need."""
        self._together("warm", ["*00000.raw"])

    def _together(self, cache: str, patterns: Sequence[str] = ()) -> None:
        from evio_data.dask import prefetch

        report = prefetch(
            self.client,
            patterns,
            registry=self.scratch / "registry.txt",
            cache_dir=lambda _: str(Path(os.environ["EVIO_DATA_DIR"], cache)),
            concurrency=self.connections,
            progressbar=False,
        )
        assert report.ok, report.failed

    def _killed(self, cache: str) -> None:
        def kill() -> None:
            while self.server.sent() < KILL_AT * self.size:
                time.sleep(0.01)
            self.workers[0].kill()

        killer = threading.Thread(target=kill)
        killer.start()
        self._together(cache)
        killer.join()

    def memory(self) -> int:
        """Return the largest number of bytes that a worker has had in memory."""
        peaks: dict[str, int] = self.client.run(_peak)
        return max(peaks.values())


def _fetch_all(registry: str, cache: str, connections: int) -> None:
    from evio_data._collection import open_collection

    folder = Path(os.environ["EVIO_DATA_DIR"], cache)
    report = open_collection(registry, folder).prefetch(connections=connections)
    assert report.ok, report.failed


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Run every way, and print what each took."""
    settings = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    with ExitStack() as stack:
        cluster = Cluster(settings, stack)
        cluster.warm_up()
        before = cluster.memory()
        results = [
            cluster.measured(way) for _ in range(settings["runs"]) for way in ("together", "alone")
        ]
        grown = cluster.memory() - before
        results.append(cluster.measured("killed"))
        print(json.dumps({"results": results, "grown": grown, "size": cluster.size}), flush=True)


if __name__ == "__main__":
    main()
