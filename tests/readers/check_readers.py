"""Recordings in; out comes whether independent readers find in them what is there.

Run by ``.ci/readers``, which installs the readers; pytest does not collect this file.
"""

# ruff: noqa: T201 (it reports on standard output)

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from hashlib import sha256
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

import evio_data
from evio_data._recordings.header import read_header
from evio_data._recordings.picture import Frame, read_frame
from evio_data.testing import DriveServer, write_dat, write_evt3
from evio_data.testing.recordings import Recording

Columns = tuple[list[int], list[int], list[int], list[int]]  # t, x, y, p
Check = tuple[str, Callable[[], str]]  # what is checked; what is wrong, or nothing

# A real camera's recording (Gen4.1, EVT3), published in open-neuromorphic/expelliarmus.
SAMPLE = "evt3_sample.raw"
SAMPLE_SHA256 = "1c57e604b7f988a834bcf90f1be26d144fb5527aa15f9c61940f5916bff5b919"
SAMPLE_EVENTS, SAMPLE_ON = 219_596, 115_532  # so say OpenEB, evlib 0.13.2, evt3 and eventcv
EVT2_SAMPLE = "evt2_sample.raw"  # an older camera's, from the same place

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
# faery moves some times of a camera's EVT3 by some microseconds, so that they never fall.
EXACT_RAW_READERS: list[Reader] = [evt3, eventcv]
EVT2_READERS: list[Reader] = [faery, eventcv]


def faery_size(path: Path) -> tuple[int, int]:
    """Return width and height as faery finds them."""
    width, height = import_module("faery").events_stream_from_file(path).dimensions()
    return width, height


def eventcv_size(path: Path) -> tuple[int, int]:
    """Return width and height as eventcv finds them."""
    width, height = import_module("eventcv").load(str(path)).sensor_size
    return width, height


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
                yield f"header and picture: {name}", partial(described, reader, recording.path)
            yield f"geometry: {recording.path.suffix}, {scene}", partial(sized, recording.path)


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


def real(folder: Path) -> Iterator[Check]:
    """Yield checks of what the headers of real recordings are said to say."""
    for name, readers in ((SAMPLE, EXACT_RAW_READERS), (EVT2_SAMPLE, EVT2_READERS)):
        if (folder / name).is_file():
            for reader in readers:
                check = partial(described, reader, folder / name)
                yield f"header and picture: {_named(reader)}, {name}", check


def described(reader: Reader, path: Path) -> str:
    """Compare what is said of a recording unread with what a reader finds in it."""
    header, frame = read_header(path), read_frame(path)
    t, x, y, p = reader(path)
    width, height = header.width or 0, header.height or 0
    wrong = []
    if header.events not in (None, len(t)):
        wrong.append(f"{header.events} events are said, {len(t)} found")
    if header.duration_us != t[-1] - t[0]:
        wrong.append(f"{header.duration_us} us are said, {t[-1] - t[0]} found")
    if max(x) >= width or max(y) >= height:
        wrong.append(f"{width} x {height} pixels are said, but not all events are in there")
    if frame is None or frame.pixels != _pixels(frame, x, y, p):
        wrong.append("the picture has other events")
    return ", ".join(wrong)


def _pixels(frame: Frame, *columns: list[int]) -> bytes:
    pixels = bytearray(frame.width * frame.height)
    first = (column[: frame.events] for column in columns)
    for x, y, p in zip(*first, strict=True):
        pixels[y * frame.width + x] = 2 if p else 1
    return bytes(pixels)


def sized(path: Path) -> str:
    """Compare width and height with those that readers find."""
    header = read_header(path)
    found = {size.__name__: size(path) for size in (faery_size, eventcv_size)}
    wrong = [name for name, size in found.items() if size != (header.width, header.height)]
    return f"{header.width} x {header.height}, but {found}" if wrong else ""


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


def tutorial(folder: Path) -> Iterator[Check]:
    """Yield a check of the program that the tutorial shows: what it prints, and its picture."""
    page = (Path(__file__).parents[2] / "docs" / "tutorial.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"(?ms)^```python\n(import evt3\n.*?)^```$", page)
    yield "the program of the tutorial", lambda: _as_shown(program, page, folder)


def _as_shown(program: str, page: str, folder: Path) -> str:
    """Run a program, and compare what it prints with what the page says."""
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return done.stderr.strip()
    drawn = (folder / "frame.png").read_bytes().startswith(b"\x89PNG")
    said = f"It prints `{done.stdout.strip()}`" in page
    return "" if drawn and said else f"picture: {drawn}; printed {done.stdout!r}"


# --- the run ---------------------------------------------------------------------------------


def main(arguments: list[str]) -> int:
    """Run all checks; the argument is the folder with the real recordings."""
    recordings = Path(arguments[0] if arguments else ".").resolve()
    original = recordings / SAMPLE
    with tempfile.TemporaryDirectory() as name:
        checks = [*synthetic(Path(name)), *real(recordings), *tutorial(Path(name))]
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
