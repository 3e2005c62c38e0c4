"""What `evio-data serve` sends over a local network, beside nginx on the same file."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._bench import Bench
from ._files import make, work
from ._measure import Candidate, Command, Samples, compare
from ._serve import nginx, running
from ._table import at_most, comparison, not_judged, number, report, seconds

TITLE = "Share: one file of 1 GiB for one client, and for eight at once"
SIZE = 1024  # MiB
CROWD = 8  # clients at once
OURS, NGINX = "**evio-data serve**", "nginx with sendfile"
GOAL = 1.5  # times nginx's seconds
_MAIN = "from evio_data._cli.main import main; main()"
_CURLS = 'i=0; while [ $i -lt "$2" ]; do curl -sSf -o /dev/null "$1" & i=$((i+1)); done; wait'


def run(bench: Bench) -> str:
    """Return the section's text."""
    size = bench.bytes_of(SIZE)
    with bench.folder() as scratch, _both(bench, scratch, size) as urls:
        results = compare(bench, _candidates(urls))

    return report(
        f"{size:,} bytes to each `curl -o /dev/null` over loopback, on the same cores.",
        comparison(results, seconds("whole s", "whole")),
        *_rates(results, size),
        _judged(results, OURS, NGINX),
        _judged(results, _crowd(OURS), _crowd(NGINX)),
    )


def _rates(results: dict[str, Samples], size: int) -> Iterator[str]:
    for label, samples in results.items():
        count = CROWD if label.endswith(_crowd("")) else 1
        rate = number(count * size / samples.median("whole") / 1e9)
        yield f"{label}: {rate} GB/s."


def _judged(results: dict[str, Samples], ours: str, theirs: str) -> str:
    if ours not in results or theirs not in results:
        return not_judged(ours, "nginx or curl is not there")
    times = results[ours].median("whole") / results[theirs].median("whole")
    return at_most(f"{ours} / nginx", times, GOAL)


def _crowd(label: str) -> str:
    return f"{label}, {CROWD} at once"


def _candidates(urls: dict[str, str]) -> list[Candidate]:
    candidates = []
    for label, url in urls.items():
        candidates.append(_curl(label, url, 1))
        candidates.append(_curl(_crowd(label), url, CROWD))
    return candidates


def _curl(label: str, url: str, count: int) -> Candidate:
    command = Command(["sh", "-c", _CURLS, "sh", url, str(count)])
    return Candidate(label, lambda _: command, ["curl"])


@contextmanager
def _both(bench: Bench, scratch: Path, size: int) -> Iterator[dict[str, str]]:
    folder = scratch / "served"
    hashes = make(folder, [size])
    (name,) = hashes
    registry = work(folder, hashes, lambda name: f"https://example.org/{name}").registry
    places = ["--registry", str(registry), "--cache-dir", str(scratch / "cache")]
    ours = [str(bench.tools.python), "-c", _MAIN]
    fill = [*ours, "import", "--link", str(folder), *places]
    subprocess.run(fill, check=True, capture_output=True)
    with running([*ours, "serve", "--port", "0", *places]) as process:
        assert process.stdout is not None
        base = process.stdout.readline().strip().partition("=")[2]
        urls = {OURS: f"{base}/{name}"}
        if not bench.tools.has("nginx"):
            yield urls
            return
        with nginx(bench.tools, folder) as (theirs, _):
            yield {NGINX: theirs[name], **urls}
