"""Counts in, Markdown out."""

from __future__ import annotations

from collections import Counter


def markdown(counts: Counter[str], *, failures: int, seconds: float) -> str:
    """Return what was done, most important first."""
    runs = counts["runs"]
    kills = sum(count for name, count in counts.items() if name.startswith("kill"))
    lines = [
        f"{runs} runs in {seconds:.0f} s, {kills} kills, {failures} failed",
        "",
        "| What | How often |",
        "|---|---:|",
    ]
    lines += [f"| {name} | {count:,} |" for name, count in sorted(counts.items()) if count]
    return "\n".join(lines)
