"""F: what an import costs, and how long a command takes to say what it can do."""

from __future__ import annotations

from ._bench import Bench
from ._measure import Candidate, Command, Samples, compare
from ._table import at_most, comparison, number, report, seconds

TITLE = "Start: seconds until a process has done nothing"
BARE = "python -c pass"
OURS = "**import evio_data**"
IMPORT_GOAL, HELP_GOAL = 0.020, 0.080  # seconds above a bare Python; seconds in all
REPEATS = 4  # rounds here for each one elsewhere: they are short


def run(bench: Bench) -> str:
    """Return the section's text."""
    candidates = _candidates(bench)
    compare(Bench(bench.tools, bench.scratch, runs=1), candidates)  # fills the bytecode caches
    more = Bench(bench.tools, bench.scratch, runs=bench.runs * REPEATS)
    results = compare(more, candidates)
    bare = results[BARE].median("whole")

    def above(samples: Samples) -> str:
        return number(max(0.0, samples.median("whole") - bare) * 1000)

    return report(
        f"Whole processes, {more.runs} rounds after one that is not counted.",
        comparison(results, seconds("s", "whole"), ("ms above bare Python", above)),
        at_most("above bare Python", results[OURS].median("whole") - bare, IMPORT_GOAL, " s"),
        *(
            at_most(label, results[label].median("whole"), HELP_GOAL, " s")
            for label in results
            if label.startswith(("**evio-data", "**prefetch"))
        ),
    )


def _candidates(bench: Bench) -> list[Candidate]:
    return [
        _python(bench, BARE, "pass"),
        _python(bench, OURS, "import evio_data", needs="evio-data"),
        *_script(bench, "**evio-data --help**", "evio-data"),
        *_script(bench, "**prefetch-datasets --help**", "prefetch-datasets"),
        *(
            _python(bench, f"import {name}", f"import {name}", needs=name)
            for name in ("requests", "pooch", "gdown", "parfive", "huggingface_hub")
        ),
        *_script(bench, "gdown --help", "gdown"),
        *_script(bench, "parfive --help", "parfive"),
    ]


def _python(bench: Bench, label: str, code: str, *, needs: str | None = None) -> Candidate:
    command = Command([str(bench.tools.python), "-c", code])
    return Candidate(label, lambda _: command, needs)


def _script(bench: Bench, label: str, name: str) -> list[Candidate]:
    path = bench.tools.script(name)
    command = Command([str(path), "--help"])
    return [Candidate(label, lambda _: command)] if path.exists() else []
