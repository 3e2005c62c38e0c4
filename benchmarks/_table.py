"""Samples in, Markdown out: tables, and goals held against what was measured."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from ._bench import MIB
from ._measure import Samples, Spread

Column = tuple[str, Callable[[Samples], str]]
FLOOR = "floor: "  # how the label of a program begins that is no tool
TIMES = {"inside": "after imports", "whole": "whole process"}  # what is measured of each process


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def comparison(results: Mapping[str, Samples], *columns: Column) -> str:
    """Return a table with one row a tool: ours, then the others; floors are folded below."""
    heads = ["Tool", *(head for head, _ in columns)]
    rows = [[label, *(show(samples) for _, show in columns)] for label, samples in results.items()]
    floors = [row for row in rows if row[0].startswith(FLOOR)]
    ours = [row for row in rows if row[0].startswith("**")]
    others = [row for row in rows if row not in floors and row not in ours]
    return report(table(heads, [*ours, *others]), folded(heads, floors) if floors else "")


def folded(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of floors that a reader opens by a click."""
    short = [[row[0].removeprefix(FLOOR), *row[1:]] for row in rows]
    opened = "<details>\n<summary>Floors: programs that do only the work</summary>"
    return f"{opened}\n\n{table(heads, short)}\n\n</details>"


def seconds(head: str, what: str) -> Column:
    """Return a column of seconds with minimum and maximum."""
    return head, lambda samples: spread(samples.spread(what))


def cpu() -> Column:
    """Return the column of CPU seconds."""
    return "CPU s", lambda samples: number(samples.median("cpu"))


def memory() -> Column:
    """Return the column of peak memory."""
    return "peak RSS MiB", lambda samples: f"{samples.median('rss') / MIB:.0f}"


def costs() -> list[Column]:
    """Return the columns of both times, of CPU seconds and of memory."""
    return [*(seconds(f"{words} s", what) for what, words in TIMES.items()), cpu(), memory()]


def ratio(head: str, what: str, reference: float) -> Column:
    """Return a column of how many times a reference each one took."""
    return head, lambda samples: f"{samples.median(what) / reference:.2f}"


def spread(values: Spread, unit: float = 1.0) -> str:
    """Return a median with minimum and maximum, in a unit."""
    low, middle, high = (number(v / unit) for v in (values.least, values.median, values.most))
    if values.count == 1:
        return f"{middle} (once)"
    return f"{middle} ({low}-{high})"


def number(value: float) -> str:
    """Return a number with three digits that matter.

    >>> number(18.754), number(1.6345), number(0.000123)
    ('18.8', '1.63', '0.000123')
    """
    if value >= 100:
        return f"{value:,.0f}"
    text = f"{value:.3g}"
    return text if "e" not in text else f"{value:.7f}"


def at_most(what: str, measured: float, goal: float, unit: str = "") -> str:
    """Return a line that says whether a figure is as low as it should be."""
    return _verdict(what, f"at most {goal:g}{unit}", f"{number(measured)}{unit}", measured <= goal)


def at_least(what: str, measured: float, goal: float, unit: str = "") -> str:
    """Return a line that says whether a figure is as high as it should be."""
    return _verdict(what, f"at least {goal:g}{unit}", f"{number(measured)}{unit}", measured >= goal)


def standing(results: Mapping[str, Samples], what: str, words: str) -> str:
    """Return a line that says which tools are ahead of the best of ours, which are in bold."""
    medians = {
        label: samples.median(what)
        for label, samples in results.items()
        if not label.startswith(FLOOR)
    }
    ours = min((label for label in medians if label.startswith("**")), key=medians.__getitem__)
    ahead = {
        label: median / medians[ours]
        for label, median in sorted(medians.items(), key=lambda item: item[1])
        if median < medians[ours]
    }
    names = ", ".join(f"{label} ({times:.2f} of our time)" for label, times in ahead.items())
    behind = f"**behind** {names}" if ahead else "no tool is ahead"
    return f"- {ours}, {words}: {behind}."


def not_judged(what: str, why: str) -> str:
    """Return a line for a goal that nothing could be held against."""
    return f"- {what}: not judged ({why})."


def report(*parts: str) -> str:
    """Return paragraphs, with goals one below the other."""
    text = ""
    for part in filter(None, parts):
        together = text.rpartition("\n")[2].startswith("- ") and part.startswith("- ")
        text += ("\n" if together else "\n\n") + part
    return text.strip()


def _verdict(what: str, goal: str, measured: str, met: bool) -> str:  # noqa: FBT001
    return f"- {what}: goal {goal}, measured {measured}: {'**met**' if met else '**NOT met**'}."
