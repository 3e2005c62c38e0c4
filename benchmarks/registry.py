"""Opening a registry of 100,000 lines."""

from __future__ import annotations

import hashlib
from pathlib import Path

from ._bench import Bench
from ._candidates import program_command
from ._measure import Candidate, Samples, compare
from ._table import at_most, comparison, number, report, seconds

TITLE = "Registry: open 100,000 lines"
LINES = 100_000
OURS = "**evio_data.names** of one name"
POOCH = "pooch.load_registry"
GOAL = 0.5  # seconds


def run(bench: Bench) -> str:
    """Return the section's text."""
    lines = bench.count_of(LINES)
    with bench.folder() as folder:
        registry = folder / "registry.txt"
        registry.write_text(_text(lines), encoding="utf-8")
        results = compare(bench, _candidates(bench, registry))

    def each(samples: Samples) -> str:
        return number(samples.median("inside") / lines * 1e6)

    return report(
        f"{lines:,} lines, {registry_size(lines):,} bytes, a new process each time.",
        comparison(results, seconds("after imports s", "inside"), ("microseconds a line", each)),
        at_most("ours", results[OURS].median("inside"), GOAL, " s"),
    )


def registry_size(lines: int) -> int:
    """Return the bytes of the registry that is opened."""
    return len(_text(lines))


def _text(lines: int) -> str:
    return "".join(f"{_name(n)} {_hash(n)} https://example.org/{n}\n" for n in range(lines))


def _name(number: int) -> str:
    return f"session-{number // 100:04}/recording-{number:06}.raw"


def _hash(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


def _candidates(bench: Bench, registry: Path) -> list[Candidate]:
    environment = {"EVIO_DATA_REGISTRY": str(registry)}
    ours = program_command(bench, ["ours.names", "-", "-", _name(1)], environment)
    pooch = program_command(bench, ["peers.pooch_registry", "-", "-", str(registry)], {})
    return [
        Candidate(OURS, lambda _: ours, ["evio-data"]),
        Candidate(POOCH, lambda _: pooch, ["pooch"]),
    ]
