"""``evio-data import``: what was taken, what was left out, and what is still missing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from evio_data._cli.import_command import SHOWN
from tests.cli.programs import CONTENT, EVIO_DATA, run

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_what_came_and_what_is_missing(drive: Drive, tmp_path: Path) -> None:
    """Each file that was taken has a line, and so has each that is still wanted."""
    drive.add("fan/a.raw", CONTENT)
    drive.add("b.raw", CONTENT[:-1], size=True)
    (tmp_path / "download").write_bytes(CONTENT)
    done = run(EVIO_DATA, "import", str(tmp_path / "download"))
    assert done.code == 0
    assert "fan/a.raw" in done.out
    assert "1 imported" in done.out
    assert "1 still missing:\n  b.raw, 293 KiB" in done.out
    assert drive.server.requests == []
    assert "1 present" in run(EVIO_DATA, "import", str(tmp_path / "download")).out


def test_nothing_that_is_wanted(drive: Drive, tmp_path: Path) -> None:
    """An import that took nothing has failed, and says why of what was named."""
    drive.add("a.raw", CONTENT)
    (tmp_path / "other").write_bytes(b"x")
    done = run(EVIO_DATA, "import", str(tmp_path / "other"))
    assert done.code == 1
    assert "has neither the bytes nor the name of any recording" in done.err


def test_a_thousand_refusals_are_not_a_thousand_lines(drive: Drive, tmp_path: Path) -> None:
    """Of many files that were left out the first ones are told, and how many more there are."""
    drive.add("a.raw", CONTENT)
    for number in range(3 * SHOWN):
        (tmp_path / f"{number}.7z").write_bytes(b"x")
    done = run(EVIO_DATA, "import", *(str(tmp_path / f"{n}.7z") for n in range(3 * SHOWN)))
    assert done.err.count("is an archive of a kind") == SHOWN
    assert f"{2 * SHOWN} more" in done.err


def test_by_name_it_is_asked(drive: Drive, tmp_path: Path) -> None:
    """A file that only its name speaks for is taken with ``--yes``, and pinned."""
    drive.add("a.raw", CONTENT, pinned=False)
    (tmp_path / "a.raw").write_bytes(CONTENT)
    refused = run(EVIO_DATA, "import", str(tmp_path / "a.raw"))
    assert (refused.code, "Add --yes" in refused.err) == (1, True)
    taken = run(EVIO_DATA, "import", "--yes", str(tmp_path / "a.raw"))
    assert (taken.code, "pinned to SHA-256" in taken.out) == (0, True)
