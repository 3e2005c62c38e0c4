"""What an import costs, and how long a command takes to say what it can do."""

from __future__ import annotations

from dataclasses import replace

from ._bench import Bench
from ._measure import Candidate, Command, Samples, compare
from ._table import at_most, comparison, number, report, seconds, standing

TITLE = "Start: seconds until a process has done nothing"
BARE = "python -c pass"
OURS = "**import evio_data**"
IMPORT_GOAL, HELP_GOAL = 0.020, 0.080  # seconds above a bare Python; seconds in all
REPEATS = 4  # rounds here for each one elsewhere: they are short
PEERS = ("requests", "urllib3", "tqdm", "pooch", "gdown", "parfive", "pypdl", "huggingface_hub")
PARTS = ("tqdm.auto", "filelock", "platformdirs")  # of packages that come with the peers
LIBRARY = (
    "argparse",
    "json",
    "pathlib",
    "importlib.metadata",
    "concurrent.futures",
    "logging",
    "tempfile",
)


def run(bench: Bench) -> str:
    """Return the section's text."""
    candidates = _candidates(bench)
    compare(replace(bench, runs=1), candidates)  # fills the bytecode caches
    more = replace(bench, runs=bench.rounds_of(REPEATS))
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
        standing(_only(results, [OURS, *(f"import {name}" for name in PEERS)]), "whole", "imports"),
        standing(_only(results, [s for s in results if "--" in s]), "whole", "commands"),
    )


def _only(results: dict[str, Samples], labels: list[str]) -> dict[str, Samples]:
    return {label: results[label] for label in labels if label in results}


def _candidates(bench: Bench) -> list[Candidate]:
    curl = Command([bench.tools.programs.get("curl", "curl"), "--version"])
    return [
        _python(bench, BARE, "pass"),
        _python(bench, OURS, "import evio_data", needs="evio-data"),
        *_script(bench, "**evio-data --help**", "evio-data"),
        *_script(bench, "**prefetch-datasets --help**", "prefetch-datasets"),
        *(_python(bench, f"import {name}", f"import {name}", needs=name) for name in PEERS),
        _python(
            bench,
            "import of huggingface_hub's hf_hub_download",
            "from huggingface_hub import hf_hub_download",
            needs="huggingface_hub",
        ),
        *(
            _python(bench, f"import {name}", f"import {name}", needs=name.partition(".")[0])
            for name in PARTS
        ),
        *(_python(bench, f"import {name}", f"import {name}") for name in LIBRARY),
        *(
            line
            for name in ("gdown", "parfive", "hf")
            for line in _script(bench, f"{name} --help", name)
        ),
        Candidate("curl --version", lambda _: curl, ["curl"]),
    ]


def _python(bench: Bench, label: str, code: str, *, needs: str | None = None) -> Candidate:
    command = Command([str(bench.tools.python), "-c", code])
    return Candidate(label, lambda _: command, [needs] if needs else [])


def _script(bench: Bench, label: str, name: str) -> list[Candidate]:
    path = bench.tools.script(name)
    command = Command([str(path), "--help"])
    return [Candidate(label, lambda _: command)] if path.exists() else []
