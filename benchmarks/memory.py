"""Memory and CPU by the size of the file."""

from __future__ import annotations

from ._bench import MIB, Bench
from ._candidates import Candidates
from ._measure import Candidate, Samples, compare, own_rss
from ._serve import serving
from ._table import at_most, number, report, table

TITLE = "Memory: peak RSS and CPU by the size of the file"
SIZES, LARGE = (100, 1024), 4096  # MiB
OURS = "**evio_data.fetch**"
GROWTH = 8  # MiB more for the largest file than for the smallest


def run(bench: Bench) -> str:
    """Return the section's text."""
    sizes = (*SIZES, LARGE) if bench.large else SIZES
    measured = {size: _measured(bench, size) for size in sizes}
    heads = [f"{what}, {size} MiB" for what in ("RSS MiB", "CPU s/GiB") for size in sizes]
    rows = [
        [
            label,
            *(f"{measured[size][label].median('rss') / MIB:.0f}" for size in sizes),
            *(number(_cpu_a_gib(bench, size, measured[size][label])) for size in sizes),
        ]
        for label in measured[sizes[0]]
        if all(label in of_size for of_size in measured.values())
    ]
    most, least = (measured[size][OURS].median("rss") for size in (sizes[-1], sizes[0]))
    return report(
        f"Figures below {own_rss() / MIB:.0f} MiB, the memory of the measuring process, cannot be"
        " seen. CPU includes the imports.",
        table(["Tool", *heads], rows),
        at_most(f"growth from {sizes[0]} to {sizes[-1]} MiB", (most - least) / MIB, GROWTH, " MiB"),
    )


def _measured(bench: Bench, size: int) -> dict[str, Samples]:
    with serving(bench, [bench.bytes_of(size)]) as served:
        return compare(bench, _candidates(Candidates(bench, served.work)))


def _cpu_a_gib(bench: Bench, size: int, samples: Samples) -> float:
    return samples.median("cpu") * 1024 * MIB / bench.bytes_of(size)


def _candidates(make: Candidates) -> list[Candidate]:
    return [
        make.ours(OURS, "fetch"),
        make.floor("threads", "threads"),
        make.program("gdown, then SHA-256", "peers.gdown", needs="gdown"),
        make.program("pooch, 1 MiB chunks", "peers.pooch", "1", str(MIB), needs="pooch"),
    ]
