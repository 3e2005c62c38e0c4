"""The files around the package agree with one another and with the code."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT = PYPROJECT["project"]
LOCK = (ROOT / "requirements-dev.txt").read_text(encoding="utf-8")
YAML_FILES = [
    ROOT / "CITATION.cff",
    ROOT / ".pre-commit-config.yaml",
    *sorted((ROOT / ".github").rglob("*.yml")),
]


def load(path: str) -> dict[Any, Any]:
    """Return a YAML file's mapping."""
    data = yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))
    assert isinstance(data, dict)
    return data


def named(requirements: list[str]) -> set[str]:
    """Return the canonical names of requirements."""
    return {canonicalize_name(Requirement(text).name) for text in requirements}


DEPENDENCIES = named(PROJECT["dependencies"])
EXTRAS = {name: named(texts) for name, texts in PROJECT["optional-dependencies"].items()}

# --- versions -------------------------------------------------------------------------------------


def test_one_version_everywhere() -> None:
    """pyproject.toml, CITATION.cff and the newest release in the changelog have one version."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^## \[?([^\s\]]+)", changelog)
    releases = [heading for heading in headings if heading != "Unreleased"]
    assert load("CITATION.cff")["version"] == PROJECT["version"]
    assert releases[:1] in ([], [PROJECT["version"]])


def test_citation_says_what_the_package_says() -> None:
    """Name, licence, authors and summary are the same in both."""
    citation = load("CITATION.cff")
    assert (citation["title"], citation["license"]) == (PROJECT["name"], PROJECT["license"])
    assert citation["authors"] == PROJECT["authors"]
    assert citation["abstract"] == PROJECT["description"]


# --- dependencies ---------------------------------------------------------------------------------


@cache
def imported(folder: str) -> frozenset[tuple[str, str]]:
    """Return each package of other people that the code of a folder imports, and where."""
    return frozenset(
        (top, path.name)
        for path in (ROOT / folder).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for top in top_modules(node)
        if top not in sys.stdlib_module_names and top != "evio_data"
    )


def top_modules(node: ast.AST) -> Iterator[str]:
    """Yield the top-level packages that a statement imports absolutely."""
    if isinstance(node, ast.Import):
        yield from (alias.name.partition(".")[0] for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and not node.level:
        yield (node.module or "").partition(".")[0]


@cache
def installed() -> Mapping[str, list[str]]:
    """Return what brings each module that is installed."""
    return packages_distributions()


@cache
def distributions(module: str) -> set[str]:
    """Return the canonical names of what brings a module; where none is installed, its own name."""
    return set(map(canonicalize_name, installed().get(module, [module])))


def test_imports_are_declared() -> None:
    """What the package imports stands in its dependencies or in an extra."""
    known = DEPENDENCIES.union(*EXTRAS.values())
    missing = {each for each in imported("evio_data") if not distributions(each[0]) & known}
    assert missing == set()


def test_imports_of_scripts_are_declared() -> None:
    """What the scripts of the documents import is declared too, in a group if nowhere else."""
    known = {canonicalize_name(requirement.name) for requirement in declared()}
    missing = {each for each in imported("docs") if not distributions(each[0]) & known}
    assert missing == set()


def test_dependencies_are_imported() -> None:
    """A dependency that the code does not import is not declared."""
    used = {name for top, _ in imported("evio_data") for name in distributions(top)}
    assert used >= DEPENDENCIES


# --- the lock -------------------------------------------------------------------------------------


def pins() -> dict[str, list[str]]:
    """Return the versions that the lock has of each name: several where they depend on Python's."""
    found: dict[str, list[str]] = {}
    for name, version in re.findall(r"(?m)^([\w.-]+)==([^\s;]+)", LOCK):
        found.setdefault(canonicalize_name(name), []).append(version)
    return found


def declared() -> list[Requirement]:
    """Return every requirement of the package, its extras and its groups, but not of itself."""
    tables = [*PROJECT["optional-dependencies"].values(), *PYPROJECT["dependency-groups"].values()]
    texts = [*PROJECT["dependencies"], *(text for table in tables for text in table)]
    requirements = map(Requirement, texts)
    return [each for each in requirements if canonicalize_name(each.name) != PROJECT["name"]]


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_lock_has_what_is_declared(requirement: Requirement) -> None:
    """The lock pins everything that pyproject.toml names, in versions that it allows."""
    versions = pins().get(canonicalize_name(requirement.name), [])
    allowed = [version for version in versions if requirement.specifier.contains(version)]
    assert allowed, "run .ci/lock, and commit what it changes"
    assert allowed == versions


def test_lock_has_hashes_and_no_addresses() -> None:
    """Each pin has its hashes; no line says where files come from."""
    blocks = re.split(r"(?m)^(?=[\w.-]+==)", LOCK)[1:]
    assert len(blocks) > 50
    assert all(re.search(r"--hash=sha256:[0-9a-f]{64}", block) for block in blocks)
    assert "://" not in LOCK


# --- paths ----------------------------------------------------------------------------------------

NAMING_PATHS = [
    ROOT / "CONTRIBUTING.md",
    ROOT / ".pre-commit-config.yaml",
    *sorted((ROOT / ".ci").iterdir()),
    *sorted(path for path in (ROOT / ".github").rglob("*") if path.is_file()),
]
PATH = re.compile(r"(?<![\w./-])(?:evio_data|tests|docs|benchmarks|\.ci|\.github)/[\w./-]*\w")


@pytest.mark.parametrize("path", NAMING_PATHS, ids=lambda path: path.name)
def test_paths_that_are_named_exist(path: Path) -> None:
    """Where a page or a script for developers names a file or a folder, it is there."""
    text = path.read_text(encoding="utf-8").replace("\\", "")  # a pattern's
    named_paths = PATH.findall(text)
    assert [each for each in named_paths if not (ROOT / each).exists()] == []


def test_contributing_lists_every_folder() -> None:
    """Each folder of the package has its row in the table of CONTRIBUTING.md."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    folders = {path.parent.name for path in (ROOT / "evio_data").glob("*/__init__.py")}
    assert folders - set(re.findall(r"`(\w+)/`", text)) == set()


# --- what other programs read ---------------------------------------------------------------------


@pytest.mark.parametrize("path", YAML_FILES, ids=lambda path: path.name)
def test_yaml_is_a_mapping(path: Path) -> None:
    """Files for GitHub, pre-commit and citations can be read."""
    assert load(str(path.relative_to(ROOT)))


def test_workflow_runs_every_python_on_every_system() -> None:
    """The tests run on the three systems, with each Python that the package names."""
    matrix = load(".github/workflows/ci.yml")["jobs"]["tests"]["strategy"]["matrix"]
    versions = re.findall(r"Python :: (3\.\d+)", "\n".join(PROJECT["classifiers"]))
    assert matrix["python"] == versions
    assert [system.partition("-")[0] for system in matrix["os"]] == ["ubuntu", "macos", "windows"]


def message_pattern() -> str:
    """Return the pattern by which pre-commit judges commit messages."""
    (local,) = load(".pre-commit-config.yaml")["repos"]
    (hook,) = (hook for hook in local["hooks"] if hook["id"] == "message")
    return str(hook["entry"])


@pytest.mark.parametrize(
    "message",
    [
        "Say what a 416 means\n\nA server may answer it for a file that is complete.\n",
        "fixup! Say what a 416 means\n",
        'Revert "Say what a 416 means"\n\nThis reverts commit 1234567.\n',
        "Merge branch 'main'\n",
    ],
)
def test_commit_message_that_passes(message: str) -> None:
    """A message with a subject, an empty line and a body passes; so do git's own."""
    assert re.search(message_pattern(), message, re.MULTILINE)


@pytest.mark.parametrize(
    "message",
    [
        "Say what a 416 means\n",
        "Say what a 416 means\n\n# Please enter the commit message for your changes.\n",
        "Say what a 416 means\nA server may answer it for a file that is complete.\n",
        f"{'Say what a 416 means, at length, ' * 3}\n\nA body.\n",
    ],
)
def test_commit_message_that_is_refused(message: str) -> None:
    """A message without a body, without an empty line, or with a long subject is refused."""
    assert not re.search(message_pattern(), message, re.MULTILINE)
