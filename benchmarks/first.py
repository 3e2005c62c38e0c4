"""The first byte: how long a new process takes until it asks for one small file."""

from __future__ import annotations

import random
import socket
import threading
import time
from contextlib import suppress
from typing import Self

from ._bench import MIB, Bench
from ._candidates import CURL, WGET, Candidates
from ._files import Work, make, work
from ._measure import Candidate, Samples, Spread, measure, usable
from ._table import comparison, cpu, memory, report, seconds, spread, standing

TITLE = "First: from the start of a process to its request for one file of 3 MiB"
REPEATS = 4  # rounds here for each one elsewhere: they are short
OURS = "**evio_data.fetch**"


def run(bench: Bench) -> str:
    """Return the section's text."""
    rounds = bench.rounds_of(REPEATS)
    with bench.folder() as scratch, _Server(bench.bytes_of(3)) as server:
        folder = scratch / "served"
        task = work(folder, make(folder, [server.size]), lambda _: server.url)
        results, firsts = _compare(bench, _candidates(bench, task), server, rounds)

    def first(samples: Samples) -> str:
        label = next(name for name, found in results.items() if found is samples)
        return spread(Spread.of(firsts[label]), 0.001)

    return report(
        f"The server notes when a request comes; {rounds} rounds after one that is not counted.",
        comparison(
            results,
            ("ms to the request", first),
            seconds("whole process s", "whole"),
            cpu(),
            memory(),
        ),
        standing(results, "whole", "whole process"),
    )


def _compare(
    bench: Bench, candidates: list[Candidate], server: _Server, rounds: int
) -> tuple[dict[str, Samples], dict[str, list[float]]]:
    results = {candidate.label: Samples() for candidate in candidates}
    firsts: dict[str, list[float]] = {candidate.label: [] for candidate in candidates}
    order = random.Random(1)
    for number in range(rounds + 1):
        for candidate in order.sample(candidates, len(candidates)):
            with bench.folder() as folder:
                command = candidate.command(folder)
                began = time.perf_counter()
                sample = measure(command, home=bench.home())
            if number:  # the first round fills the bytecode caches
                results[candidate.label].append(sample)
                firsts[candidate.label].append(server.asked_at - began)
    return results, firsts


def _candidates(bench: Bench, task: Work) -> list[Candidate]:
    tools = Candidates(bench, task)
    return usable(
        bench,
        [
            tools.ours(OURS, "fetch"),
            tools.program("gdown", "peers.gdown", needs="gdown"),
            tools.program("pooch", "peers.pooch", needs="pooch"),
            tools.shell("curl, nothing verified", CURL),
            tools.shell("wget, nothing verified", WGET),
        ],
    )


class _Server:
    """A server of one file, which any path means; it notes when it was asked for it."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.asked_at = 0.0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/first.raw"
        self._content = random.Random(0).randbytes(min(size, MIB))

    def __enter__(self) -> Self:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with suppress(OSError), client:
                    self._answer(client)

    def _answer(self, client: socket.socket) -> None:
        client.recv(65536)
        self.asked_at = time.perf_counter()
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {self.size}\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        left = self.size
        while left:
            piece = self._content[:left]  # as `make` writes them: one block again and again
            client.sendall(piece)
            left -= len(piece)
