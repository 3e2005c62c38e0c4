"""The fault campaign in a short form; and its oracle, which must see what it is there to see."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from evio_data.testing import DriveServer

from .campaign import _oracle
from .campaign._schedule import FileSpec, Schedule, drawn
from .campaign._world import Process, World

ROOT = Path(__file__).resolve().parents[1]
SPEC = FileSpec("fan.raw", 1000, pinned=True, sized=False, plain=False, tagged=False)
QUIET = Schedule(
    seed=0,
    files=(SPEC,),
    rounds=(),
    concurrency=1,
    events=(),
    retries=0,
    timeout=1.0,
    rate=1e9,
    disk=None,
    no_locks=False,
    mirror=False,
    api_key=False,
)


def campaign(*options: str) -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", "tests.campaign", *options],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A world in which the file has been fetched and nothing is wrong."""
    with DriveServer() as server:
        made = World(QUIET, server, tmp_path)
        process = made.start("prefetch")
        process.process.wait(timeout=60)
        assert process.code == 0, process.stderr
        yield made
        made.end()


def test_a_short_campaign() -> None:
    """Twelve random schedules of faults and kills leave nothing wrong behind."""
    done = campaign("--seed", "7", "--runs", "12", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("12 runs in ")


def test_one_schedule_is_told() -> None:
    """One schedule alone, less some of its events, is played again and told in words."""
    seed = next(seed for seed in range(100) if len(drawn(seed, disks=False).events) == 2)
    done = campaign("--one", str(seed), "--drop", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  event 1: " in done.stdout
    assert "  event 0: " not in done.stdout


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_is_a_schedule(seed: int) -> None:
    """A seed always makes the same schedule."""
    assert drawn(seed, disks=True) == drawn(seed, disks=True)


def test_all_is_well(world: World) -> None:
    """The oracle has nothing to say where nothing is wrong."""
    assert _oracle.judge_round(world, world.processes) == []
    assert _oracle.judge_litter(world) == []
    assert _oracle.judge_traffic(world) == []


def test_wrong_bytes_are_seen(world: World) -> None:
    """One wrong byte under a final name is seen, be it there for a moment only."""
    final = world.path(world.files[0])
    with _oracle.Watch(world) as watch:
        content = final.read_bytes()
        final.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        watch.look()
        final.write_bytes(content)
    assert [line.partition(":")[0] for line in watch.failures] == ["wrong bytes under fan.raw"]


def test_litter_is_seen(world: World) -> None:
    """Whatever lies beside the stamp is seen, and so is a stamp that is not there."""
    state = world.state(world.files[0])
    (state / "1-a.part").touch()
    (state / "stamp").unlink()
    assert _oracle.judge_litter(world) == [
        "litter: .evio-data/fan.raw/1-a.part",
        "missing after success: .evio-data/fan.raw/stamp",
    ]


def test_traffic_is_seen(world: World) -> None:
    """A byte more than the bound is seen."""
    served = world.files[0]
    served.file.served = _oracle.bound(world, served) + 1
    assert len(_oracle.judge_traffic(world)) == 1


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("raise OSError('of nobody')", "a traceback"),
        ("raise SystemExit(3)", "exit code 3"),
        ("print('no JSON')", "the JSON is not"),
        ("import sys; print('{\"ok\": false}'); sys.exit(1)", "failed without a word"),
    ],
)
def test_a_bad_end_is_seen(world: World, code: str, words: str) -> None:
    """A traceback, a strange exit code, broken JSON, and a failure without a word are seen."""
    process = Process("prefetch", [sys.executable, "-c", code], world, 1)
    process.process.wait()
    assert any(words in failure for failure in _oracle.judge_round(world, [process]))
