"""The rooms of the package: who may know whom, and who may speak which language."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "evio_data"
ROOMS = sorted(path.stem for path in PACKAGE.glob("*.py"))


def tree(path: Path) -> ast.Module:
    """Return a module's syntax tree without what only type checkers see."""

    class Cut(ast.NodeTransformer):
        def visit_If(self, node: ast.If) -> ast.AST | None:
            is_typing = isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
            return None if is_typing else self.generic_visit(node)

    module = Cut().visit(ast.parse(path.read_text(encoding="utf-8")))
    assert isinstance(module, ast.Module)
    return module


def neighbours(room: str) -> set[str]:
    """Return the rooms that a room imports, at its top or in its functions."""
    found: set[str] = set()
    for node in ast.walk(tree(PACKAGE / f"{room}.py")):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            head = (node.module or "").split(".")[0]
            found.update([head] if head else [alias.name for alias in node.names])
    return found & set(ROOMS) - {room}


def foreign(path: Path) -> Iterator[str]:
    """Return the packages of other people that a module imports."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield (node.module or "").split(".")[0]


def test_arrows_point_one_way() -> None:
    """No room knows, however indirectly, a room that knows it."""
    below: dict[str, set[str]] = {}

    def reach(room: str, path: tuple[str, ...]) -> set[str]:
        assert room not in path, " -> ".join([*path, room])
        if room not in below:
            near = neighbours(room)
            below[room] = near.union(*(reach(other, (*path, room)) for other in near))
        return below[room]

    for room in ROOMS:
        reach(room, ())


@pytest.mark.parametrize(
    ("package", "rooms"),
    [
        ("requests", {"_http"}),
        ("urllib3", {"_http"}),
        ("pooch", {"_pooch"}),
        ("tqdm", {"_bars"}),
        ("pytest", {"pytest_plugin", "_pytest_run"}),
    ],
)
def test_one_room_speaks_each_language(package: str, rooms: set[str]) -> None:
    """A dependency is imported in one room only."""
    speaking = {room for room in ROOMS if package in foreign(PACKAGE / f"{room}.py")}
    assert speaking == rooms


def test_only_the_terminal_prints() -> None:
    """Nothing but the room of the terminal writes to the standard streams by ``print``."""
    printing = {
        room
        for room in ROOMS
        for node in ast.walk(tree(PACKAGE / f"{room}.py"))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "print"
    }
    assert printing == {"_terminal"}


def test_the_local_drive_stands_alone() -> None:
    """``evio_data.testing`` needs the standard library and itself only."""
    for path in (PACKAGE / "testing").glob("*.py"):
        outside = set(foreign(path)) - set(sys.stdlib_module_names)
        assert not outside - {"evio_data"}, path.name
        upward = [
            node.module
            for node in ast.walk(tree(path))
            if isinstance(node, ast.ImportFrom) and node.level > 1
        ]
        assert not upward, path.name


def test_every_room_has_one_sentence() -> None:
    """A module opens with one sentence that says what it is for."""
    for path in PACKAGE.rglob("*.py"):
        docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        assert docstring, path.name
        assert docstring.splitlines()[0].endswith((".", ":", "``.")), path.name
