"""How what people type finds entries of a registry."""

from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

import pytest

from evio_data._registry.parser import parse
from evio_data.errors import RegistryError, UnknownDatasetError
from tests.registry.conftest import URL, registry_of

# --- names to entries ------------------------------------------------------------------------

FOLDERS = registry_of(
    "fan/fan_const_rpm.raw", "fan/fan_const_rpm.dat", "one/events.raw", "two/events.raw", "a[1].raw"
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("fan/fan_const_rpm.raw", "fan/fan_const_rpm.raw"),
        ("fan_const_rpm.raw", "fan/fan_const_rpm.raw"),
        ("a[1].raw", "a[1].raw"),
    ],
)
def test_find(name: str, key: str) -> None:
    """A key, or a basename that only one key has, finds the entry."""
    assert FOLDERS.find(name).name == key


def test_find_prefers_the_key() -> None:
    """A key wins against equal basenames in folders."""
    assert registry_of("x/a.raw", "a.raw", "y/a.raw").find("a.raw").name == "a.raw"


def test_find_ambiguous() -> None:
    """A basename of several keys is refused; all of them are candidates, and named."""
    with pytest.raises(UnknownDatasetError, match="ambiguous") as caught:
        FOLDERS.find("events.raw")

    assert caught.value.candidates == ("one/events.raw", "two/events.raw")
    assert "'one/events.raw' or 'two/events.raw'" in str(caught.value)


def test_find_very_ambiguous() -> None:
    """A hundred candidates are all in the error, but not all in its message."""
    with pytest.raises(UnknownDatasetError) as caught:
        registry_of(*(f"run{i:03}/events.raw" for i in range(100))).find("events.raw")

    assert len(caught.value.candidates) == 100
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("fan/fan_cnst_rpm.raw", "fan/fan_const_rpm.raw"),
        ("fan_const_rmp.raw", "fan/fan_const_rpm.raw"),
        ("event.raw", "one/events.raw"),
        ("wrong/events.raw", "one/events.raw"),
        ("one/event*.rw", "one/events.raw"),
    ],
)
def test_find_misspelt(name: str, nearest: str) -> None:
    """A misspelt name or glob is answered with the nearest names."""
    with pytest.raises(UnknownDatasetError) as caught:
        FOLDERS.select([name])

    assert nearest in caught.value.candidates
    assert f"Did you mean '{caught.value.candidates[0]}'" in str(caught.value)


@pytest.mark.parametrize("name", ["", "qqqqqqqq", "\x1b[31mred", "x" * 100_000])
def test_find_unlike_anything(name: str) -> None:
    """A name like no other is answered with the way to see all; the message stays printable."""
    with pytest.raises(UnknownDatasetError, match="evio-data list") as caught:
        FOLDERS.find(name)

    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


def test_find_misspelt_in_a_large_registry() -> None:
    """Among many names, those that begin alike are compared, and the nearest is found."""
    registry = registry_of(*(f"s{i % 9}/recording_{i:04}.raw" for i in range(9000)))

    with pytest.raises(UnknownDatasetError) as caught:
        registry.find("s7/recording_77x8.raw")
    assert any(name.startswith("s7/recording_77") for name in caught.value.candidates)


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        ([], ["fan/a.raw", "fan/a.dat", "b.raw", "z/fan/c.raw"]),
        (["*"], ["fan/a.raw", "fan/a.dat", "b.raw", "z/fan/c.raw"]),
        (["*.raw"], ["fan/a.raw", "b.raw", "z/fan/c.raw"]),
        (["fan/*"], ["fan/a.raw", "fan/a.dat"]),
        (["?.raw"], ["fan/a.raw", "b.raw", "z/fan/c.raw"]),
        (["[ab].*"], ["fan/a.raw", "fan/a.dat", "b.raw"]),
        (["b.raw", "fan/*"], ["fan/a.raw", "fan/a.dat", "b.raw"]),
        (["b.raw", "b.raw", "*.raw"], ["fan/a.raw", "b.raw", "z/fan/c.raw"]),
        ("b.raw", ["b.raw"]),
    ],
)
def test_select(patterns: list[str] | str, names: list[str]) -> None:
    """Names and globs select entries, each once, in the registry's order; nothing selects all."""
    registry = registry_of("fan/a.raw", "fan/a.dat", "b.raw", "z/fan/c.raw")

    assert [entry.name for entry in registry.select(patterns)] == names


def test_select_a_name_that_looks_like_a_glob() -> None:
    """A key with brackets is that key."""
    assert [entry.name for entry in FOLDERS.select(["a[1].raw"])] == ["a[1].raw"]


@pytest.mark.parametrize("pattern", ["*.bin", "fan/*/x", "A[0-9].raw", "missing.raw"])
def test_select_nothing(pattern: str) -> None:
    """A pattern that matches nothing is a mistake, not an empty selection."""
    with pytest.raises(UnknownDatasetError):
        FOLDERS.select(["fan/*", pattern])


# --- names as people type them ----------------------------------------------------------------

COMPOSED, APART = "prüf/é.raw", "pru\u0308f/e\u0301.raw"  # one name: NFC, and NFD as a Mac has it


@pytest.mark.parametrize("registered", [COMPOSED, APART])
@pytest.mark.parametrize("typed", [COMPOSED, APART])
def test_accents_may_be_spelled_either_way(registered: str, typed: str) -> None:
    """NFC finds NFD and the other way round: by key, by basename and by glob."""
    registry = registry_of(registered, "a.raw")

    assert registry.find(typed).name == registered
    assert registry.find(typed.rpartition("/")[2]).name == registered
    for glob in (typed.replace("raw", "*"), f"*{typed[-6:]}", typed.rpartition("/")[0] + "/*"):
        assert [entry.name for entry in registry.select([glob])] == [registered]


def test_a_path_is_a_name() -> None:
    """Who has a Path gets the same as who has a text, on Windows too."""
    for path in (
        PurePosixPath("fan", "fan_const_rpm.raw"),
        PureWindowsPath("fan\\fan_const_rpm.raw"),
    ):
        assert FOLDERS.find(path).name == "fan/fan_const_rpm.raw"
        assert [entry.name for entry in FOLDERS.select(path)] == ["fan/fan_const_rpm.raw"]


@pytest.mark.parametrize("name", [7, None, b"fan.raw"])
def test_what_is_no_name(name: Any) -> None:
    """What is neither text nor path is told with a typed error."""
    with pytest.raises(UnknownDatasetError, match="not the name of a dataset"):
        FOLDERS.find(name)


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("CONST", "fan/fan_const_rpm.raw"),
        ("const", "fan/fan_const_rpm.raw"),
        ("two", "two/events.raw"),
        ("fan_const_rpm", "fan/fan_const_rpm.raw"),
    ],
)
def test_the_likeliest_name_comes_first(name: str, nearest: str) -> None:
    """A part of a name is answered with the name that it is of."""
    with pytest.raises(UnknownDatasetError) as caught:
        FOLDERS.find(name)

    assert caught.value.candidates[0] == nearest


def test_a_backslash_is_refused_with_its_line() -> None:
    """What a shell would swallow is told where it stands: quoted, unquoted, anywhere in a line."""
    for line in (
        "fan\\slow.raw unpinned {}",
        "'fan\\slow.raw' unpinned {}",
        'a.raw "unpin\\ned" {}',
    ):
        with pytest.raises(RegistryError, match="line 2: has a backslash") as caught:
            parse(f"# names\n{line.format(URL)}\n")
        assert caught.value.line == 2


@pytest.mark.parametrize(
    ("registered", "typed"),
    [
        ("fan/fan.raw", "FAN/FAN.RAW"),
        ("fan/fan.raw", "Fan.raw"),
        ("Fan/Fan.RAW", "fan/fan.raw"),
        ("stra\u00dfe/\u00fc.raw", "STRASSE/U\u0308.RAW"),
        ("stra\u00dfe/\u00fc.raw", "\u00dc.Raw"),
        ("fan/fan [1].raw", "FAN/Fan [1].raw"),
        ("fan/fan [1].raw", "fan [1].raw"),
        ("fan/fan.raw", "F*/FAN.*W"),
    ],
)
def test_a_name_is_found_in_any_case(registered: str, typed: str) -> None:
    """Names that are equal when case is folded are one name, whatever else is like it."""
    registry = registry_of("fan/fan.dat", "fan/fan2.dat", registered)
    assert [entry.name for entry in registry.select([typed])] == [registered]


def test_the_same_case_goes_first() -> None:
    """Who types a basename or a glob exactly gets that one; in a third case it is ambiguous."""
    registry = registry_of("one/Fan.raw", "two/fan.raw")
    assert registry.find("Fan.raw").name == "one/Fan.raw"
    assert [entry.name for entry in registry.select(["F*"])] == ["one/Fan.raw"]
    with pytest.raises(UnknownDatasetError, match="ambiguous") as caught:
        registry.find("FAN.raw")
    assert caught.value.candidates == ("one/Fan.raw", "two/fan.raw")


def test_link_in_place_of_a_name() -> None:
    """Whoever gives a link where a name is wanted is told what takes links."""
    with pytest.raises(UnknownDatasetError, match="evio-data fetch LINK"):
        parse(f"a.raw unpinned {URL}").find("https://drive.google.com/file/d/1/view")
