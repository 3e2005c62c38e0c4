"""The commands that are swept: what is there before, and what must be there after success."""

from __future__ import annotations

import os
import random
import shutil
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from evio_data.testing import DriveFile, DriveServer

from .._clients import CLI, PREFETCH

KIB = 1024
NAMES = ("a.raw", "fan/b.raw", "c.raw")
Words = Sequence[str]


class Stage:
    """A folder with a registry, a cache and all else that a command has to do with."""

    def __init__(self, folder: Path, server: DriveServer, *, pinned: bool = True) -> None:
        self.folder = folder
        self.cache, self.mirror = folder / "cache", folder / "mirror"
        self.given, self.out = folder / "given", folder / "out"
        self.registry = folder / "registry.txt"
        self.server = server
        self.listing = server.folder("recordings")
        dice = random.Random(1)
        self.contents = {name: dice.randbytes(300 * KIB) for name in NAMES}
        self.files = {name: self._serve(name) for name in NAMES}
        self.lines = [  # without a hash, what is brought by hand is known by name and size
            file.registry_line(name, pinned=pinned, size=not pinned) + "\n"
            for name, file in self.files.items()
        ]

    def _serve(self, name: str) -> DriveFile:
        return self.server.add(name, self.contents[name], folder=self.listing)

    def begin(self) -> None:
        """Make everything anew."""
        shutil.rmtree(self.folder, ignore_errors=True)
        for path in (self.folder, self.cache, self.given, self.out):
            path.mkdir(parents=True)
        self.registry.write_text("".join(self.lines), encoding="utf-8")

    def put(self, name: str, content: bytes | None = None) -> None:
        """Put a file into the cache, as somebody who copies it there does."""
        path = self.cache / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(self.contents[name] if content is None else content)

    def below(self, top: Path) -> set[str]:
        """Return what is below a folder and no folder."""
        return {
            path.relative_to(top).as_posix()
            for path in top.rglob("*")
            if path.is_symlink() or not path.is_dir()
        }


@dataclass(frozen=True)
class Scene:
    """A command that is swept.

    Attributes
    ----------
    words
        Its arguments.
    wanted
        The names that must be in the cache after success.
    prepare
        What is done before each run.
    goal
        What else must hold after success: an empty text, or what does not.
    code
        What is run.
    pinned
        Whether hashes are published.
    advised
        What its error advises where the first run has left a part of the result.
    """

    words: Words
    wanted: tuple[str, ...] = ()
    prepare: Callable[[Stage], None] = lambda _: None
    goal: Callable[[Stage], str] = lambda _: ""
    code: str = CLI
    pinned: bool = True
    advised: Words = ()


def _half(stage: Stage) -> None:
    """Leave what a killed fetch leaves."""
    shutil.copytree(stage.folder.parent / "half", stage.cache, dirs_exist_ok=True)


def _fetched(stage: Stage) -> None:
    """Leave what a fetch of all leaves; links, so that stamps are of these files."""
    left = stage.folder.parent / "fetched"
    shutil.copytree(left, stage.cache, dirs_exist_ok=True, copy_function=os.link)


def _by_hand(stage: Stage) -> None:
    """Lay out a file under another name, and one in an archive."""
    (stage.given / "copy").write_bytes(stage.contents["a.raw"])
    with zipfile.ZipFile(stage.given / "both.zip", "w") as archive:
        archive.writestr("c.raw", stage.contents["c.raw"])


def _all_there(stage: Stage) -> None:
    for name in NAMES:
        stage.put(name)


def _one_damaged(stage: Stage) -> None:
    _all_there(stage)
    stage.put("a.raw", b"damaged")


def _is_pinned(stage: Stage) -> str:
    path = stage.out / "pinned.txt"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [name for name, file in stage.files.items() if file.sha256 not in text]
    return f"no hash of {missing} was written" if missing else ""


def _is_registry(stage: Stage) -> str:
    path = stage.out / "built.txt"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    missing = [file.id for file in stage.files.values() if file.id not in text]
    return f"{missing} are not in the registry" if missing else ""


def _is_pushed(stage: Stage) -> str:
    for name, content in stage.contents.items():
        path = stage.mirror / name
        if not path.is_file() or path.read_bytes() != content:
            return f"{name} is not in the mirror, or not right"
    return ""


def _is_empty(stage: Stage) -> str:
    left = sorted(stage.below(stage.cache) - {"CACHEDIR.TAG"})
    return f"{left} are left" if left else ""


_REGISTRY = """
import sys, evio_data
try:
    registry = evio_data.Registry.open(sys.argv[1])
    print(registry.fetch(sys.argv[2]))
except evio_data.errors.EvioDataError as error:
    sys.exit(f"error: {error}")
"""

SCENES: dict[str, Scene] = {
    "fetch": Scene(["fetch", "a.raw"], ("a.raw",)),
    "fetch, no published hash": Scene(["fetch", "a.raw"], ("a.raw",), pinned=False),
    "fetch, resumed": Scene(["fetch", "a.raw"], ("a.raw",), _half),
    "fetch, copied there by hand": Scene(
        ["fetch", "a.raw"], ("a.raw",), lambda stage: stage.put("a.raw")
    ),
    "Registry.fetch": Scene(["{registry}", "a.raw"], ("a.raw",), code=_REGISTRY),
    "prefetch of three": Scene(["--yes", "--quiet"], NAMES, code=PREFETCH),
    "import": Scene(["import", "{given}"], ("a.raw", "c.raw"), _by_hand),
    "import, no published hash": Scene(
        ["import", "{given}/both.zip", "--yes"], ("c.raw",), _by_hand, pinned=False
    ),
    "verify --repair": Scene(["verify", "--repair"], NAMES, _one_damaged),
    "pin": Scene(
        ["pin", "-o", "{out}/pinned.txt"],
        NAMES,
        _fetched,
        goal=_is_pinned,
        pinned=False,
        advised=["pin", "--registry", "{out}/pinned.txt"],
    ),
    "registry build": Scene(
        ["registry", "build", "{listing}", "-o", "{out}/built.txt"], goal=_is_registry
    ),
    "mirror push": Scene(["mirror", "push", "{mirror}"], NAMES, _fetched, goal=_is_pushed),
    "clean --all": Scene(["clean", "--all", "--yes"], (), _all_there, goal=_is_empty),
}
