"""The whole thing on one machine: a local Google Drive, synthetic recordings, a cut, a resume."""

import argparse
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from .._cache.files import Cache
from .._collection import Collection
from .._files import free_bytes
from .._registry.parser import load, parse
from .._registry.registry import Entry, RegistryIndex
from .._settings import from_environment
from .._text import size
from ..errors import CacheError, RegistryError
from . import plan, prefetch
from .terminal import OK, say, show_text

MIB = 1024 * 1024  # bytes
RATE = 40 * MIB  # bytes a second on a connection: slow enough to see, quick enough to wait for
CUT_AFTER = 60 * MIB  # bytes after which the first recording's connection is reset, once


class Recording(NamedTuple):
    """One synthetic recording of the demo; all are above the size from which Drive warns."""

    name: str
    size: int  # bytes
    seed: int


RECORDINGS = (
    Recording("synthetic/fan.raw", 128 * MIB, 1),
    Recording("synthetic/fan.dat", 112 * MIB, 2),
    Recording("synthetic/fan_slow.raw", 104 * MIB, 3),
)


def demo(options: argparse.Namespace) -> int:
    """Run ``prefetch-datasets --demo``; return the exit code."""
    root = _root()
    _check_root(root)
    cache = Cache(options.cache_dir or str(root / "cache"))
    settings = from_environment()._replace(offline=False, api_key=None, mirrors=())
    registry = _earlier(root) or _promised()
    code = _demonstrate(Collection(registry, cache, settings), root, options)
    if code == OK and not options.json and not options.dry_run:
        show_text(
            f"These recordings are synthetic. To be rid of them, remove {root}"
            + (f", and {cache.root}/synthetic." if options.cache_dir else ".")
        )
    return code


def _demonstrate(collection: Collection, root: Path, options: argparse.Namespace) -> int:
    wanted = {entry.name for entry in collection.registry.select(options.patterns)}
    missing = wanted - {item.name for item in plan.present(collection, options)}
    if options.dry_run or not missing:
        return prefetch.prefetch_from(collection, options)
    _check_room(root, inside=not options.cache_dir)
    code = plan.consent(collection, options)  # before anything is made
    if code != OK:
        return code
    options.yes = True
    recordings = [recording for recording in RECORDINGS if recording.name in wanted]
    with _drive(root, recordings, options) as (endpoint, registry):
        settings = collection.settings._replace(endpoint=endpoint)
        return prefetch.prefetch_from(Collection(registry, collection.cache, settings), options)


# --- the folder -------------------------------------------------------------------------------


def _root() -> Path:
    """Return a folder of this user's own, the same one each time."""
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    return Path(tempfile.gettempdir(), f"evio-data-demo-{owner}")


def _check_root(root: Path) -> None:
    """Refuse what somebody else has put in the folder's place: anybody may write beside it."""
    try:
        status = root.lstat()
    except FileNotFoundError:
        return
    is_ours = not hasattr(os, "getuid") or (
        status.st_uid == os.getuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    )
    if not stat.S_ISDIR(status.st_mode) or not is_ours:
        raise CacheError(
            f"{root} is not a folder that only you can write to.",
            advice="Remove it, or set TMPDIR to a folder of yours.",
        )


def _earlier(root: Path) -> RegistryIndex | None:
    """Return the registry of an earlier run, if it is there and of these recordings."""
    try:
        registry = load(root / "registry.txt")
    except RegistryError:
        return None
    expected = [(recording.name, recording.size) for recording in RECORDINGS]
    found = [(entry.name, entry.size) for entry in registry.entries.values()]
    return registry if found == expected else None


def _promised() -> RegistryIndex:
    """Return a registry of the recordings as long as nothing is known but their sizes."""
    url = "https://drive.google.com/uc?export=download&id=0"
    return RegistryIndex({r.name: Entry(r.name, None, url, r.size) for r in RECORDINGS})


# --- the Drive --------------------------------------------------------------------------------


@contextmanager
def _drive(
    root: Path, wanted: Sequence[Recording], options: argparse.Namespace
) -> Iterator[tuple[str, RegistryIndex]]:
    """Serve recordings as Google Drive would; return where, and their registry.

    All of them are made, so that the registry is whole; their files are gone afterwards.
    """
    from ..testing import DriveServer

    # A proxy of this machine's would look for 127.0.0.1 at its own place.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    root.mkdir(mode=0o700, exist_ok=True)
    _check_root(root)  # somebody may have made it since
    # Strict: every hidden input of the warning page's form is demanded back.
    with tempfile.TemporaryDirectory(dir=root) as folder, DriveServer(lenient=False) as server:
        server.rate_per_connection = RATE
        lines = []
        for recording in RECORDINGS:
            if not options.quiet:
                say(f"Making {recording.name}, {size(recording.size)} ...")
            path = _made(recording, Path(folder))
            file = server.add(recording.name, path)
            with suppress(OSError):  # where an open file cannot go, it goes with the folder
                path.unlink()
            lines.append(file.registry_line(recording.name, size=True))
            if recording == wanted[0]:
                file.cut_after, file.cut_times = CUT_AFTER, 1
        text = "\n".join(lines) + "\n"
        _write(root / "registry.txt", text)
        if not options.quiet:
            say("Serving them as Google Drive does, from this machine.")
            say(f"The connection for {wanted[0].name} will be cut once, after {size(CUT_AFTER)}.")
        yield server.endpoint, parse(text)


def _check_room(root: Path, *, inside: bool) -> None:
    """Refuse a disk that cannot take the recordings, and the cache if it is inside."""
    needed = sum(recording.size for recording in RECORDINGS) * (2 if inside else 1)
    free = free_bytes(root)
    if free is not None and free < needed:
        raise CacheError(
            f"the demo needs {size(needed)} and the disk has {size(free)} free ({root}).",
            advice="Make room, or set TMPDIR to a folder on a larger disk.",
        )


def _made(recording: Recording, folder: Path) -> Path:
    from ..testing import write_dat, write_evt3

    path = folder / Path(recording.name).name
    write = write_dat if path.suffix == ".dat" else write_evt3
    write(path, size=recording.size, seed=recording.seed)
    return path


def _write(path: Path, text: str) -> None:
    """Write a file in one step: another demo may be reading it."""
    fresh = path.with_name(f"{os.getpid()}.fresh")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(path)
    finally:
        with suppress(OSError):
            fresh.unlink()
