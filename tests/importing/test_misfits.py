"""Why something was left out, and what to do with it."""

from __future__ import annotations

import pytest

from tests.conftest import noise
from tests.importing.shelf import Shelf, reasons


def test_unpinned_of_another_size(shelf: Shelf) -> None:
    """A file that has the name but not the registered size is not proposed."""
    shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("fan.raw", noise(4999))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake) == "fan.raw: has the name of fan.raw, but another size"


def test_unpinned_web_page(shelf: Shelf) -> None:
    """A web page that somebody saved under a recording's name is not taken for it."""
    shelf.want("fan.raw", noise(9), pinned=False, sized=False)
    shelf.put("fan.raw", b"\n<!doctype html><html>Google Drive - Quota exceeded</html>")

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert "is a web page" in reasons(intake)


def test_right_name_wrong_bytes(shelf: Shelf) -> None:
    """A file with the name but not the hash of a pinned entry is told, and not taken."""
    shelf.want("fan.raw", noise(5000, 1))
    shelf.put("fan.raw", noise(5000, 2))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake) == "fan.raw: has the name of fan.raw, but other bytes"
    assert shelf.left() == []


def test_an_empty_file_is_no_first_use(shelf: Shelf) -> None:
    """Where neither hash nor size is known an empty file is not taken."""
    shelf.want("fan.raw", b"x", pinned=False, sized=False)
    shelf.put("fan.raw", b"")

    assert reasons(shelf.bring(agree=True)) == "fan.raw: is empty"


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("other.raw", b"x", "has neither the bytes nor the name of any recording"),
        ("page.raw", b"<!doctype html><title>Sign in</title>", "is a web page, not a recording"),
        ("nothing.raw", b"", "is empty"),
        ("fan.raw.crdownload", b"x", "seems to be an unfinished download"),
        ("fan.tar.gz", b"x", "unpack it, and import the folder"),
        ("fan.7z", b"x", "unpack it, and import the folder"),
        ("fan.rar", b"x", "unpack it, and import the folder"),
        ("fan.z01", b"x", "join the parts first"),
        ("fan.zip.001", b"x", "join the parts first"),
        ("fan.part1.rar", b"x", "join the parts first"),
    ],
)
def test_a_named_file_that_fits_nothing(shelf: Shelf, name: str, content: bytes, why: str) -> None:
    """Of every file that was named, and is not taken, the reason is told."""
    shelf.want("fan.raw", noise(5000), pinned=False)

    (told,) = shelf.bring(shelf.put(name, content), agree=True).refused

    assert told[0].endswith(name)
    assert why in told[1]


def test_a_named_archive_that_fits_nothing(shelf: Shelf) -> None:
    """A zip without anything that is known is told as one."""
    shelf.want("fan.raw", noise(5000))

    assert reasons(shelf.bring(shelf.zip({"x": b"x"}))) == (
        "archive.zip: has nothing in it that the registry knows"
    )


def test_the_last_part_of_a_split_archive(shelf: Shelf) -> None:
    """Of a zip in several parts the last one says that they are to be joined."""
    shelf.want("fan.raw", noise(5000))
    shelf.put("archive.z01", b"x")
    path = shelf.zip({"fan.raw": noise(5000)})

    assert "archive.zip: is one part of an archive: join the parts first" in reasons(
        shelf.bring(path)
    )


def test_archives_in_a_folder_are_noted(shelf: Shelf) -> None:
    """An archive that is met in a folder is told, but no fault if the rest is well."""
    shelf.put("x", shelf.want("fan.raw", noise(5000)))
    shelf.want("hover.raw", noise(600))
    shelf.put("holiday.7z", b"x")
    shelf.put("holiday.jpg", b"x")

    done = shelf.run(shelf.have)

    assert "holiday.7z: is an archive of a kind that is not read here" in done.stderr
    assert "holiday.jpg" not in done.stderr
    assert done.returncode == 0


def test_a_named_file_that_is_there_already(shelf: Shelf) -> None:
    """A file whose bytes the cache has, by any name, is no fault."""
    path = shelf.put("any", shelf.want("fan.raw", noise(5000)))
    copy = shelf.put("copy", noise(5000))

    assert shelf.run(path, copy).returncode == 0
    done = shelf.run(path, copy)

    assert done.returncode == 0
    assert "left out" not in done.stderr
