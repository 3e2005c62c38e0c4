"""The layers of the package: which folder may import which, and who may use which dependency."""

import ast
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "evio_data"
LAYERS = (  # a module imports from its own box and from the layers above it in this table
    {"errors", "_fork", "_threads"},
    {"_text"},
    {"_files", "_report", "_mirror_urls"},
    {"_settings"},
    {"_http", "_drive", "_registry", "_recordings"},
    {"_sources", "_cache"},
    {"_transfer"},
    {"_progress"},
    {"_collection"},
    {"_info"},
    {"_importing", "_sharing", "_registry_tools", "_pooch", "_cluster"},
    {"_pytest"},
    {"_api", "_fsspec", "dask", "_cli", "pytest_plugin"},
    {"__init__", "__main__"},
)
RANK = {box: rank for rank, layer in enumerate(LAYERS) for box in layer}
MODULES = sorted(
    path.relative_to(PACKAGE)
    for path in PACKAGE.rglob("*.py")
    if path.relative_to(PACKAGE).parts[0] != "testing"
)
MAX_LINES = 450


def box(module: Path) -> str:
    """Return the top-level folder or module that a module belongs to."""
    return module.parts[0].removesuffix(".py")


@cache
def tree(module: Path) -> ast.Module:
    """Return a module's syntax tree, with what stands under ``TYPE_CHECKING``."""
    return ast.parse((PACKAGE / module).read_text(encoding="utf-8"))


def imported(module: Path) -> Iterator[Path]:
    """Return the modules of the package that a module imports, at its top or in its functions."""
    for node in ast.walk(tree(module)):
        if not isinstance(node, ast.ImportFrom) or not node.level:
            continue
        folder = module.parents[node.level - 1]
        target = folder.joinpath(*(node.module or "").split(".")) if node.module else folder
        for alias in node.names:
            inner = target / alias.name
            yield inner if exists(inner) else target


def exists(module: Path) -> bool:
    """Say whether there is such a module or folder."""
    return (PACKAGE / module).with_suffix(".py").exists() or (PACKAGE / module).is_dir()


def foreign(module: Path) -> Iterator[str]:
    """Return the packages of other people that a module imports."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def test_imports_point_to_lower_layers() -> None:
    """A module imports its own folder and lower layers only, for type checkers too."""
    upward = [
        f"{module} imports {target}"
        for module in MODULES
        for target in imported(module)
        if target != Path() and box(target) not in ("testing", box(module))
        if RANK[box(target)] >= RANK[box(module)]
    ]
    assert upward == []


def test_no_circles_inside_a_folder() -> None:
    """No module imports, however indirectly, a module of its folder that imports it."""
    below: dict[Path, set[Path]] = {}

    def reach(module: Path, path: tuple[Path, ...]) -> set[Path]:
        assert module not in path, " -> ".join(map(str, [*path, module]))
        if module not in below:
            near = {target.with_suffix(".py") for target in imported(module)} & set(MODULES)
            below[module] = near.union(*(reach(other, (*path, module)) for other in near))
        return below[module]

    for module in MODULES:
        reach(module, ())


@pytest.mark.parametrize(
    ("package", "where"),
    [
        ("requests", {"_http"}),
        ("urllib3", {"_http"}),
        ("pooch", {"_pooch", "_sources", "pytest_plugin"}),
        ("tqdm", {"_progress"}),
        ("pytest", {"pytest_plugin", "_pytest"}),
    ],
)
def test_a_dependency_is_used_in_one_place(package: str, where: set[str]) -> None:
    """A dependency is imported in one folder only."""
    assert {box(module) for module in MODULES if package in foreign(module)} == where


def test_only_the_terminal_prints() -> None:
    """Only one module writes to the standard streams with ``print``."""
    printing = {
        str(module)
        for module in MODULES
        for node in ast.walk(tree(module))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert printing == {str(Path("_cli", "terminal.py"))}


def test_the_local_drive_stands_alone() -> None:
    """``evio_data.testing`` needs the standard library and itself only."""
    for path in (PACKAGE / "testing").glob("*.py"):
        module = path.relative_to(PACKAGE)
        outside = set(foreign(module)) - set(sys.stdlib_module_names)
        assert not outside - {"evio_data"}, path.name
        assert all(box(target) == "testing" for target in imported(module)), path.name


def test_every_module_opens_with_a_sentence() -> None:
    """A module opens with one sentence that says what it is for, and stays readable in length."""
    for path in PACKAGE.rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        docstring = ast.get_docstring(ast.parse(text))
        assert docstring, path
        assert docstring.splitlines()[0].endswith((".", ":", "``.")), path
        assert len(text.splitlines()) <= MAX_LINES, path


def test_a_folder_holds_no_code_of_its_own() -> None:
    """A folder's ``__init__`` is one sentence: importing it costs nothing."""
    for path in PACKAGE.glob("_*/__init__.py"):
        (sentence,) = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(sentence, ast.Expr), path


TESTED_ELSEWHERE = {
    "__main__.py": "cli/test_arguments.py",
    "_cli/cluster.py": "cluster/test_command.py",
    "_cluster/exchange.py": "cluster/test_site.py",
    "_sources/doi.py": "pooch/test_doi.py",
    "_transfer/destination.py": "pooch/test_delivery.py",
    "_transfer/listener.py": "progress/test_screens.py",
    "dask.py": "cluster/test_dask.py",
    "pytest_plugin.py": "pytest/test_pytest_plugin.py",
    "testing/_answers.py": "testing/test_drive_server.py",
    "testing/_channel.py": "testing/test_connection.py",
    "_pooch/quietly.py": "progress/test_notebook.py",
}


@pytest.mark.parametrize(
    "module",
    [str(each.relative_to(PACKAGE)) for each in PACKAGE.rglob("*.py") if each.stem != "__init__"],
)
def test_a_module_has_tests_of_its_own_name(module: str) -> None:
    """Whoever looks for the tests of a module finds them where its name says."""
    place = Path(module)
    folders = [part.strip("_") for part in place.parts[:-1]]
    own = Path(*folders, f"test_{place.stem.strip('_')}.py").as_posix()
    tests = TESTED_ELSEWHERE.get(place.as_posix(), own)
    assert (PACKAGE.parent / "tests" / tests).is_file()
