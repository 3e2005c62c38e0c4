"""``python -m tests.campaign.power``: cut the power after a fetch, and look at what is on the disk.

A file system in an image is mounted, a file is fetched into it, and some seconds later the image
is copied: what the copy holds is what a power cut at that moment would have left. Root only.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

MIB = 2**20
SIZES = {"ext4": 48, "xfs": 320, "btrfs": 128}  # MiB of an image that the file system takes
WAITS = (0, 8, 15, 31)  # seconds; ext4 writes its journal every 5, and data after 30
FETCH = """
import sys, time, evio_data
began = time.monotonic()
evio_data.fetch(sys.argv[1])
print(round(1000 * (time.monotonic() - began)))
"""
LOOK = """
import sys, evio_data
from evio_data._collection import open_collection
collection = open_collection()
entry = collection.registry.find(sys.argv[1])
cached_file = collection.cached_file(entry)
(*outcomes,) = collection.verify()
pin = cached_file.pin()
print(outcomes[0].state if outcomes else "missing", pin.hash if pin else None)
"""


class Left(NamedTuple):
    """What a power cut has left."""

    state: str  # as verify says it; "missing" for no file
    pin: str | None
    content: bytes | None
    fetched_in: int  # ms


def can_mount(kind: str) -> bool:
    """Say whether this machine makes and mounts images of a file system."""
    return (
        sys.platform == "linux"
        and os.getuid() == 0
        and shutil.which(f"mkfs.{kind}") is not None
        and Path("/dev/loop-control").exists()
    )


@contextmanager
def mounted(image: Path, place: Path, *options: str) -> Iterator[Path]:
    """Mount an image.

    Raises
    ------
    OSError
        If this machine does not do that.
    """
    place.mkdir(exist_ok=True)
    words = ["mount", "-o", ",".join(["loop", *options]), str(image), str(place)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(done.stderr)
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def cut(kind: str, folder: Path, name: str, *, wait: float = 0, stranger: bool = False) -> Left:
    """Fetch a file into an image, and return what is in a copy of it some seconds later.

    Parameters
    ----------
    kind : str
        Of file system.
    folder : Path
        For the images; not on the file system that is tried.
    name : str
        A key of the registry that the environment names.
    wait : float
        Seconds between success and the cut.
    stranger : bool
        Whether somebody else flushes a file of his at that moment, which moves the journal on.
    """
    image, copy = folder / "disk", folder / "disk-after"
    with image.open("wb") as file:
        file.truncate(SIZES[kind] * MIB)
    subprocess.run([f"mkfs.{kind}", "-q", str(image)], check=True, capture_output=True)
    with mounted(image, folder / "before") as place:
        fetched_in = int(_run(FETCH, name, place))
        time.sleep(wait)
        if stranger:
            with (place / "stranger").open("wb") as file:
                file.write(b"x")
                os.fsync(file.fileno())
        subprocess.run(["cp", "--sparse=always", str(image), str(copy)], check=True)
    options = ("nouuid",) if kind == "xfs" else ()
    with mounted(copy, folder / "after", *options) as place:
        path = place / "cache" / name
        content = path.read_bytes() if path.is_file() else None
        state, pin = _run(LOOK, name, place).split()
    copy.unlink()
    return Left(state, None if pin == "None" else pin, content, fetched_in)


def _run(code: str, name: str, place: Path) -> str:
    environment = {**os.environ, "EVIO_DATA_DIR": str(place / "cache")}
    return subprocess.run(
        [sys.executable, "-c", code, name],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    ).stdout


def main() -> int:
    """Try every kind, wait and stranger; exit 1 if anything was lost or wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.campaign.power", description=__doc__)
    parser.add_argument("--size", type=int, default=12, metavar="MIB", help="of the file")
    parser.add_argument("--wait", type=int, nargs="*", default=WAITS, help="seconds")
    options = parser.parse_args()
    content = random.Random(1).randbytes(options.size * MIB)
    kinds = [kind for kind in SIZES if can_mount(kind)]
    faults = 0
    for kind, wait, stranger in itertools.product(kinds, options.wait, (False, True)):
        left = _tried(kind, content, wait, stranger=stranger)
        fault = left.content != content or left.state != "pinned"
        faults += fault
        size = len(left.content) if left.content is not None else None
        print(
            f"{kind:6} {wait:3} s, {'with   ' if stranger else 'without'} another's fsync: "
            f"{left.state}, {size} bytes, fetched in {left.fetched_in} ms"
            f"{'  WRONG' if fault else ''}",
            flush=True,
        )
    return 1 if faults or not kinds else 0


def _tried(kind: str, content: bytes, wait: float, *, stranger: bool) -> Left:
    from evio_data.testing import DriveServer

    with tempfile.TemporaryDirectory() as folder, DriveServer() as server:
        file = server.add("fan.raw", content)
        registry = Path(folder, "registry.txt")
        registry.write_text(file.registry_line("fan.raw", pinned=False, size=True) + "\n")
        os.environ["EVIO_DATA_REGISTRY"] = str(registry)
        os.environ["EVIO_DATA_ENDPOINT"] = server.endpoint
        return cut(kind, Path(folder), "fan.raw", wait=wait, stranger=stranger)


if __name__ == "__main__":
    sys.exit(main())
