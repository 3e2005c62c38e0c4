"""Recordings in; out comes whether independent readers find in them what is there.

Run by ``.ci/readers``, which installs the readers; pytest does not collect this file.
"""

# ruff: noqa: T201 (it reports on standard output)

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import evio_data
from evio_data.testing import DriveServer, write_dat, write_evt3
from evio_data.testing.recordings import Recording

Columns = tuple[list[int], list[int], list[int], list[int]]  # t, x, y, p
Check = tuple[str, Callable[[], str]]  # what is checked; what is wrong, or nothing

# A real camera's recording (Gen4.1, EVT3), published in open-neuromorphic/expelliarmus.
SAMPLE = "evt3_sample.raw"
SAMPLE_SHA256 = "1c57e604b7f988a834bcf90f1be26d144fb5527aa15f9c61940f5916bff5b919"
SAMPLE_EVENTS, SAMPLE_ON = 219_596, 115_532  # so say OpenEB, evlib 0.13.2, evt3 and eventcv

SCENES: dict[str, dict[str, int]] = {
    "1 MB": {"size": 1_000_001},
    "a number of events": {"events": 5_003, "seed": 1},
    "time that wraps twice": {"events": 9_000, "rate": 245, "seed": 2},
    "a small sensor": {"events": 20_000, "width": 346, "height": 260, "seed": 3},
}


# --- readers ---------------------------------------------------------------------------------


def faery(path: Path) -> Columns:
    """Read EVT3 or DAT with faery."""
    array = import_module("faery").events_stream_from_file(path).to_array()
    return array["t"].tolist(), array["x"].tolist(), array["y"].tolist(), array["on"].tolist()


def evt3(path: Path) -> Columns:
    """Read EVT3 with evt3, which reads nothing else."""
    events = import_module("evt3").decode_file(str(path))
    return events.t.tolist(), events.x.tolist(), events.y.tolist(), events.p.tolist()


def eventcv(path: Path) -> Columns:
    """Read EVT3 or DAT with eventcv, whose columns are x, y, t, p."""
    x, y, t, p = import_module("eventcv").load(str(path)).numpy().T.tolist()
    return t, x, y, p


Reader = Callable[[Path], Columns]
RAW_READERS: list[Reader] = [faery, evt3, eventcv]
DAT_READERS: list[Reader] = [faery, eventcv]


# --- checks ----------------------------------------------------------------------------------


def synthetic(folder: Path) -> Iterator[Check]:
    """Yield a check for each scene, format and reader: every field of every event."""
    for number, (scene, wanted) in enumerate(SCENES.items()):
        raw = write_evt3(folder / f"{number}.raw", **wanted)
        dat = write_dat(folder / f"{number}.dat", **wanted)
        for recording, readers in ((raw, RAW_READERS), (dat, DAT_READERS)):
            for reader in readers:
                name = f"{_named(reader)}, {recording.path.suffix}, {scene}"
                yield name, partial(exact, reader, recording)


def exact(reader: Reader, recording: Recording) -> str:
    """Compare t, x, y and p of all events with the truth."""
    found = reader(recording.path)
    if len(found[0]) != recording.count:
        return f"{len(found[0])} events, not {recording.count}"
    true = zip(*recording.events(), strict=True)
    wrong = {
        field: sum(a != b for a, b in zip(column, truth, strict=True))
        for field, column, truth in zip("txyp", found, true, strict=True)
    }
    return ", ".join(f"{field} is wrong {n} times" for field, n in wrong.items() if n)


def fetched(original: Path, folder: Path) -> Iterator[Check]:
    """Yield checks of a real recording that comes by name, past the page for large files."""
    came = cache(partial(_fetch, original, folder))
    yield "fetch passes the warning page", lambda: "" if came()[1] else "there was no page"
    yield "fetch gives the same bytes", lambda: identical(came()[0], original)
    for reader in RAW_READERS:
        yield f"{_named(reader)}, {SAMPLE} as fetched", partial(_counts, reader, came)


def _fetch(original: Path, folder: Path) -> tuple[Path, bool]:
    """Return where the recording was put, and whether the page was met on the way."""
    with DriveServer(lenient=False) as server:  # only the page's form leads past the page
        file = server.add(f"camera/{SAMPLE}", original, large=True)
        registry = folder / "registry.txt"
        registry.write_text(file.registry_line(size=True) + "\n")
        _only_here(server.endpoint, registry, folder / "cache")
        path = evio_data.fetch(SAMPLE)
        return path, any(request.kind == "page" for request in server.requests)


def _only_here(endpoint: str, registry: Path, cache: Path) -> None:
    for name in [name for name in os.environ if name.startswith("EVIO_DATA_")]:
        del os.environ[name]
    os.environ["EVIO_DATA_ENDPOINT"] = endpoint
    os.environ["EVIO_DATA_REGISTRY"] = str(registry)
    os.environ["EVIO_DATA_DIR"] = str(cache)
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"


def identical(path: Path, original: Path) -> str:
    """Compare the bytes of two files, and their known hash."""
    found = path.read_bytes()
    if found != original.read_bytes():
        return f"{path} differs from {original}"
    digest = sha256(found).hexdigest()
    return "" if digest == SAMPLE_SHA256 else f"the SHA-256 is {digest}"


def _counts(reader: Reader, came: Callable[[], tuple[Path, bool]]) -> str:
    """Compare how many events there are, and how many of them are ON, with what is known."""
    polarity = reader(came()[0])[3]
    found = len(polarity), sum(polarity)
    return "" if found == (SAMPLE_EVENTS, SAMPLE_ON) else f"{found[0]} events, {found[1]} ON"


def _named(reader: Reader) -> str:
    name = reader.__name__
    return f"{name} {version(name)}"


# --- the run ---------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run all checks; the argument is the folder with the real recording."""
    original = Path(arguments[0] if arguments else ".", SAMPLE).resolve()
    with tempfile.TemporaryDirectory() as name:
        checks = [*synthetic(Path(name))]
        if original.is_file():
            checks += fetched(original, Path(name))
        failed = [_run(check) for check in checks].count(False)
    if not original.is_file():
        print(f"SKIPPED {original} is not there: NO real recording was fetched and read")
    print(f"{len(checks) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _run(check: Check) -> bool:
    name, ask = check
    try:
        wrong = ask()
    except Exception as error:  # noqa: BLE001 (whatever a reader raises is a failed check)
        wrong = f"{type(error).__name__}: {error}"
    print(f"FAILED  {name}: {wrong}" if wrong else f"passed  {name}")
    return not wrong


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
