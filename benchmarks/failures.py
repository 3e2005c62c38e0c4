"""What becomes of a file when something plain goes wrong, tool by tool."""

from __future__ import annotations

import hashlib
import random
import sys
from dataclasses import replace
from pathlib import Path

from evio_data.testing import DriveServer

from ._bench import Bench
from ._candidates import CURL_RESUMED, RCLONE, WGET_RESUMED, Candidates
from ._files import work
from ._measure import Candidate, usable
from ._serve import free_port
from ._table import at_least, not_judged, report, table
from ._trial import NAME, PASS, WAIT, Scenario, Trial

TITLE = "Failures: seven plain ones, and what becomes of the file"
SIZE = 24  # MiB
OURS = "**evio_data.fetch**"


def run(bench: Bench) -> str:
    """Return the section's text."""
    content = random.Random(7).randbytes(bench.bytes_of(SIZE))
    scenarios = _scenarios(len(content))
    port = free_port()
    with bench.folder() as folder:
        tools = usable(bench, _tools(_candidates(bench, folder, content, port)))
        cells = {
            tool.label: [_play(bench, tool, scenario, content, port) for scenario in scenarios]
            for tool in tools
        }
    passes = {label: sum(c.startswith(PASS) for c in found) for label, found in cells.items()}
    return report(
        f"A file of {len(content):,} bytes on `evio_data.testing`; each cell is what one trial"
        " found. A pass: exit code 0 and the right bytes under the final name; after `kill -9`"
        " without all of it being sent again, for four processes with the traffic of one (else the"
        " cell says *right*); where the file was changed, an error without wrong bytes under the"
        " name passes, too. In brackets: what was sent in all to the last process or processes, in"
        " sizes of the file.",
        table(
            ["Tool", "passes", *(scenario.title for scenario in scenarios)],
            [[label, str(passes[label]), *found] for label, found in cells.items()],
        ),
        at_least("ours passes", passes[OURS], len(scenarios)),
        _best(passes),
    )


def _best(passes: dict[str, int]) -> str:
    peers = {label: count for label, count in passes.items() if label != OURS}
    if not peers:
        return not_judged("the best peer", "no peer is installed")
    most = max(peers.values())
    return f"- The best peer passes {most}: {', '.join(p for p in peers if peers[p] == most)}."


def _play(bench: Bench, tool: Candidate, scenario: Scenario, content: bytes, port: int) -> str:
    with DriveServer(port=port) as server, bench.folder() as folder:
        found = Trial(server, content, folder, home=bench.home()).play(tool, scenario)
    print(f"  {tool.label}, {scenario.title}: {found}", file=sys.stderr, flush=True)
    return found


def _scenarios(size: int) -> list[Scenario]:
    cut = {"cut_after": size // 3, "cut_how": "close", "cut_times": 1}
    return [
        Scenario("`kill -9` at a third, once more", killed=True, resumed=True),
        Scenario("the same, and no ranges", {"ranges": "ignore"}, killed=True),
        Scenario("the same, and the file changed", killed=True, changed=True),
        Scenario("body cut short", cut),
        Scenario(f"429, `Retry-After: {WAIT}`", {"errors": [429], "retry_after": str(WAIT)}),
        Scenario("503 twice", {"errors": [503, 503]}),
        Scenario("4 processes, one file", crowd=4),
    ]


def _candidates(bench: Bench, folder: Path, content: bytes, port: int) -> Candidates:
    source = folder / "source"
    source.mkdir()
    (source / NAME).write_bytes(content)
    hashes = {NAME: hashlib.sha256(content).hexdigest()}
    url = f"http://127.0.0.1:{port}/plain/{NAME}"
    return Candidates(bench, work(source, hashes, lambda _: url))


def _tools(make: Candidates) -> list[Candidate]:
    def peer(label: str, program: str, *options: str, needs: str) -> Candidate:
        return make.program(label, f"peers.{program}", *options, needs=needs)

    blind = replace(make, work=make.work.without_hashes())  # for tools that verify nothing
    return [
        make.ours(OURS, "fetch"),
        peer("pooch as it comes", "pooch", needs="pooch"),
        peer("pooch, 3 retries", "pooch", "1", "", "3", needs="pooch"),
        blind.program("gdown, resume", "peers.gdown_resume", needs="gdown"),
        peer("gdown.cached_download with hash", "gdown_cached", needs="gdown"),
        peer("parfive, checksum", "parfive", "1", "1", needs="parfive"),
        blind.program("pypdl", "peers.pypdl", needs="pypdl"),
        blind.program("huggingface_hub http_get", "peers.hf_http_get", needs="huggingface_hub"),
        make.aria2c("aria2c --continue --checksum", "--continue=true", "-x1", "-s1"),
        make.shell("curl -C - --retry 3", CURL_RESUMED),
        make.shell("wget -c", WGET_RESUMED),
        make.shell("rclone copyurl", RCLONE),
    ]
