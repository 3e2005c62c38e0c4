"""What is drawn and told while the engine works, seen by a canvas and by plain streams."""

from __future__ import annotations

import io
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NamedTuple

import pytest

from evio_data import Outcome
from evio_data._collection import open_collection
from evio_data._progress.bars import Row
from evio_data._progress.screens import Bars, Lines, Totals, ended_line, progress_line, screen
from evio_data.errors import NotFoundError
from evio_data.testing import DriveFile
from tests.progress.content import CONTENT, MIB

if TYPE_CHECKING:
    from tests.conftest import Drive


Killed = Callable[[DriveFile, int], object]


class Frame(NamedTuple):
    """What was drawn at once."""

    lines: list[str]
    rows: list[Row]


class Canvas:
    """Remembers what it is asked to draw."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.closed = False

    def draw(self, lines: Iterable[str], rows: Sequence[Row]) -> None:
        self.frames.append(Frame(list(lines), list(rows)))

    def close(self) -> None:
        self.closed = True

    @property
    def told(self) -> list[str]:
        return [line for frame in self.frames for line in frame.lines]

    def rows(self, label: str) -> list[Row]:
        return [row for frame in self.frames for row in frame.rows if row.label == label]

    @property
    def overall(self) -> list[Row]:
        return [frame.rows[-1] for frame in self.frames if frame.rows]


def watched(*, connections: int = 3) -> Canvas:
    """Fetch all of the registry, and return what was drawn."""
    canvas, collection = Canvas(), open_collection()
    with Bars(canvas) as watcher:
        collection.obtain(collection.registry.select(), connections=connections, watcher=watcher)
    return canvas


# --- bars -------------------------------------------------------------------------------------


def test_a_bar_a_file_and_one_for_all(drive: Drive) -> None:
    """Each running file has its bar, all together one below, and all of them only grow."""
    for name in ("a.raw", "b.raw"):
        drive.add(name, CONTENT, size=True, rate=4 * MIB)
    canvas = watched()
    for label in ("a.raw", "b.raw", "0 of 2 files"):
        rows = canvas.rows(label)
        assert len(rows) > 1
        assert [row.held for row in rows] == sorted(row.held for row in rows)
    assert {row.total for row in canvas.rows("a.raw")} == {len(CONTENT)}
    assert canvas.rows("0 of 2 files")[0].total == 2 * len(CONTENT)
    assert canvas.frames[-1].rows == []
    assert canvas.closed


def test_one_file_has_one_bar(drive: Drive) -> None:
    """For one file a sum would say the same once more."""
    drive.add("a.raw", CONTENT, size=True, rate=4 * MIB)
    assert all(len(frame.rows) == 1 for frame in watched().frames[1:-1])


def test_bars_of_a_resumed_file_start_at_what_is_there(drive: Drive, killed_at: Killed) -> None:
    """What an earlier run left counts as held at once, and not as speed."""
    file = drive.add("a.raw", CONTENT * 4, size=True, rate=8 * MIB)
    killed_at(file, 5 * MIB)
    file.rate = MIB * 2
    rows = watched(connections=1).rows("a.raw")
    assert min(row.held for row in rows) >= 3 * MIB
    rates = [row.rate for row in rows if row.rate is not None]
    assert rates
    assert max(rates) < 4 * MIB


def test_file_that_begins_again(drive: Drive) -> None:
    """A file whose remote side changes goes back to nothing, and the words say why."""
    file = drive.add(
        "a.raw", CONTENT, pinned=False, etag='"1"', rate=2 * MIB, cut_after=MIB, cut_times=1
    )

    def change() -> None:
        while drive.server.sent(file) < MIB // 2:
            time.sleep(0.01)
        file.replace(CONTENT[::-1])
        file.etag = '"2"'

    changer = threading.Thread(target=change)
    changer.start()
    canvas = watched(connections=1)
    changer.join()
    assert any("the remote file changed" in line for line in canvas.told)
    held = [row.held for row in canvas.rows("a.raw")]
    assert held != sorted(held)
    assert drive.path("a.raw").read_bytes() == CONTENT[::-1]


def test_split_file_counts_each_byte_once(drive: Drive) -> None:
    """Over several connections the bar never has more than the file, and reaches its end."""
    drive.add("a.raw", CONTENT * 4, size=True, rate=2 * MIB)
    rows = watched(connections=3).rows("a.raw")
    assert max(row.held for row in rows) <= len(CONTENT) * 4
    assert max(row.held for row in rows) > len(CONTENT) * 3
    assert sum(request.kind == "data" for request in drive.server.requests) > 1


def test_unknown_size_has_no_share(drive: Drive) -> None:
    """While nobody knows how long a file is, there is no total, for it or for all."""
    drive.add("a.raw", CONTENT, length="chunked", ranges="ignore", rate=2 * MIB)
    drive.add("b.raw", CONTENT, size=True, rate=2 * MIB)
    canvas = watched()
    rows = [row for row in canvas.rows("a.raw") if row.held < len(CONTENT)]
    assert {row.total for row in rows} == {None}
    assert canvas.overall[1].total is None


def test_documented_sizes_make_a_rough_total(drive: Drive) -> None:
    """A size that is only documented counts in the sum until the exact one is known."""
    for name in ("a.raw", "b.raw"):
        file = drive.server.add(name, CONTENT, rate=4 * MIB)
        drive.register(file.registry_line(name) + f"#about={3 * MIB}")
    sums = watched(connections=1).overall
    assert (5 * MIB, True) in [(row.total, row.is_rough) for row in sums]
    assert (sums[-1].total, sums[-1].is_rough) == (2 * len(CONTENT), False)


def test_finished_files_stay_as_lines(drive: Drive) -> None:
    """Each file that came is told in a line, once, with its size and that it was verified."""
    for name in ("a.raw", "b.raw"):
        drive.add(name, CONTENT, size=True)
    told = [line for line in watched().told if line.endswith("verified")]
    assert sorted(line.partition(" in ")[0] for line in told) == [
        "a.raw: 2.00 MiB",
        "b.raw: 2.00 MiB",
    ]


def test_repeated_words_are_told_once(drive: Drive) -> None:
    """A line that breaks again and again is told once, and shown beside the bar each time."""
    drive.add("a.raw", CONTENT, size=True, cut_after=MIB // 4)
    canvas = watched(connections=1)
    assert sum("the connection was reset" in line for line in canvas.told) == 1
    assert any(row.words == "the connection was reset" for row in canvas.rows("a.raw"))


def test_words_give_way_to_the_speed(drive: Drive, killed_at: Killed) -> None:
    """That a file is resumed stands beside its bar until bytes come, and then their speed."""
    file = drive.add("a.raw", CONTENT * 4, size=True, rate=8 * MIB)
    killed_at(file, 5 * MIB)
    file.rate = 2 * MIB
    rows = watched(connections=1).rows("a.raw")
    assert rows[0].words == "resuming"
    assert any(row.rate and not row.words for row in rows)


def test_present_files_are_not_told(drive: Drive) -> None:
    """Files that are there need no words."""
    drive.add("a.raw", CONTENT)
    drive.fetch_elsewhere("a.raw")
    assert watched().told == []


# --- which of them ----------------------------------------------------------------------------


def test_no_terminal_gets_lines() -> None:
    """Neither a pipe, nor a closed stream, nor none at all is drawn on."""
    closed = io.StringIO()
    closed.close()
    for stream in (io.StringIO(), closed):
        assert isinstance(screen(stream=stream), Lines)


@pytest.mark.parametrize(
    ("config", "widgets", "kind"),
    [({"IPKernelApp": {}}, True, Bars), ({"IPKernelApp": {}}, False, Lines), ({}, True, Lines)],
)
def test_only_a_running_notebook_gets_widgets(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    config: dict[str, object],
    widgets: bool,
    kind: type,
) -> None:
    """A kernel that runs and has ipywidgets is drawn on; others get lines."""
    if widgets:
        (tmp_path / "ipywidgets.py").touch()
        monkeypatch.syspath_prepend(str(tmp_path))
    elif find_spec("ipywidgets"):
        pytest.skip("ipywidgets is installed here")
    shell = SimpleNamespace(config=config)
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shell))
    assert isinstance(screen(stream=io.StringIO()), kind)


# --- words ------------------------------------------------------------------------------------


def test_line_of_a_failed_file() -> None:
    """A failure's line has its reason, once its name, and not its advice."""
    error = NotFoundError("there is no such file.", name="a.raw", advice="Check the id.")
    assert ended_line(Outcome("a.raw", "failed", error=error)) == (
        "a.raw: failed: there is no such file."
    )


def test_line_of_a_resumed_file() -> None:
    """What resuming kept is said; time and rate are those of the bytes that came in this run."""
    outcome = Outcome("a.raw", "fetched", size=4 * MIB, received=MIB, resumed=3 * MIB, seconds=1)
    assert ended_line(outcome) == (
        "a.raw: 4.00 MiB: 1.00 MiB in 1.0 s (1.00 MiB/s), the rest resumed, verified"
    )
    assert ended_line(outcome._replace(received=4 * MIB, seconds=2)) == (
        "a.raw: 4.00 MiB in 2.0 s (2.00 MiB/s), 3.00 MiB of it kept by resuming, verified"
    )


def test_progress_without_a_known_total() -> None:
    """Without a total there is neither a share nor a time."""
    done = Totals(2, ended=1, bytes=MIB, sized=False)
    assert progress_line(done.label, done, 1024.0) == "1 of 2 files, 1.00 MiB, 1.00 KiB/s"
