"""Command line in, Markdown out: which sections run, how often, and with which tools."""

from __future__ import annotations

import argparse
import importlib
import shlex
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from ._bench import Bench
from ._machine import describe, load
from ._page import DOCS, HEAD, Page
from ._tools import Tools, made_environment, present_environment

SECTIONS = (
    "cold",
    "tls",
    "line",
    "parts",
    "warm",
    "bulk",
    "proportions",
    "single",
    "start",
    "first",
    "small",
    "memory",
    "registry",
    "share",
    "cluster",
    "plugin",
    "failures",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(arguments)
    if unknown := set(options.sections) - set(SECTIONS):
        print(f"no such section: {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    write = _Writer(options.output)
    page = Page(DOCS / "benchmarks.md", SECTIONS)
    with _bench(options) as bench:
        heading = _heading(bench, arguments)
        write(heading)
        for name in options.sections or SECTIONS:
            section = _section(name, bench)
            write(section)
            if options.page:
                page.put(section)
    if options.page:
        page.put(heading.replace("# Benchmarks", f"## {HEAD}"))
        page.draw()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="benchmarks/run", description="Measure evio-data beside its peers; Markdown out."
    )
    add = parser.add_argument
    add("sections", nargs="*", metavar="SECTION", help=f"{', '.join(SECTIONS)} (default: all)")
    add("--runs", type=int, default=5, metavar="N", help="rounds (default: 5)")
    add("--output", type=Path, metavar="FILE", help="write there, too, as each section ends")
    add("--page", action="store_true", help="put it into docs/benchmarks.md, and draw its plots")
    add("--scale", type=float, default=1.0, metavar="X", help="multiply all sizes (for trying)")
    add("--large", action="store_true", help="section memory: a file of 4 GiB, too")
    add("--slow", action="store_true", help="slow tools in every round, not only in the first")
    add("--folder", type=Path, metavar="DIR", help="for temporary files; needs 10 GB of space")
    add("--environment", type=Path, metavar="DIR", help="keep the peers' environment there")
    add("--no-peers", action="store_true", help="no environment: this interpreter as it is")
    return parser


@contextmanager
def _bench(options: argparse.Namespace) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="evio-data-benchmarks-", dir=options.folder) as name:
        scratch = Path(name).absolute()
        yield Bench(
            tools=_tools(options, scratch),
            scratch=scratch,
            runs=options.runs,
            scale=options.scale,
            large=options.large,
            slow=options.slow,
        )


def _tools(options: argparse.Namespace, scratch: Path) -> Tools:
    if options.no_peers:
        return present_environment()
    return made_environment((options.environment or scratch / "environment").absolute())


class _Writer:
    """Prints each piece of the report at once, and appends it to a file."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        if path is not None:
            path.write_text("", encoding="utf-8")

    def __call__(self, text: str) -> None:
        """Add a piece."""
        print(text, flush=True)
        if self._path is not None:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text + "\n")


def _heading(bench: Bench, arguments: Sequence[str]) -> str:
    command = shlex.join(["benchmarks/run", *arguments])
    scaled = [] if bench.scale == 1 else [f"- **All sizes times {bench.scale:g}.**"]
    return "\n".join(
        [
            "# Benchmarks",
            "",
            f"- Command: `{command}`",
            f"- Date: {time.strftime('%Y-%m-%d %H:%M %Z')}",
            *(f"- {line}" for line in describe(bench.scratch)),
            *(f"- {line}" for line in bench.tools.describe()),
            f"- Medians (minimum to maximum) of {bench.runs} rounds, each in another order.",
            *scaled,
            "",
        ]
    )


def _section(name: str, bench: Bench) -> str:
    began, before = time.monotonic(), load()
    module: ModuleType = importlib.import_module(f".{name}", __package__)
    print(f"section {name} ...", file=sys.stderr, flush=True)
    text = module.run(bench)
    if bench.failed:
        text += f"\n\nFailed, so not in the table: {', '.join(bench.failed)}."
        bench.failed.clear()
    took = time.monotonic() - began
    when = time.strftime("%Y-%m-%d, %H:%M %Z")
    end = f"Load before {before}, after {load()}; {took:.0f} s, until {when}."
    return f"## {module.TITLE}\n\n{text}\n\n{end}\n"
