"""The fault campaign in a short form; and its oracle, which must see what it is there to see."""

from __future__ import annotations

import errno
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest

if sys.platform == "win32":
    pytest.skip("its signals and process groups are POSIX's", allow_module_level=True)

from evio_data.testing import DriveFile, DriveServer
from evio_data.testing._choices import CHOICES
from evio_data.testing._model import Drive

from .campaign import _calls, _damages, _faults, _oracle, odd
from .campaign._clients import CLIENTS
from .campaign._schedule import Event, FileSpec, Means, Schedule, What, drawn
from .campaign._world import Process, World
from .campaign.sweep._preload import How

pytestmark = pytest.mark.slow
ALL = Means(disks=True, clocks=True, users=True, limits=True, calls=True)
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
    mirror=None,
    api_key=False,
)


def campaign(*options: str, module: str = "tests.campaign") -> subprocess.CompletedProcess[str]:
    """Run the command."""
    return subprocess.run(
        [sys.executable, "-m", module, *options],
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
    """Eight random schedules of faults and kills leave nothing wrong behind."""
    done = campaign("--seed", "7", "--runs", "8", "--jobs", "2")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("8 runs in ")


def test_one_schedule_is_told() -> None:
    """One schedule alone, less some of its events, is played again and told in words."""
    seed = next(seed for seed in range(100) if len(drawn(seed, Means.here()).events) == 2)
    done = campaign("--one", str(seed), "--drop", "0")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "  event 1: " in done.stdout
    assert "  event 0: " not in done.stdout


@pytest.mark.parametrize("seed", range(20))
def test_a_seed_is_a_schedule(seed: int) -> None:
    """A seed always makes the same schedule."""
    assert drawn(seed, ALL) == drawn(seed, ALL)


@pytest.mark.parametrize("seed", range(20))
def test_what_cannot_be_had_is_left_out(seed: int) -> None:
    """Without disks, clocks and users a seed means the same schedule, less what needs them."""
    whole, part = drawn(seed, ALL), drawn(seed, Means())
    assert (part.files, part.rounds, part.mirror) == (whole.files, whole.rounds, whole.mirror)
    left_out = [event for event in whole.events if event not in part.events]
    assert {event.what for event in left_out} <= {"fill", "clock", "read-only"}
    assert (part.disk, part.clock, part.users, part.limit, part.broken) == (None,) * 5


# --- what is drawn ----------------------------------------------------------------------------

VALIDATORS = {"etag", "last_modified"}  # with a new version of a file, and at its first one
NO_SWITCHES = {"name", "id", "mime", "content", "keep", "served"}


def positions_drawn() -> dict[str, set[str]]:
    """Return the positions of a file's switches that are drawn, as text."""
    dice, drawn_ones = random.Random(0), dict[str, set[str]]()
    for kind in _faults.KINDS.values():
        for _ in range(200):
            for name, position in kind.draw(dice, 1000).items():
                drawn_ones.setdefault(name, set()).add(repr(position))
    return drawn_ones


def test_every_switch_of_a_file_is_drawn() -> None:
    """Each switch of a file is one that some fault sets."""
    switches = {each.name for each in fields(DriveFile) if not each.name.startswith("_")}
    assert switches - NO_SWITCHES - VALIDATORS == set(positions_drawn())
    assert {name for event in many_events() for name in event.switches} >= VALIDATORS


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_every_position_of_a_switch_is_drawn(name: str) -> None:
    """Each position of a switch is drawn, or is the one in which nothing goes wrong."""
    usual = repr(_faults.file_defaults()[name])
    positions = {repr(position) for position in CHOICES[name]}
    assert positions - {usual} <= positions_drawn()[name]


def test_every_switch_of_the_server_is_drawn() -> None:
    """Each switch of the server, and of a folder, is one that some fault sets, and heals."""
    holds = {"items", "traffic"}  # no switches
    switches = {name for name in Drive.__slots__ if not name.startswith("_")} - holds
    dice = random.Random(0)
    assert switches == {name for kind in _faults.SERVER_KINDS.values() for name in kind(dice)}
    assert switches == set(_faults.SERVER_DEFAULTS)
    with DriveServer() as server:
        assert {name: getattr(server, name) for name in switches} == _faults.SERVER_DEFAULTS
    of_folders = {name for kind in _faults.FOLDER_KINDS.values() for name in kind(dice)}
    assert of_folders == {"refuse", "resource_key"} == set(_faults.FOLDER_DEFAULTS)


def many_events() -> list[Event]:
    """Return the events of many schedules."""
    return [event for seed in range(300) for event in drawn(seed, ALL).events]


def test_every_kind_of_event_is_drawn() -> None:
    """Each kind of event, each way in, and each damage to each target is drawn."""
    schedules = [drawn(seed, ALL) for seed in range(3000)]
    assert {event.what for each in schedules for event in each.events} == set(get_args(What))
    clients = {client for each in schedules for processes in each.rounds for client in processes}
    assert clients == set(CLIENTS)
    damages = {event.kind for each in schedules for event in each.events if event.what == "damage"}
    assert damages == {
        f"{target}: {kind}" for target in _damages.TARGETS for kind in _damages.kinds(target)
    }


# --- the oracle -------------------------------------------------------------------------------


def test_all_is_well(world: World) -> None:
    """The oracle has nothing to say where nothing is wrong."""
    assert _oracle.judge_round(world, world.processes) == []
    assert _oracle.judge_end(world) == []


def test_wrong_bytes_are_seen(world: World) -> None:
    """One wrong byte under a final name is seen, be it there for a moment only."""
    final = world.path(world.files[0])
    with _oracle.Watch(world) as watch:
        right, wrong = final.with_name("right"), final.with_name("wrong")
        content = final.read_bytes()
        wrong.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
        right.write_bytes(content)
        wrong.replace(final)  # at once: half written it would be seen as well
        watch.look()
        right.replace(final)
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


def test_writing_outside_is_seen(world: World) -> None:
    """A file outside the cache that has changed is seen, and so is a new one."""
    (world.outside / "a").write_bytes(b"")
    assert len(_oracle.judge_end(world)) == 1


def test_a_damaged_file_is_no_success(world: World) -> None:
    """What was damaged before a run may be there for a while, and not after success."""
    served = world.files[0]
    with _oracle.Watch(world) as watch, world.looking:
        assert _damages.damage(world, served, "final", "flipped", random.Random(0))
    assert watch.failures == []
    (process,) = world.processes
    assert len(_oracle.judge_round(world, [process])) == 1


def test_what_is_in_the_way_is_cleared(world: World) -> None:
    """With a link in the place of a folder of ours, then a file in the place of all, it heals."""
    for target, kind in (("state", "link"), ("top", "file")):
        assert _damages.damage(world, world.files[0], target, kind, random.Random(0))
    world.heal()
    assert world.start("prefetch").process.wait(timeout=60) == 0
    assert _oracle.judge_end(world) == []


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


# --- odd origins ------------------------------------------------------------------------------


def test_odd_origins_are_survived() -> None:
    """The table of odd origins has a row for each that was asked for, and all are survived."""
    done = campaign("--no-peers", "--origin", "no length", "--origin", "trailers",
                    module="tests.campaign.odd")  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| no length | yes |" in done.stdout
    assert done.stdout.endswith("| **survived, of 2** | 2 |\n")


@pytest.mark.parametrize(
    ("script", "verdict"),
    [("cp right cache/fan.raw", "yes"), ("true", "**wrong, exit 0**"), ("false", "error")],
)
def test_what_a_tool_made_of_an_origin_is_told(tmp_path: Path, script: str, verdict: str) -> None:
    """Only exit code 0 with the right bytes counts as survived."""
    (tmp_path / "right").write_bytes(random.Random(1).randbytes(odd.SIZE))
    words = script.replace("right", str(tmp_path / "right"))
    tool = odd.Tool("a tool", lambda *_: ["sh", "-c", words])
    assert odd.play(tool, {}) == verdict
    assert odd.play(odd.Tool("not here", None), {}) == "-"


# --- the sweep --------------------------------------------------------------------------------

needs_a_compiler = pytest.mark.skipif(_calls.library() is None, reason="no compiler is here")
UNLINK = """
import os, sys
for name in sys.argv[1:]:
    try:
        os.unlink(name)
    except OSError as error:
        print(error.errno)
"""


@needs_a_compiler
@pytest.mark.parametrize("words", [["fetch"], ["clean --all", "--how", "disk"]])
def test_a_short_sweep(words: list[str]) -> None:
    """Some calls of a command, failed or killed, leave nothing wrong behind."""
    done = campaign("--scene", *words, "--every", "18", module="tests.campaign.sweep")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"| {words[0]} | " in done.stdout


@needs_a_compiler
@pytest.mark.parametrize(
    ("how", "seen", "left"),
    [
        (How.COUNT, "", []),
        (How.ERROR, f"{errno.EIO}\n", ["b"]),
        (How.DISK, f"{errno.EIO}\n" * 2, ["b", "c"]),
        (How.KILL, "", ["b", "c"]),
    ],
)
def test_a_call_fails_as_it_is_told(tmp_path: Path, how: How, seen: str, left: list[str]) -> None:
    """The second call below a folder fails, or all from then on, or the process ends there."""
    inside = tmp_path / "inside"
    inside.mkdir()
    names = [tmp_path / "a", inside / "a", inside / "b", inside / "c"]
    for path in names:
        path.touch()
    broken = _calls.Broken(0, 1, how, errno.EIO)
    done = subprocess.run(
        [sys.executable, "-c", UNLINK, *map(str, names)],
        env={**os.environ, **broken.environment(inside)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert done.stdout == seen
    assert done.returncode == (-9 if how is How.KILL else 0)
    assert [path.name for path in names if path.exists()] == left
