"""Registry keys made of Drive's names: safe, unique, and still legible."""

from __future__ import annotations

import random
from urllib.parse import unquote

import pytest

from evio_data._registry.names import check_name
from evio_data._registry.parser import parse
from evio_data._registry.registry import Entry, fold
from evio_data._registry_tools.editor import line_of
from evio_data._registry_tools.keys import Keys, safe_key
from evio_data.errors import RegistryError


@pytest.mark.parametrize(
    ("path", "key"),
    [
        (["a.raw"], "a.raw"),
        (["fan 1", "ü 風.raw"], "fan 1/ü 風.raw"),
        (["100%.raw"], "100%.raw"),
        (["a/b.raw"], "a%2Fb.raw"),
        (["c:\\x?.raw"], "c%3A%5Cx%3F.raw"),
        (["50%:x"], "50%25%3Ax"),
        ([".."], ".%2E"),
        (["."], "%2E"),
        (["end."], "end%2E"),
        ([" a "], "%20a%20"),
        (["con.dat"], "%63on.dat"),
        (["x", "NUL"], "x/%4EUL"),
        (["a\nb\x1b\u202e"], "a%0Ab%1B%E2%80%AE"),
        ([".evio-data", "a"], "%2Eevio-data/a"),
        (["CACHEDIR.TAG"], "%43ACHEDIR.TAG"),
        (["sub", "CACHEDIR.TAG"], "sub/CACHEDIR.TAG"),
        (["#a.raw"], "#a.raw"),
    ],
)
def test_unsafe_names(path: list[str], key: str) -> None:
    """What a key must not hold is percent-encoded, and everything else stays."""
    assert safe_key(path) == key
    assert unquote(key) == "/".join(path)


@pytest.mark.parametrize("path", [[""], ["a", ""], ["x" * 201], ["y" * 200] * 6])
def test_names_that_cannot_be_made_safe(path: list[str]) -> None:
    """An empty or an overlong name is refused; to cut it would make it another one."""
    with pytest.raises(RegistryError, match=f"name '{path[0][:50]}"):
        safe_key(path)


def test_any_name_is_safe_or_refused() -> None:
    """Of any name comes a key that a registry takes, and reads back, or a refusal."""
    chance = random.Random(3)
    letters = "ab./\\:*?\"'<>|% \t\n\0\x7f#~$`é\u0301İ\u200b\ud800\U0001f600"
    for _ in range(3000):
        path = ["".join(chance.choices(letters, k=chance.randrange(9))) for _ in range(3)]
        try:
            key = safe_key(path)
        except RegistryError:
            continue
        check_name(key)
        assert key in parse(line_of(Entry(key, None, "https://a.org/1"))).entries


def test_second_file_of_a_name_gets_a_folder() -> None:
    """Files that share a name, or differ in case or accents only, are told apart by a folder."""
    keys = Keys([])
    wanted = ["f/events.raw", "f/events.raw", "f/Events.raw", "f/events.dat", "f/events.dat"]
    assert [keys.take(key) for key in wanted] == [
        "f/events.raw",
        "f/events-2/events.raw",
        "f/Events-3/Events.raw",
        "f/events.dat",
        "f/events-2/events.dat",
    ]


def test_any_number_of_files_may_share_a_name() -> None:
    """However many files have one name, each gets a key."""
    keys = Keys([])
    assert len({keys.take("f/events.raw") for _ in range(2000)}) == 2000


def test_file_named_as_a_folder() -> None:
    """A file gives way to a folder of its name, whichever is met first."""
    keys = Keys([], folders=["fan", "fan/a.raw"])
    assert keys.take("fan") == "fan-2/fan"
    assert keys.take("fan/a.raw") == "fan/a.raw"


def test_folder_named_as_a_registered_file() -> None:
    """Below a file that is registered nothing can be."""
    with pytest.raises(RegistryError):
        Keys(["fan"]).take("fan/a.raw")


def test_random_trees_make_registries() -> None:
    """Whatever names a folder holds, the keys together are a registry."""
    chance = random.Random(5)
    for _ in range(200):
        wanted = ["/".join(chance.choices("aAb", k=chance.randrange(1, 4))) for _ in range(12)]
        keys = Keys([], folders=wanted)
        made = [keys.take(key) for key in sorted(wanted)]
        assert len({fold(key) for key in made}) == len(made)
        parse("\n".join(line_of(Entry(key, None, "https://a.org/1")) for key in made))
