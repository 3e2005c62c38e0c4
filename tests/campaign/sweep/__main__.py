"""``python -m tests.campaign.sweep``: a fault at every call of every command, and a table."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial

from ._scenes import SCENES
from ._sweep import HOWS, Row, sweep

WRONG = ("wrong", "hangs", "tracebacks", "stuck", "bad ends")


def main() -> int:
    """Sweep; exit 1 if anything was wrong."""
    options = _options()
    names = options.scene or list(SCENES)
    began = time.monotonic()
    rows = []
    print("| Command | calls | faults | " + " | ".join(WRONG) + " | left by then |")
    print("|---|" + "---:|" * (len(WRONG) + 2) + "---|", flush=True)
    with ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn")) as pool:
        for row in pool.map(partial(sweep, options=options), names):
            rows.append(row)
            print(_line(row), flush=True)
    faults = sum(row.counts["faults"] for row in rows)
    print(f"\n{faults:,} faults in {time.monotonic() - began:.0f} s")
    print("\n".join(failure for row in rows for failure in row.failures))
    return 1 if any(row.counts[kind] for row in rows for kind in WRONG) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.sweep", description=__doc__)
    add = parser.add_argument
    add("--scene", action="append", choices=SCENES, help="only this one; may be repeated")
    add("--how", action="append", choices=HOWS, help="only this: kill, one error, a dead disk")
    add("--every", type=int, default=1, metavar="N", help="only every Nth call")
    add("--first", type=int, default=0, metavar="N", help="from this call on")
    add("--errno", default="EIO", help="of the errors")
    add("--jobs", type=int, default=1, help="commands that are swept at once")
    return parser.parse_args()


def _line(row: Row) -> str:
    figures = [row.calls, row.counts["faults"], *(row.counts[kind] for kind in WRONG)]
    left = ", ".join(f"{count} of `{path}`" for path, count in row.left.most_common())
    return f"| {row.name} | {' | '.join(map(str, figures))} | {left or 'nothing'} |"


if __name__ == "__main__":
    sys.exit(main())
