"""A way in, as a command: what is run, and how it may end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from ._world import World

Client = Literal[
    "prefetch",
    "fetch",
    "registry",
    "fork",
    "other registry",
    "pooch",
    "pytest",
    "repair",
    "clean",
    "clean --partials",
    "clean --all",
    "import",
    "list",
    "build",
]
CLIENTS: tuple[Client, ...] = get_args(Client)
ONE_BY_ONE = ("prefetch", "import", "list", "build", "clean")  # others have three connections
SCRIPTS = ("fetch", "registry", "fork", "pooch")  # somebody else's, without signal handlers

PREFETCH = "from evio_data._cli.main import prefetch_datasets; prefetch_datasets()"
CLI = "from evio_data._cli.main import main; main()"
_SCRIPT = """
import sys, evio_data
try:
    {}
except evio_data.errors.EvioDataError as error:
    sys.exit(f"error: {{error}}")
"""
_FETCH = _SCRIPT.format("print(evio_data.fetch(sys.argv[1]))")
_REGISTRY = _SCRIPT.format(
    "import os; print(evio_data.Registry.open(os.environ['EVIO_DATA_REGISTRY']).fetch(sys.argv[1]))"
)
_FORK = """
import os, sys, threading, evio_data
def fetch(failed):
    try:
        path = evio_data.fetch(sys.argv[1])
        os.write(1, os.fsencode(path))  # a stream's own lock is the interpreter's affair
    except evio_data.errors.EvioDataError as error:
        failed.append(str(error))
failed, children = [], []
thread = threading.Thread(target=fetch, args=[failed])
thread.start()
for pause in (0.0, 0.01, 0.05, 0.2):
    thread.join(pause)
    child = os.fork()
    if not child:
        mine = []
        fetch(mine)
        os.write(2, "".join(mine).encode(errors="replace"))
        os._exit(bool(mine))
    children.append(child)
codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
thread.join()
if any(code not in (0, 1) for code in codes):
    sys.exit(f"Traceback (most recent call last): children ended with {codes}")
sys.exit(f"error: {failed[0]}" if failed else 0)
"""
_POOCH = """
import os, sys, pooch, evio_data
name, sha256, url, folder = sys.argv[1:]
pup = pooch.create(folder, "", registry={name: sha256}, urls={name: url})
try:
    os.write(1, os.fsencode(pup.fetch(name, downloader=evio_data.DriveDownloader())))
except evio_data.errors.EvioDataError as error:
    sys.exit(f"error: {error}")
"""
_TESTS = """
import pytest
@pytest.mark.parametrize("evio_dataset", {names!r}, indirect=True)
def test_it_is_there(evio_dataset):
    assert evio_dataset.is_file()
"""


class Ways(NamedTuple):
    """What a way in does to the others, as far as an oracle has to know."""

    ends: tuple[int, ...] = (0, 1)
    readers: int = 1  # processes that may ask for a file's size
    removes: bool = False  # what was paid for


WAYS: dict[Client, Ways] = {
    "pytest": Ways(readers=4),
    "fork": Ways(readers=5),
    "other registry": Ways(readers=1),
    "clean --partials": Ways(removes=True),
    "clean --all": Ways(removes=True),
    "list": Ways(ends=(0,)),
    "build": Ways(ends=(0, 1, 2)),
}


def ways(client: Client) -> Ways:
    """Return what is to be known of a way in."""
    return WAYS.get(client, Ways())


def command(client: Client, world: World, number: int) -> list[str]:
    """Return the command; one that wants one file takes one after the other."""
    served = world.files[number % len(world.files)]
    if client == "prefetch":
        options = ["--yes", "--quiet", "--json", "-j", str(world.schedule.concurrency)]
        return [sys.executable, "-c", PREFETCH, *options]
    if client in ("fetch", "registry", "fork"):
        code = {"fetch": _FETCH, "registry": _REGISTRY, "fork": _FORK}[client]
        return [sys.executable, "-c", code, served.spec.name]
    if client == "other registry":
        options = ["--registry", str(world.other_registry), "--yes", "--quiet"]
        return [sys.executable, "-c", PREFETCH, *options]
    if client == "pooch":
        place = [served.spec.name, served.registered, world.url(served), str(world.pooch)]
        return [sys.executable, "-c", _POOCH, *place]
    if client == "pytest":
        return [sys.executable, "-B", "-m", "pytest", "-q", "-n", "2", *_project(world, number)]
    words = {
        "repair": ["verify", "--repair", "--json"],
        "import": ["import", str(world.given)],
        "list": ["list", "--json"],
        "build": ["registry", "build", world.listing.url, "-o", str(world.out / f"{number}.txt")],
    }.get(client, [*client.split(), "--yes"])
    return [sys.executable, "-c", CLI, *words]


def _project(world: World, number: int) -> list[str]:
    """Write tests that want every file; return the options that run them and nothing else."""
    tests = world.folder / "project" / "test_all.py"
    tests.parent.mkdir(exist_ok=True)
    names = [served.spec.name for served in world.files]
    tests.write_text(_TESTS.format(names=names), encoding="utf-8")
    settings = tests.with_name("pytest.ini")
    settings.write_text("[pytest]\n", encoding="ascii")
    own = ["-p", "no:cacheprovider", "--basetemp", str(world.out / f"{number}")]
    return [*own, "-c", str(settings), str(tests)]
