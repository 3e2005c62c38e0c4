"""The whole thing on one machine: a local Google Drive, synthetic recordings, a cut, a resume."""

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from . import _bulk, _registry
from ._cache import Cache
from ._collection import Collection
from ._disk import free_bytes
from ._settings import from_environment
from ._terminal import say, show
from ._transfer import no_room
from ._wording import size
from .errors import CacheError
from .testing import DriveFile, DriveServer

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
    root = _folder()
    registry = root / "registry.txt"
    cache = Cache(options.cache_dir or str(root / "cache"))
    settings = from_environment()._replace(offline=False, api_key=None, mirrors=())
    if registry.exists():
        collection = Collection(_registry.load(registry), cache, settings)
        if all(collection.slot(each).is_warm(each.sha256) for each in collection.registry.select()):
            return _fetch(collection, options)
    with _drive(root, registry) as endpoint:
        settings = settings._replace(endpoint=endpoint)
        return _fetch(Collection(_registry.load(registry), cache, settings), options)


def _fetch(collection: Collection, options: argparse.Namespace) -> int:
    code = _bulk.prefetch(collection, options)
    if code == 0 and not options.json and not options.dry_run:
        show("These recordings are synthetic. Remove them with their folder when you are done.")
    return code


def _folder() -> Path:
    """Return a folder of this user's own, the same one each time."""
    owner = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "")
    root = Path(tempfile.gettempdir(), f"evio-data-demo-{owner}")
    try:
        root.mkdir(mode=0o700)
    except FileExistsError:
        status = root.lstat()
        if root.is_symlink() or not root.is_dir() or (owner and status.st_uid not in (owner, 0)):
            raise CacheError(
                f"{root} is not a folder of yours.", advice="Remove it, or set TMPDIR."
            ) from None
    return root


@contextmanager
def _drive(root: Path, registry: Path) -> Iterator[str]:
    """Serve the recordings as Google Drive would; their files are gone afterwards."""
    needed = 2 * sum(recording.size for recording in RECORDINGS)
    free = free_bytes(root)
    if free is not None and free < needed:
        raise no_room(needed, free, str(root))
    with tempfile.TemporaryDirectory(dir=root) as folder, DriveServer() as server:
        server.rate_per_connection = RATE
        files = [_serve(server, Path(folder), recording) for recording in RECORDINGS]
        files[0].cut_after, files[0].cut_times = CUT_AFTER, 1
        lines = [
            file.registry_line(recording.name, size=True)
            for file, recording in zip(files, RECORDINGS, strict=True)
        ]
        registry.write_text("\n".join(lines) + "\n", encoding="utf-8")
        say(
            f"A local Google Drive with {len(files)} synthetic recordings; "
            f"one download will be cut after {size(CUT_AFTER)}."
        )
        yield server.endpoint


def _serve(server: DriveServer, folder: Path, recording: Recording) -> DriveFile:
    path = folder / Path(recording.name).name
    say(f"Making {recording.name}, {size(recording.size)} ...")
    _writer(recording.name)(path, size=recording.size, seed=recording.seed)
    return server.add(path.name, path)


def _writer(name: str) -> Callable[..., object]:
    from .testing import write_dat, write_evt3

    return write_dat if name.endswith(".dat") else write_evt3
