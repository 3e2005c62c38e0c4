"""Projects that do not use the plugin, and the ways to load it, or not."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.pytest.conftest import Project

pytest_plugins = ["pytester"]

OURS = {"evio_data", "evio_data._fork", "evio_data.pytest_plugin"}  # what our plugin loads
LOADS = """
import pytest, sys
before = set(sys.modules)
import evio_data.pytest_plugin
print(*set(sys.modules) - before)
"""
LOOK = """
import sys
def pytest_unconfigure():
    with open("modules", "w") as file:
        file.write("\\n".join(sys.modules))
"""
STRANGER = """
import pytest
@pytest.mark.parametrize("n", range(3))
def test_it(n): assert n < 2
def test_folder(tmp_path): pass
@pytest.mark.skip
def test_skipped(): pass
"""


def plain(lines: list[str]) -> list[str]:
    """Return output without seconds and without the list of plugins."""
    lines = [line for line in lines if not line.startswith(("plugins:", "rootdir:"))]
    return [re.sub(r"[\d.]+s", "S", line).strip("= ") for line in lines]


def test_strangers_see_nothing(project: Project) -> None:
    """A project that does not use it has the same output, no files, no requests, no imports."""
    project.apart = True  # in a process of ours, our modules are there already
    project.write(STRANGER, header=False)
    project.write(LOOK, name="conftest.py", header=False)
    without = project.run("-ra", "-p", "no:evio_data", "-p", "no:evio_data.pytest_plugin")
    result = project.run("-ra")
    assert "evio_data" in (project.path / "modules").read_text().split()
    assert plain(result.outlines) == plain(without.outlines)
    assert result.errlines == without.errlines == []
    assert not project.drive.cache.exists()
    assert not project.drive.server.requests
    loaded = set((project.path / "modules").read_text().split())
    assert {name for name in loaded if name.startswith("evio_data")} == OURS
    assert not loaded & {"pooch", "requests", "tqdm", "urllib3"}


def test_import_loads_next_to_nothing() -> None:
    """Importing the plugin, where pytest is loaded, loads nothing but itself."""
    told = subprocess.run([sys.executable, "-c", LOADS], check=True, capture_output=True, text=True)
    assert set(told.stdout.split()) == OURS


def test_blocked(project: Project) -> None:
    """With -p no:evio_data there is no fixture, no option and no marker."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = ""
    os.environ["PYTEST_PLUGINS"] = ""
    project.write("def test_it(evio_dataset): pass", header=False)
    result = project.run("-p", "no:evio_data")
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*fixture 'evio_dataset' not found*"])
    assert project.run("-p", "no:evio_data", "--evio-data-list").ret == pytest.ExitCode.USAGE_ERROR
    assert "evio" not in project.run("-p", "no:evio_data", "--markers").stdout.str()


LOADED = {
    "entry point": ("", [], ""),
    "entry point and -p": ("", ["-p", "evio_data.pytest_plugin"], ""),
    "entry point and conftest.py": ("", [], "pytest_plugins = ['evio_data.pytest_plugin']"),
    "entry point by -p": ("1", ["-p", "evio_data"], ""),
    "module by -p": ("1", ["-p", "evio_data.pytest_plugin"], ""),
    "module by conftest.py": ("1", [], "pytest_plugins = ['evio_data.pytest_plugin']"),
}


@pytest.mark.parametrize(("no_autoload", "options", "conftest"), LOADED.values(), ids=LOADED)
def test_every_way_of_loading_it_works(
    project: Project, no_autoload: str, options: list[str], conftest: str
) -> None:
    """It may be loaded by its entry point, by -p, by a conftest.py, and by two of them."""
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = no_autoload
    os.environ["PYTEST_PLUGINS"] = ""
    project.add("a.raw")
    project.write("@needs('a.raw')\ndef test_it(evio_dataset): assert evio_dataset.is_file()")
    project.write(conftest, name="conftest.py", header=False)
    project.run(*options).assert_outcomes(passed=1)


def test_pytests_own_parts_may_be_missing(project: Project) -> None:
    """The plugin works where other plugins, pytest's own among them, are switched off."""
    os.environ["PYTEST_PLUGINS"] = "evio_data.pytest_plugin"
    project.add("a.raw")
    project.write("@needs('a.raw')\ndef test_it(evio_dataset): assert evio_dataset.is_file()")
    parts = "terminal capture junitxml cacheprovider tmpdir skipping logging setuponly setupplan"
    assert project.run(*[f"-pno:{part}" for part in parts.split()]).ret == 0
    assert project.cached == ["a.raw"]


def test_an_old_pytest_is_left_alone() -> None:
    """Where pytest is older than our floor, the plugin has neither hooks nor fixtures."""
    code = (
        "import pytest; pytest.version_tuple = (6, 2, 5); del pytest.StashKey, pytest.Parser\n"
        "import evio_data.pytest_plugin as plugin\n"
        "print([n for n in dir(plugin) if n.startswith(('pytest_', 'evio_', 'drive_'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
