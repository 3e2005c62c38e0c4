"""Pins: only what this cache has verified, and verifies once more, gets into a registry."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

import evio_data
from evio_data._cache.pins import pin_of
from evio_data._collection import open_collection
from evio_data._registry_tools import pin
from evio_data._registry_tools.editor import RegistryEditor
from evio_data._registry_tools.pin import Pin, Pins

if TYPE_CHECKING:
    from tests.conftest import Drive

DATA = b"% evt 3.0\n" + bytes(1000)


def pins(drive: Drive) -> Pins:
    """Return what may be pinned of the registry."""
    collection = open_collection()
    return pin.collect(collection.registry.select(), collection.cached_file)


def pinned(drive: Drive) -> str:
    """Return the registry with all pins written."""
    text = RegistryEditor(drive.registry.read_text(encoding="utf-8"))
    assert not pin.write_pins(text, pins(drive).pins)
    return str(text)


def test_verified_file_is_pinned(drive: Drive) -> None:
    """The line of a fetched file gets its hash and its size; no other line is touched."""
    drive.register("# mine")
    file = drive.add("a b.raw", DATA, pinned=False)
    drive.add("c.raw", DATA, pinned=False)
    evio_data.fetch("a b.raw")
    before = drive.registry.read_text(encoding="utf-8").splitlines()
    after = pinned(drive).splitlines()
    assert after[1] == file.registry_line("a b.raw", size=True)
    assert (after[0], after[2]) == (before[0], before[2])


def test_trust_is_told(drive: Drive) -> None:
    """Each pin says that it stands on a first use, of which day, and was checked now."""
    drive.add("a.raw", DATA, pinned=False)
    path = evio_data.fetch("a.raw")
    cached_file = open_collection().cached_file(open_collection().registry.find("a.raw"))
    os.utime(path, (86400 * 365, 86400 * 365))
    assert cached_file.check(None)
    (pin,) = pins(drive).pins
    assert "first use" in pin.trust
    assert str(datetime.now(tz=UTC).date()) in pin.trust


@pytest.mark.parametrize("seconds", [300_000_000_000, -80_000_000_000, 10**15])
def test_no_time_of_a_file_is_too_far_off(seconds: int) -> None:
    """A file of a year that no calendar has, as a clock gone wrong leaves it, is told of too."""
    assert pin_of("ab" * 32, 1, "drive:1", since_ns=seconds * 10**9).day == "unknown"


def test_lines_with_a_hash_are_left_alone(drive: Drive) -> None:
    """A published hash is not looked at, whatever the cache holds."""
    drive.add("a.raw", DATA)
    evio_data.fetch("a.raw")
    drive.path("a.raw").write_bytes(b"damaged")
    found = pins(drive)
    assert (found.published, found.pins, found.refused) == (["a.raw"], [], [])


def test_absent_file(drive: Drive) -> None:
    """A file that is not cached is told as such."""
    drive.add("a.raw", DATA, pinned=False)
    assert pins(drive) == Pins([], [], ["a.raw"], [])


def test_file_that_contradicts_its_record(drive: Drive) -> None:
    """A file whose bytes are not those that the cache recorded is refused, and stays."""
    drive.add("a.raw", DATA, pinned=False)
    path = evio_data.fetch("a.raw")
    path.write_bytes(DATA[:-1] + b"x")
    (refused,) = pins(drive).refused
    assert "recorded" in refused.why
    assert path.read_bytes() == DATA[:-1] + b"x"


def test_silent_damage(drive: Drive) -> None:
    """Damage that a look at the status does not show is found, for the bytes are read."""
    drive.add("a.raw", DATA, pinned=False)
    path = evio_data.fetch("a.raw")
    times = (path.stat().st_atime_ns, path.stat().st_mtime_ns)
    with path.open("r+b") as file:
        file.write(b"x")
    os.utime(path, ns=times)
    assert pins(drive).refused


def test_file_that_was_never_verified(drive: Drive) -> None:
    """A file that somebody laid there is refused, and does not become a first use."""
    drive.add("a.raw", DATA, pinned=False)
    drive.path("a.raw").parent.mkdir(parents=True)
    drive.path("a.raw").write_bytes(DATA)
    assert "not verified" in pins(drive).refused[0].why
    assert not (drive.state("a.raw") / "stamp").exists()


def test_touched_file_is_pinned(drive: Drive) -> None:
    """A new time alone does not make a file another one: its bytes are read."""
    drive.add("a.raw", DATA, pinned=False)
    os.utime(evio_data.fetch("a.raw"), (1, 1))
    assert len(pins(drive).pins) == 1


def test_size_that_contradicts_the_registry(drive: Drive) -> None:
    """A registered size that is not the file's is a contradiction."""
    file = drive.add("a.raw", DATA, pinned=False)
    evio_data.fetch("a.raw")
    drive.replace(f"a.raw unpinned {file.url}#size=5")
    assert "5 bytes" in pins(drive).refused[0].why


@pytest.mark.parametrize("line", ["# gone", "a.raw unpinned https://example.org/other"])
def test_line_that_changed_meanwhile(drive: Drive, line: str) -> None:
    """A line that is no longer the one that was read is left as it is."""
    drive.add("a.raw", DATA, pinned=False)
    evio_data.fetch("a.raw")
    found = pins(drive)
    text = RegistryEditor(line + "\n")
    assert [refused.name for refused in pin.write_pins(text, found.pins)] == ["a.raw"]
    assert str(text) == line + "\n"


@pytest.mark.timeout(30)
def test_many_pins() -> None:
    """Thousands of lines are pinned in a moment: the text is not read anew for each."""
    text = RegistryEditor("".join(f"{n}.raw unpinned https://a.org/{n}\n" for n in range(5000)))
    found = [Pin(entry, "ab" * 32, 5, "read") for entry in text.entries]
    assert pin.write_pins(text, found) == []
    assert str(text).count("ab" * 32) == 5000


def test_advice_may_be_pasted(drive: Drive) -> None:
    """A name with a command in it is quoted in the advice, for a shell would run it."""
    drive.add("a;touch b", DATA, pinned=False)
    drive.path("a;touch b").parent.mkdir(parents=True)
    drive.path("a;touch b").write_bytes(DATA)
    assert "`evio-data fetch 'a;touch b'`" in pins(drive).refused[0].why


def test_something_in_the_way(drive: Drive) -> None:
    """A folder in the place of a file is refused, and does not stop the others."""
    drive.add("a.raw", DATA, pinned=False)
    drive.add("b.raw", DATA, pinned=False)
    evio_data.fetch("b.raw")
    drive.path("a.raw").mkdir()
    found = pins(drive)
    assert [each.name for each in found.refused] == ["a.raw"]
    assert [each.entry.name for each in found.pins] == ["b.raw"]
