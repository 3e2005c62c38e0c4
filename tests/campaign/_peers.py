"""The same kinds of schedules against other downloaders, at plain URLs of the same server."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import venv
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import NamedTuple

from evio_data.testing import DriveServer

from ._clients import PREFETCH, Client
from ._clock import Clock, can_jump, tidy
from ._faults import KINDS
from ._schedule import Event, Means, Schedule, drawn
from ._world import Served, clean_environment

PACKAGES = ("pooch", "gdown", "parfive")
SECONDS = 30.0  # in which a process must end
SILENT = 1  # seconds of silence after which a line is dead, where a tool can be told
TRIES = 3
DICE_TO_DRAW = 5000  # schedules that are looked at for those that peers can play
# Not played: "endless" may fill the disk of a tool that goes on to the end of the body.
LEFT_OUT = ("endless",)
LATE = ("kill", "pause")  # what needs a process
NO_TIMEOUT = ("silence", "silence, always")  # gdown claims nothing about a line that falls silent
COLUMNS = ("right at once", "error", "hangs", "wrong, exit 0", "then right", "then not", "exposed")

_POOCH = """
import os, sys, pooch
url, folder, name, sha256 = sys.argv[1:]
get = pooch.HTTPDownloader(timeout={silent})
pup = pooch.create(folder, "", registry={{name: "sha256:" + sha256}}, urls={{name: url}},
                   retry_if_failed={tries})
pup.fetch(name, downloader=get)
"""
_GDOWN = """
import sys, gdown
url, folder, name, sha256 = sys.argv[1:]
gdown.cached_download(url, folder + "/" + name, quiet=True, hash="sha256:" + sha256)
"""
_PARFIVE = """
import sys, parfive
from parfive import SessionConfig
import aiohttp
url, folder, name, sha256 = sys.argv[1:]
config = SessionConfig(timeouts=aiohttp.ClientTimeout(total=0, sock_read={silent}))
for _ in range({tries} + 1):  # not by its own retry(), which forgets the checksum
    get = parfive.Downloader(progress=False, overwrite=True, config=config)
    get.enqueue_file(url, path=folder, filename=name, checksum="sha-256=" + sha256)
    if not get.download().errors:
        sys.exit(0)
sys.exit(1)
"""


class Tool(NamedTuple):
    """A downloader, and the command that makes it fetch one file whose hash is known."""

    name: str
    command: Callable[[str, Path, Served, int], list[str]]
    excused: tuple[str, ...] = ()


class Play(NamedTuple):
    """What became of one schedule."""

    first: str
    second: str
    exposed: bool  # wrong bytes were seen under the final name after a process had ended


def compare(seed: int, runs: int, jobs: int) -> int:
    """Play schedules with every tool, and print a table."""
    with tempfile.TemporaryDirectory(prefix="campaign-peers-") as folder:
        python = environment(Path(folder) / "venv")
        schedules = _schedules(seed, runs)
        print(f"{len(schedules)} schedules, each with one file, from seed {seed}\n")
        print("| Tool | played | " + " | ".join(COLUMNS) + " |")
        print("|---|" + "---:|" * (len(COLUMNS) + 1))
        for tool in _tools(python):
            print(_row(tool, schedules, jobs), flush=True)
        print(f"\n{versions(python)}")
    return 0


def environment(folder: Path) -> Path:
    """Make an environment that has the peers."""
    venv.create(folder, with_pip=True)
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *PACKAGES], check=True)
    return python


def versions(python: Path) -> str:
    code = (
        "import sys, importlib.metadata as m; "
        "print(*(f'{name} {m.version(name)}' for name in sys.argv[1:]))"
    )
    asked = subprocess.run(
        [str(python), "-c", code, *PACKAGES], check=True, capture_output=True, text=True
    )
    aria2c = shutil.which("aria2c")
    if aria2c is None:
        return f"{asked.stdout.strip()}; aria2c is not installed"
    told = subprocess.run([aria2c, "--version"], check=True, capture_output=True, text=True)
    return f"{asked.stdout.strip()} {told.stdout.splitlines()[0]}"


def _tools(python: Path) -> list[Tool]:
    def script(code: str) -> Callable[[str, Path, Served, int], list[str]]:
        text = code.format(silent=SILENT, tries=TRIES) if "{silent}" in code else code

        def command(url: str, folder: Path, served: Served, connections: int) -> list[str]:
            name = served.spec.name
            return [str(python), "-c", text, url, str(folder), name, served.registered]

        return command

    tools = [
        Tool("**evio-data**", _ours),
        Tool(f"pooch, {TRIES} retries, known hash", script(_POOCH)),
        Tool("gdown.cached_download, hash", script(_GDOWN), NO_TIMEOUT),
        Tool(f"parfive, {TRIES} retries, checksum", script(_PARFIVE)),
    ]
    aria2c = shutil.which("aria2c")
    return [*tools, Tool("aria2c -c, checksum", _aria2)] if aria2c else tools


def _ours(url: str, folder: Path, served: Served, connections: int) -> list[str]:
    registry = folder.parent / "registry.txt"
    registry.write_text(f"{served.spec.name} {served.registered} {url}\n", encoding="utf-8")
    options = ["--registry", str(registry), "--cache-dir", str(folder), "--yes", "--quiet"]
    return [sys.executable, "-c", PREFETCH, *options, "-j", str(connections)]


def _aria2(url: str, folder: Path, served: Served, connections: int) -> list[str]:
    return [
        "aria2c",
        "--no-conf",
        "--quiet",
        "--continue=true",
        "--allow-overwrite=true",
        "--auto-file-renaming=false",
        "--file-allocation=none",
        f"--checksum=sha-256={served.registered}",
        "--check-integrity=true",
        f"--max-tries={TRIES + 1}",
        "--retry-wait=1",
        f"--timeout={SILENT}",
        f"--split={connections}",
        f"--max-connection-per-server={connections}",
        "--min-split-size=1M",
        f"--dir={folder}",
        f"--out={served.spec.name}",
        url,
    ]


# --- schedules --------------------------------------------------------------------------------


def _schedules(seed: int, runs: int) -> list[Schedule]:
    """Return schedules as every tool can play them: one pinned file, one process at a time."""
    found: list[Schedule] = []
    for number in range(seed, seed + DICE_TO_DRAW):
        whole = drawn(number, Means(clocks=can_jump()))
        spec = replace(whole.files[0], name="fan.raw", pinned=True, plain=True)
        events = tuple(event for event in whole.events if _is_playable(event))
        if events and spec.size > 1 and len(found) < runs:
            rounds: tuple[tuple[Client, ...], ...] = tuple(("prefetch",) for _ in whole.rounds)
            found.append(replace(whole, files=(spec,), rounds=rounds, events=events))
    return found


def _is_playable(event: Event) -> bool:
    if event.what == "fault":
        kind = KINDS[event.kind]
        return event.file == 0 and not kind.drive_only and event.kind not in LEFT_OUT
    is_of_all = event.what in ("kill", "pause", "clock")
    return is_of_all or (event.what == "change" and event.file == 0)


def _row(tool: Tool, schedules: list[Schedule], jobs: int) -> str:
    counts: Counter[str] = Counter()
    fair = [each for each in schedules if not {e.kind for e in each.events} & set(tool.excused)]
    with ThreadPoolExecutor(jobs) as pool:
        plays = list(pool.map(partial(_play, tool), fair))
    for played in plays:
        counts["played"] += 1
        counts[played.first] += 1
        counts[played.second] += 1
        counts["exposed"] += played.exposed
    figures = [counts["played"], *(counts[column] for column in COLUMNS)]
    return f"| {tool.name} | " + " | ".join(map(str, figures)) + " |"


# --- playing ----------------------------------------------------------------------------------


class Stage:
    """Where one tool plays one schedule: a server, a folder, and perhaps a clock of its own."""

    def __init__(self, tool: Tool, schedule: Schedule, server: DriveServer, folder: Path) -> None:
        self._schedule = schedule
        self._folder = folder
        self._clock = Clock(folder / "clock", schedule.clock) if schedule.clock else None
        spec = schedule.files[0]
        self.content = random.Random(f"{schedule.seed} {spec.name}").randbytes(spec.size)
        served = Served(spec, server.add(spec.name, self.content), self.content)
        self.served = served
        cache = folder / "cache"
        cache.mkdir()
        self.final = cache / spec.name
        url = server.plain_url(served.file)
        self._command = tool.command(url, cache, served, schedule.concurrency)

    def play(self, number: int | None = None) -> int | None:
        """Play a round, or without a number one without events; return the exit code, if any."""
        dice = random.Random(f"{self._schedule.seed} {number}")
        events = [event for event in self._schedule.events if event.round == number]
        for event in [event for event in events if not event.at and event.what not in LATE]:
            self._happen(event, dice)
            events.remove(event)
        quiet = subprocess.DEVNULL
        with subprocess.Popen(
            self._command, cwd=self._folder, env=self.environment(), stdout=quiet, stderr=quiet
        ) as process:
            code = self._wait(process, events, dice)
        tidy(process.pid)
        return code

    def environment(self) -> dict[str, str]:
        """Return what the tool's process sees."""
        return {
            **clean_environment(),
            **(self._clock.environment if self._clock else {}),
            "EVIO_DATA_TIMEOUT": str(SILENT),
            "EVIO_DATA_RETRIES": str(TRIES),
            "HOME": str(self._folder),
            "XDG_CACHE_HOME": str(self._folder / "caches"),
        }

    def _wait(
        self, process: subprocess.Popen[bytes], events: list[Event], dice: random.Random
    ) -> int | None:
        before, stop_at = self.served.file.served, time.monotonic() + SECONDS
        wake_at = float("inf")
        while process.poll() is None:
            sent, now = self.served.file.served - before, time.monotonic()
            for event in [event for event in events if event.at <= sent]:
                events.remove(event)
                if event.what == "kill":
                    process.send_signal(event.signal)
                elif event.what == "pause":
                    process.send_signal(SIGSTOP)
                    wake_at = now + event.seconds
                else:
                    self._happen(event, dice)
            if now > wake_at:
                wake_at = float("inf")
                process.send_signal(SIGCONT)
            if now > stop_at:
                process.kill()
                return None
            time.sleep(0.003)
        return process.returncode

    def _happen(self, event: Event, dice: random.Random) -> None:
        if event.what == "change":
            self.served.change(event.kind, event.switches, dice)
        elif event.what == "clock" and self._clock is not None:
            self._clock.jump(event.kind)
        else:
            self.served.set({"retry_after": "0", **event.switches})

    def is_wrong(self) -> bool:
        """Say whether wrong bytes are under the final name."""
        return self.final.exists() and self.final.read_bytes() != self.content

    def judge(self, code: int | None) -> str:
        """Return how a round has ended."""
        if code is None:
            return "hangs"
        if code != 0:
            return "error"
        return "right at once" if self.final.exists() and not self.is_wrong() else "wrong, exit 0"


def _play(tool: Tool, schedule: Schedule) -> Play:
    with DriveServer() as server, tempfile.TemporaryDirectory() as name:
        stage = Stage(tool, schedule, server, Path(name))
        server.rate_per_connection = schedule.rate
        code, exposed = None, False
        for number in range(len(schedule.rounds)):
            code = stage.play(number)
            exposed = exposed or stage.is_wrong()
        first = stage.judge(code)
        server.rate_per_connection = None
        stage.served.heal()
        last = stage.judge(stage.play())
        return Play(first, "then right" if last == "right at once" else "then not", exposed)
