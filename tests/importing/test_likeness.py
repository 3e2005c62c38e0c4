"""Which recording a path means, where no hash is published."""

from __future__ import annotations

import pytest

from tests.conftest import noise
from tests.importing.shelf import Shelf, reasons


def test_folders_tell_namesakes_apart(shelf: Shelf) -> None:
    """Of two entries with one basename, the one whose folder is in the path is meant."""
    first = shelf.want("fred-0/events.raw", noise(5000, 1), pinned=False, sized=False)
    shelf.want("events-2/events.raw", noise(5000, 2), pinned=False, sized=False)
    shelf.zip({"junction/fred-0/Event/events.raw": first})

    shelf.bring(agree=True)

    assert shelf.cached() == {"fred-0/events.raw": first}


def test_the_other_namesake_is_not_filled_the_second_time(shelf: Shelf) -> None:
    """A path that means an entry that is cached is not proposed for its namesake."""
    first = shelf.want("fred-0/events.raw", noise(5000, 1), pinned=False, sized=False)
    shelf.want("events-2/events.raw", noise(5000, 2), pinned=False, sized=False)
    shelf.zip({"fred-0/Event/events.raw": first})
    shelf.bring(agree=True)

    shelf.bring(agree=True)

    assert list(shelf.cached()) == ["fred-0/events.raw"]


def test_ambiguous_name(shelf: Shelf) -> None:
    """A bare basename that two entries share is left out, and both are named."""
    shelf.want("fred-0/events.raw", noise(5000, 1), pinned=False, sized=False)
    shelf.want("events-2/events.raw", noise(5000, 2), pinned=False, sized=False)
    shelf.put("events.raw", noise(5000, 1))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake) == "events.raw: could be fred-0/events.raw or events-2/events.raw"


def test_two_files_for_one_entry(shelf: Shelf) -> None:
    """Two files of one name that differ in nothing but their place are both left out."""
    shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("a/fan.raw", noise(5000, 1))
    shelf.put("b/fan.raw", noise(5000, 2))

    intake = shelf.bring(agree=True)

    assert shelf.cached() == {}
    assert reasons(intake).count("is one of 2 that could be fan.raw") == 2


@pytest.mark.parametrize(
    "name",
    [
        "fan_const (1).raw",
        "fan_const(12).raw",
        "fan_const - Copy.raw",
        "fan_const - Copy (2).raw",
        "Copy of fan_const.raw",
        "fan_const - Kopie.raw",
        "FAN_CONST.RAW",
        "fan const.raw",
        "fan-const.raw",
        "fan_const.raw.1",
    ],
)
def test_near_names_are_offered(shelf: Shelf, name: str) -> None:
    """A file of the right size whose name a browser or a person changed is in the question."""
    fan = shelf.want("fan/fan_const.raw", noise(5000), pinned=False)
    shelf.put(name, fan)

    assert reasons(shelf.bring()) == ""
    assert shelf.cached() == {}
    shelf.bring(agree=True)
    assert shelf.cached() == {"fan/fan_const.raw": fan}


@pytest.mark.parametrize("name", ["fan_const2.raw", "fan.raw", "fan_const (1).dat", "(1).raw"])
def test_other_names_are_not_offered(shelf: Shelf, name: str) -> None:
    """A file of the right size with another name is not taken, whoever agrees."""
    fan = shelf.want("fan/fan_const.raw", noise(5000), pinned=False)
    path = shelf.put(name, fan)

    assert reasons(shelf.bring(path, agree=True)) == (
        f"{name}: has the size of fan/fan_const.raw, but another name: "
        "if it is that, call it fan_const.raw"
    )
    assert shelf.cached() == {}


def test_near_name_of_another_size(shelf: Shelf) -> None:
    """A near name with another size is told, unless the right file is there."""
    fan = shelf.want("fan.raw", noise(5000), pinned=False)
    shelf.put("fan (1).raw", noise(400))

    assert reasons(shelf.bring(agree=True)) == (
        "fan (1).raw: has nearly the name of fan.raw, but another size"
    )
    shelf.put("fan.raw", fan)
    assert reasons(shelf.bring(agree=True)) == ""
    assert shelf.cached() == {"fan.raw": fan}


def test_the_equal_name_goes_before_the_near_one(shelf: Shelf) -> None:
    """Of two files of the right size the one with the very name is proposed."""
    fan = shelf.want("fan.raw", noise(5000, 1), pinned=False)
    shelf.put("fan.raw", fan)
    shelf.put("fan (1).raw", noise(5000, 2))

    assert reasons(shelf.bring(agree=True)) == ""
    assert shelf.cached() == {"fan.raw": fan}


@pytest.mark.parametrize(("size", "offered"), [(9500, True), (4000, False), (20_000, False)])
def test_a_near_name_and_a_documented_size(shelf: Shelf, size: int, offered: bool) -> None:
    """A near name is offered only with about the documented size, the very name with any."""
    url = "https://example.org/fan.raw#about=10000"
    shelf.registry.write_text(f"fan.raw unpinned {url}\n", encoding="utf-8")
    near = shelf.put("fan (1).raw", noise(size))

    assert bool(shelf.bring(near).refused) is not offered
    exact = shelf.put("fan.raw", noise(size))
    assert "(documented: ~9.77 KiB)" in shelf.run("--yes", exact).stderr
    assert shelf.cached() == {"fan.raw": noise(size)}
