"""What befalls a cache between two runs: its files and our state, damaged or replaced."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from ._clock import YEAR
from ._disk import STATE
from ._users import give

if TYPE_CHECKING:
    from ._world import Served, World

# What is damaged, and how; the first kinds of each change what is in a file, and are only for
# files whose hash is published: of another one, nobody can know.
CONTENTS = ("flipped", "cut", "zeros", "swapped")
GARBAGE = ("gone", "empty", "garbage", "other JSON", "lies")
IN_ITS_PLACE = ("folder", "full folder", "link", "dangling link", "link to a folder", "pipe",
                "hard link")  # fmt: skip
TARGETS = ("stamp", "part", "journal", "lock", "damaged", "fresh", "tag", "state", "top", "final")
_BY_HAND = ("state", "top", "final")  # where something in the way is the user's to remove
_JSON = {
    "other JSON": '{"held": {"a": [1]}, "identity": [], "x": 1e999}',
    "lies": '{"identity": null, "held": [[0, 999999999]]}',
}


def kinds(target: str) -> tuple[str, ...]:
    """Return what can be done to a target."""
    if target == "final":
        return (*CONTENTS[:3], "gone", *IN_ITS_PLACE, "link to a good file")
    if target in ("state", "top"):
        return ("gone", *IN_ITS_PLACE[2:6], "file")
    if target == "part":
        return (*CONTENTS, "gone", "empty", *IN_ITS_PLACE)
    return (*CONTENTS, *GARBAGE, *IN_ITS_PLACE)


def touch(world: World, kind: str) -> bool:
    """Move the times of all files; say whether there were any."""
    when = time.time() + (10 * YEAR if kind == "future" else -10 * YEAR)
    paths = [path for path in world.cache.rglob("*") if path.is_file()]
    for path in paths:
        with suppress(OSError):
            os.utime(path, (when, when), follow_symlinks=False)
    return bool(paths)


def damage(world: World, served: Served, target: str, kind: str, dice: random.Random) -> bool:
    """Do it, to something made up where there is nothing yet; say whether it was done."""
    if (kind in (*CONTENTS, "lies") or target == "final") and not served.spec.pinned:
        return False  # nothing would tell
    path = _path(world, served, target)
    if path is None or not _is_reachable(world.cache, path):
        return False
    in_the_way = target == "damaged" and kind in ("folder", "full folder")
    world.note_planted(path, by_hand=in_the_way or target in _BY_HAND)
    done = True
    try:
        _make(world, served, target, path, dice)
        _DO[kind](world, served, path, dice)
    except OSError:
        done = False  # a full disk, or an earlier damage
    if target == "final" and path.is_file():
        world.note_damaged(served, path.read_bytes())
    return done


def _path(world: World, served: Served, target: str) -> Path | None:
    state = world.state(served)
    if target == "final":
        return world.path(served)
    if target in ("state", "top", "tag"):
        return {"state": state, "top": world.cache / STATE, "tag": world.cache / "CACHEDIR.TAG"}[
            target
        ]
    if target in ("part", "journal"):
        left = sorted(state.glob(f"*.{target}")) if state.is_dir() else []
        return left[0] if left else state / f"1-ab.{target}"
    return state / ("1-ab.fresh" if target == "fresh" else target)


def _is_reachable(root: Path, path: Path) -> bool:
    """Say whether real folders lead there, or none yet: damage must not go outside either."""
    between = [root / part for part in path.relative_to(root).parents]
    return all(folder.is_dir() and not folder.is_symlink() for folder in between if
               os.path.lexists(folder))  # fmt: skip


def _make(world: World, served: Served, target: str, path: Path, dice: random.Random) -> None:
    """Make what is to be damaged, if it is not there: as a killed process may have left it."""
    _make_folders(world, path.parent)
    if target in ("state", "top"):
        _make_folders(world, path)
    elif os.path.lexists(path):
        return
    elif target == "final":
        world.note_damaged(served, served.first)
        _put(world, path, served.first)  # as somebody may have copied it there
    else:
        half = served.spec.size // 2
        text = f'{{"identity": null, "held": [[0, {half}]]}}'.ljust(4096)
        _put(world, path, served.first[:half] if target == "part" else text.encode())
        if target in ("part", "journal"):
            other = path.with_suffix(".journal" if target == "part" else ".part")
            if not other.exists():
                world.note_planted(other, by_hand=False)
                _put(world, other, text.encode() if target == "part" else served.first[:half])


def _make_folders(world: World, folder: Path) -> None:
    if not folder.is_dir():
        _make_folders(world, folder.parent)
        folder.mkdir()
        give(folder, world.schedule.users)


def _put(world: World, path: Path, data: bytes) -> None:
    path.write_bytes(data)
    give(path, world.schedule.users)


# --- how --------------------------------------------------------------------------------------


def _rewritten(change: Callable[[bytes], bytes]) -> Callable[..., None]:
    def do(world: World, served: Served, path: Path, dice: random.Random) -> None:
        if path.is_file() and not path.is_symlink() and path.stat().st_nlink == 1:
            path.write_bytes(change(path.read_bytes()))

    return do


def _flipped(data: bytes) -> bytes:
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :] if data else data


def _swap(world: World, served: Served, path: Path, dice: random.Random) -> None:
    """Exchange it with that of another file, or what was left of the same one."""
    others = [one for one in world.files if one is not served and one.spec.pinned]
    if not others:
        return
    other = world.state(dice.choice(others))
    fitting = sorted(other.glob(f"*{path.suffix}" if path.suffix else path.name))
    fitting = [one for one in fitting if one.is_file() and not one.is_symlink()]
    if fitting and path.is_file():
        aside = path.with_name("aside")
        path.rename(aside)
        fitting[0].rename(path)
        aside.rename(fitting[0])
        world.note_planted(fitting[0], by_hand=False)


def _gone(world: World, served: Served, path: Path, dice: random.Random) -> None:
    if path.is_dir() and not path.is_symlink():
        for inner in sorted(path.rglob("*"), reverse=True):
            _gone(world, served, inner, dice)
        path.rmdir()
    else:
        path.unlink(missing_ok=True)


def _replaced(make: Callable[[World, Path], object]) -> Callable[..., None]:
    def do(world: World, served: Served, path: Path, dice: random.Random) -> None:
        _gone(world, served, path, dice)
        make(world, path)

    return do


def _full_folder(world: World, path: Path) -> None:
    _make_folders(world, path)
    _put(world, path / "inner", b"inner")


def _hard_link(world: World, path: Path) -> None:
    with suppress(OSError):  # on a disk of its own
        path.hardlink_to(world.outside / "a")


def _annexed(world: World, served: Served, path: Path, dice: random.Random) -> None:
    """Keep the file elsewhere, with a link in its place, as git-annex and shared disks do."""
    kept = world.annex / served.spec.name.replace("/", "-")
    if not kept.exists():
        kept.write_bytes(served.first)
    path.unlink(missing_ok=True)
    path.symlink_to(kept)


_DO: dict[str, Callable[..., None]] = {
    "flipped": _rewritten(_flipped),
    "cut": _rewritten(lambda data: data[: len(data) // 2]),
    "zeros": _rewritten(lambda data: bytes(len(data))),
    "swapped": _swap,
    "gone": _gone,
    "empty": _rewritten(lambda _: b""),
    "garbage": _rewritten(lambda _: b"\xff\x00{" * 50),
    "other JSON": _rewritten(lambda _: _JSON["other JSON"].encode()),
    "lies": _rewritten(lambda _: _JSON["lies"].encode()),
    "folder": _replaced(_make_folders),
    "full folder": _replaced(_full_folder),
    "file": _replaced(lambda world, path: _put(world, path, b"in the way")),
    "link": _replaced(lambda world, path: path.symlink_to(world.outside / "a")),
    "link to a good file": _annexed,
    "dangling link": _replaced(lambda world, path: path.symlink_to(world.outside / "none")),
    "link to a folder": _replaced(lambda world, path: path.symlink_to(world.outside)),
    "pipe": _replaced(lambda _, path: os.mkfifo(path)),
    "hard link": _replaced(_hard_link),
}
