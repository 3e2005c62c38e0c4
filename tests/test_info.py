"""What is known of one file without downloading it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data.errors import UnknownDatasetError

if TYPE_CHECKING:
    from tests.conftest import Drive


MIB = 2**20
ROOT = Path(__file__).parents[1]


def test_of_a_file_that_is_not_there(drive: Drive) -> None:
    """Of a missing file there is what the registry says, and nothing is asked of anybody."""
    file = drive.server.add("a.raw", b"% evt 3.0\n")
    drive.register(file.registry_line("a.raw", pinned=False) + "#about=7340032")
    info = evio_data.info("a.raw")
    assert (info.name, info.state, info.held) == ("a.raw", "missing", 0)
    assert (info.size, info.about, info.size_kind) == (None, 7 * MIB, "documented")
    assert (info.hash, info.hash_kind, info.hash_state) == (None, None, "unpinned")
    assert info.path == drive.path("a.raw")
    assert file.id in info.source
    assert (info.header, info.format, info.width, info.date, info.events) == (None,) * 5
    assert drive.server.requests == []
    assert not drive.cache.exists()


def test_of_a_cached_recording(fan: str) -> None:
    """Of a cached file its exact size, hash and header are known."""
    info = evio_data.info("fan.dat")
    assert (info.name, info.key, info.size_kind) == (fan, fan, "exact")
    assert info.size == info.held == info.path.stat().st_size
    assert (info.hash_kind, info.hash_state) == ("sha256", "published")
    assert info.header is not None
    assert (info.format, info.events, info.width, info.height) == ("DAT", 2000, 1280, 720)
    assert info.duration is not None
    assert info.duration == info.header.duration_us / 1e6  # type: ignore[operator]


def test_licence_and_citation(fan: str) -> None:
    """What the registry says of licence and citation is said of each file."""
    info = evio_data.info(fan)
    assert (info.license, info.citation, info.homepage) == ("CC0-1.0", "A & B, <2025>.", None)
    assert "CC0-1.0" in repr(info)


def test_unknown_licence_says_whom_to_ask() -> None:
    """Of the shipped recordings no licence is known: that, and whom to ask, is said."""
    shown = repr(evio_data.info("fan_const_rpm.raw"))
    assert "unknown: nobody has published one. Ask before you share" in shown
    assert "(Sensofusion, " in shown
    assert "Junction 2025" in shown


def test_unknown_name() -> None:
    """A name that nothing has is an error, as everywhere."""
    with pytest.raises(UnknownDatasetError):
        evio_data.info("nothing.raw")


def test_file_that_is_no_recording(drive: Drive) -> None:
    """Of any other file there is no header, and no error."""
    drive.add("notes.txt", b"no events")
    drive.fetch_elsewhere("notes.txt")
    info = evio_data.info("notes.txt")
    assert info.header is None
    assert "notes.txt" in info._repr_html_()


def test_notebooks_get_a_table_and_a_picture(fan: str) -> None:
    """HTML has the rows as text, never as markup, and the first events as an image."""
    page = evio_data.info(fan)._repr_html_().replace(' style="text-align: left"', "")
    assert "A &amp; B, &lt;2025&gt;." in page
    assert "<td>events</td><td>2,000</td>" in page
    assert page.count('<img width="320"') == 1
    assert "data:image/png;base64," in page
