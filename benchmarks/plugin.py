"""What the pytest plugin costs projects that do not use it."""

from __future__ import annotations

import statistics
from dataclasses import replace
from pathlib import Path

from ._bench import Bench
from ._measure import Candidate, Command, Samples, compare
from ._table import at_most, comparison, not_judged, number, report, seconds, table

TITLE = "Plugin: what it costs a project that does not use it"
GOAL = 5.0  # ms: the import, and an empty project
TESTS = 1000  # in the other project
REPEATS = 10  # rounds here for each one elsewhere: they are short, and differ by little
PLUGIN = ("-p", "evio_data.pytest_plugin")
COLLECT = "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]) not in (0, 5))"  # 5: no tests
IMPORT = """
import json, time, pytest
began = time.perf_counter()
import evio_data.pytest_plugin
print(json.dumps({"seconds": time.perf_counter() - began}))
"""
EMPTY, EMPTY_AGAIN = "pytest, empty project", "the same once more (what is noise)"
EMPTY_OURS = "**pytest with the plugin**, empty project"
MANY, MANY_OURS = f"pytest, {TESTS:,} tests", f"**pytest with the plugin**, {TESTS:,} tests"
IMPORTED = "**import of the plugin**, after pytest's"


def run(bench: Bench) -> str:
    """Return the section's text."""
    if not bench.tools.has("pytest"):
        return report(not_judged("the plugin", "pytest is not installed"))
    candidates = [
        Candidate(EMPTY, lambda folder: _collect(bench, folder)),
        Candidate(EMPTY_AGAIN, lambda folder: _collect(bench, folder)),
        Candidate(EMPTY_OURS, lambda folder: _collect(bench, folder, *PLUGIN)),
        Candidate(MANY, lambda folder: _collect(bench, _with_tests(folder))),
        Candidate(MANY_OURS, lambda folder: _collect(bench, _with_tests(folder), *PLUGIN)),
        Candidate(IMPORTED, lambda _: Command([str(bench.tools.python), "-c", IMPORT])),
    ]
    compare(replace(bench, runs=1), candidates)  # fills the bytecode caches
    more = replace(bench, runs=bench.rounds_of(REPEATS))
    results = compare(more, candidates)
    imported = results.pop(IMPORTED).median("inside") * 1000
    empty, many = results[EMPTY], results[MANY]
    noise, ours = _more(results[EMPTY_AGAIN], empty), _more(results[EMPTY_OURS], empty)
    return report(
        f"`pytest --collect-only` without other plugins: whole processes, {more.runs} rounds after "
        "one that is not counted.",
        comparison(results, seconds("s", "whole")),
        "Milliseconds more than without it: medians of the differences within each round.",
        table(
            ["", "ms more"],
            [
                ["the same once more", number(noise)],
                ["empty project", number(ours)],
                [f"{TESTS:,} tests", number(_more(results[MANY_OURS], many))],
            ],
        ),
        at_most("import of the plugin", imported, GOAL, " ms"),
        at_most("more for an empty project", ours, GOAL, " ms"),
    )


def _collect(bench: Bench, folder: Path, *options: str) -> Command:
    command = [str(bench.tools.python), "-c", COLLECT, "--collect-only", "-qq"]
    place = ["--rootdir", str(folder), "-p", "no:cacheprovider", str(folder)]
    return Command([*command, *options, *place], {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})


def _with_tests(folder: Path) -> Path:
    text = "".join(f"def test_{number}():\n    pass\n" for number in range(TESTS))
    (folder / "test_many.py").write_text(text, encoding="utf-8")
    return folder


def _more(with_: Samples, without: Samples) -> float:
    """Return the median of what each round took more, in milliseconds."""
    pairs = zip(with_, without, strict=True)
    return statistics.median(one.whole - other.whole for one, other in pairs) * 1000
