"""The demo: a local Google Drive, synthetic recordings, a cut download and its resume."""

import argparse
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from .._cache.files import Cache
from .._collection import Collection
from .._files import free_bytes
from .._registry.parser import parse
from .._registry.registry import Entry, RegistryIndex
from .._settings import from_environment
from .._text import size
from ..errors import CacheError
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

    @property
    def id(self) -> str:
        """What the local Drive calls it: the same each time, as its bytes are."""
        return f"demo-{self.seed}".ljust(33, "0")


RECORDINGS = (
    Recording("synthetic/fan.raw", 128 * MIB, 1),
    Recording("synthetic/fan.dat", 112 * MIB, 2),
    Recording("synthetic/fan_slow.raw", 104 * MIB, 3),
)


def demo(options: argparse.Namespace) -> int:
    """Run ``prefetch-datasets --demo``; return the exit code."""
    root = _new_root()
    cache = Cache(options.cache_dir or str(root / "cache"))
    settings = from_environment()._replace(offline=False, api_key=None, mirrors=())
    code = _demonstrate(Collection(_promised(), cache, settings), root, options)
    if not root.exists():
        return code
    if code != OK:  # nothing in it is worth keeping: the next demo starts afresh
        shutil.rmtree(root, ignore_errors=True)
        say("The demo's folder was removed; the next demo starts from the beginning.")
    elif not options.json:
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
    _check_free_space(root, inside=not options.cache_dir)
    code = plan.consent(collection, options)  # before anything is made
    if code != OK:
        return code
    options.yes = True
    recordings = [recording for recording in RECORDINGS if recording.name in wanted]
    with _drive(root, recordings, options) as (endpoint, registry):
        settings = collection.settings._replace(endpoint=endpoint)
        return prefetch.prefetch_from(Collection(registry, collection.cache, settings), options)


# --- the folder -------------------------------------------------------------------------------


def _new_root() -> Path:
    """Return a folder that is not there yet, with a name that nobody can guess."""
    return Path(tempfile.gettempdir(), f"evio-data-demo-{os.urandom(4).hex()}")


def _make(root: Path) -> None:
    """Make the folder, for this user only; whatever somebody else has put there is refused."""
    try:
        root.mkdir(mode=0o700)
    except OSError as error:
        raise CacheError(
            f"cannot make {root}: {error.strerror or error}.",
            advice="Set TMPDIR to a folder of yours.",
        ) from error


def _promised() -> RegistryIndex:
    """Return a registry of the recordings before they are made: nobody knows their hashes."""
    url = "https://drive.google.com/uc?export=download&id="
    return RegistryIndex({r.name: Entry(r.name, None, f"{url}{r.id}", r.size) for r in RECORDINGS})


# --- the Drive --------------------------------------------------------------------------------


@contextmanager
def _drive(
    root: Path, wanted: Sequence[Recording], options: argparse.Namespace
) -> Iterator[tuple[str, RegistryIndex]]:
    """Serve recordings as Google Drive would; return where, and their registry.

    All of them are made, so that the registry is whole; their files are gone afterwards.
    """
    from ..testing import DriveServer

    _make(root)
    # A proxy of this machine's would look for 127.0.0.1 at its own place.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    # Strict: every hidden input of the warning page's form is demanded back.
    with tempfile.TemporaryDirectory(dir=root) as folder, DriveServer(lenient=False) as server:
        server.rate_per_connection = RATE
        lines = []
        for recording in RECORDINGS:
            if not options.quiet:
                say(f"Making {recording.name}, {size(recording.size)} ...")
            path = _made(recording, Path(folder))
            file = server.add(recording.name, path, id=recording.id)
            with suppress(OSError):  # where an open file cannot go, it goes with the folder
                path.unlink()
            lines.append(file.registry_line(recording.name, size=True))
            if recording == wanted[0]:
                file.cut_after, file.cut_times = CUT_AFTER, 1
        text = "\n".join(lines) + "\n"
        (root / "registry.txt").write_text(text, encoding="utf-8")
        if not options.quiet:
            say("Serving them as Google Drive does, from this machine.")
            say(f"The connection for {wanted[0].name} will be cut once, after {size(CUT_AFTER)}.")
        yield server.endpoint, parse(text)


def _check_free_space(root: Path, *, inside: bool) -> None:
    """Refuse a disk that cannot take the recordings, and the cache if it is inside."""
    needed = sum(recording.size for recording in RECORDINGS) * (2 if inside else 1)
    free = free_bytes(root)
    if free is not None and free < needed:
        raise CacheError(
            f"the demo needs {size(needed)} and the disk has {size(free)} free ({root}).",
            advice="Free some space, or set TMPDIR to a folder on a larger disk.",
        )


def _made(recording: Recording, folder: Path) -> Path:
    from ..testing import write_dat, write_evt3

    path = folder / Path(recording.name).name
    write = write_dat if path.suffix == ".dat" else write_evt3
    write(path, size=recording.size, seed=recording.seed)
    return path
