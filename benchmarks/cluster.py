"""Four machines that want the same files: together over Dask, and each for itself."""

from __future__ import annotations

import json
import statistics
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from . import _cluster_model, _hosts
from ._bench import MIB, Bench
from ._files import make
from ._hosts import Host
from ._serve import CAP, MB
from ._table import at_most, not_judged, number, report, table

TITLE = "Cluster: 14 files of 20 MiB for four machines"
FILES, SIZE = 14, 20  # MiB each
MACHINES, CONNECTIONS = 4, 3
LINK = 100 * MB  # bytes a second of each machine, in and out
NEAR = 1.25  # times the ideal
PROGRAM = Path(__file__).parent / "programs" / "cluster.py"
PATIENCE = 900  # seconds for all ways together
NAMES = {
    "together": "**evio_data.dask.prefetch**",
    "alone": "evio_data.prefetch on each",
    "killed": "**evio_data.dask.prefetch**, one worker killed after 40 %",
}
NODES, FILE, TERABYTE = 100, 4 * 10**9, 10**12


def run(bench: Bench) -> str:
    """Return the section's text."""
    if not bench.tools.has("distributed"):
        return report(not_judged("Four machines", "distributed is not installed"), _played())
    why = _hosts.reason_against()
    with bench.folder() as scratch:
        make(scratch / "served", [bench.bytes_of(SIZE)] * FILES)
        near = _measured(bench, scratch, _hosts.loopback(MACHINES + 1), "loopback")
        with nullcontext() if why else _hosts.hosts(MACHINES + 1, LINK) as hosts:
            far = _measured(bench, scratch, hosts, "namespaces") if hosts else [f"Left out: {why}."]
    return report(
        f"The origin sends {CAP // MB} MB/s a connection, and {CONNECTIONS * CAP // MB} MB/s in "
        f"all; {CONNECTIONS} connections. Machines are processes with a cache each.",
        "All on loopback, as fast as this machine is:",
        *near,
        f"Each machine in a network namespace with a line of {LINK // MB} MB/s each way:",
        *far,
        _played(),
    )


def _measured(bench: Bench, scratch: Path, hosts: Sequence[Host], label: str) -> list[str]:
    origin, *machines = hosts
    folder = scratch / label
    folder.mkdir()
    settings = {
        "host": origin.address,
        "name": origin.name,
        "scratch": str(folder),
        "folder": str(scratch / "served"),
        "rate": CAP,
        "connections": CONNECTIONS,
        "runs": bench.runs,
        "workers": [{"prefix": each.prefix, "address": each.address} for each in machines],
    }
    (folder / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    command = [*origin.prefix, str(bench.tools.python), str(PROGRAM), str(folder / "settings.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
    if done.returncode:
        bench.failed[f"the cluster on {label}"] = done.stderr[-400:]
        return [not_judged(f"The cluster on {label}", "it failed")]
    return list(_judged(json.loads(done.stdout.splitlines()[-1])))


def _judged(found: dict[str, Any]) -> Iterator[str]:
    ideal = found["size"] / (CONNECTIONS * CAP)
    yield f"Ideal, bytes / what the origin sends: {ideal:.2f} s."
    rows, medians = [], {}
    for way, name in NAMES.items():
        taken = [each for each in found["results"] if each["way"] == way]
        seconds = statistics.median(each["seconds"] for each in taken)
        medians[way] = seconds
        sent = max(each["sent"] for each in taken)
        rows.append([name, number(seconds), f"{seconds / ideal:.2f}", f"{sent:.2f} x"])
    yield table(["Way", "s", "x ideal", "the origin sent"], rows)
    yield f"A worker's memory grew by {found['grown'] / MIB:.0f} MiB at most."
    yield at_most(f"{NAMES['together']} / ideal", medians["together"] / ideal, NEAR)


def _played() -> str:
    """Return what the plan makes of a hundred machines and a terabyte, in no time."""
    files = {f"{place}.raw": FILE for place in range(TERABYTE // FILE)}
    rows = []
    for connections in (3, 32):
        alone = TERABYTE / (connections * CAP)
        rows.append(_row(f"each for itself, {connections} connections each", alone, NODES))
        rows.append(_row(f"shared file system, {connections} connections", alone, 1))
        for link in (LINK, 1250 * MB):
            lines = _cluster_model.Lines(CAP, link)
            played = _cluster_model.play(NODES, files, connections, lines)
            way = f"Dask, {connections} connections in all, links of {link // MB:,} MB/s"
            rows.append(_row(way, played.seconds, played.sent / TERABYTE))
    what = f"{NODES} machines, 1 TB in {len(files)} files, {CAP // MB} MB/s a connection."
    return report(
        f"By arithmetic, and for Dask by the package's own plan played without a network: {what}",
        table(["Way", "hours", "the origin sends"], rows),
    )


def _row(way: str, seconds: float, copies: float) -> list[str]:
    return [way, f"{seconds / 3600:.2f}", f"{copies:.2f} TB"]
