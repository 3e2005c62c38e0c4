"""A name is found however it is typed, and what comes back is the spelling of the registry."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from tests.commands import completed
from tests.conftest import noise

if TYPE_CHECKING:
    from tests.conftest import Drive

pytest_plugins = ["pytester"]

NAME = "fan/F\u00e4cher.raw"
TYPED = ["FAN/F\u00c4CHER.RAW", "fan/fa\u0308cher.raw", "FA\u0308CHER.raw", "f\u00e4cher.RAW"]
BYTES = noise(3000)

TEST = """
import pytest
@pytest.mark.evio_dataset({0!r})
def test_marker(evio_dataset):
    assert evio_dataset.parts[-2:] == {1!r}
def test_fixture(evio_data_fetch):
    assert evio_data_fetch({0!r}).parts[-2:] == {1!r}
"""


@pytest.fixture(autouse=True)
def _registered(drive: Drive) -> None:
    drive.add(NAME, BYTES, pinned=False)
    drive.add("fan/other.raw", BYTES)


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Run ``evio-data`` without a terminal."""
    return completed(*words)


@pytest.mark.parametrize("typed", TYPED)
def test_in_python(drive: Drive, typed: str) -> None:
    """fetch, info, names and prefetch, of the package and of a Registry, mean the same file."""
    path = drive.path(NAME)
    registry = evio_data.Registry.open(drive.registry)
    assert evio_data.fetch(typed) == path
    assert evio_data.info(typed).name == NAME
    assert evio_data.names(typed) == [NAME] == registry.names(typed)
    assert list(evio_data.prefetch([typed]).paths) == [NAME]
    assert [outcome.name for outcome in evio_data.verify([typed])] == [NAME]
    assert registry.fetch(typed) == str(path)
    assert registry.info(typed).name == NAME
    assert drive.names_in(path.parent) == [path.name]


def test_on_the_command_line(drive: Drive) -> None:
    """Each command that takes names prints and uses the registry's."""
    path = f"{drive.path(NAME)}\n"
    typed = TYPED[0]
    assert run("path", typed).stdout == path
    assert run("fetch", typed, TYPED[2]).stdout == path * 2
    assert [each["name"] for each in json.loads(run("list", typed, "--json").stdout)["files"]] == [
        NAME
    ]
    for words in (["info", typed], ["verify", typed], ["unpin", "--yes", typed]):
        done = run(*words)
        assert done.returncode == 0, done.stderr
        assert NAME in done.stdout + done.stderr
    assert run("clean", "--yes", typed).returncode == 0
    assert not drive.path(NAME).exists()


@pytest.mark.parametrize("typed", [TYPED[0], TYPED[2]])
def test_in_a_test_session(drive: Drive, pytester: pytest.Pytester, typed: str) -> None:
    """The marker and the fixture of the pytest plugin find it, too."""
    pytester.makepyfile(TEST.format(typed, Path(NAME).parts))
    pytester.runpytest_inprocess("-W", "error").assert_outcomes(passed=2)
    assert drive.path(NAME).read_bytes() == BYTES


def test_through_fsspec(drive: Drive) -> None:
    """A URL of fsspec's protocol opens it."""
    fsspec = pytest.importorskip("fsspec")
    with fsspec.open(f"evio-data://{TYPED[1]}") as file:
        assert file.read() == BYTES
    assert fsspec.filesystem("evio-data").info(TYPED[0])["name"] == NAME


def test_what_a_create_d_registry_is_asked_for_is_a_key(drive: Drive, tmp_path: Path) -> None:
    """As in pooch, another spelling is another key in a registry that pooch's arguments made."""
    registry = evio_data.Registry.create(tmp_path, drive.server.endpoint, registry={NAME: None})
    with pytest.raises(ValueError, match=NAME):
        registry.fetch(TYPED[0])
