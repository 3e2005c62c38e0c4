"""Whatever a registry holds, its names stay inside the cache, and come out as they went in."""

from __future__ import annotations

import os

from hypothesis import example, given
from hypothesis import strategies as st

from evio_data._cache.files import Cache
from evio_data._registry.names import check_name
from evio_data._registry.parser import parse
from evio_data._registry.registry import Entry, RegistryIndex
from evio_data._registry_tools.editor import RegistryEditor, line_of
from evio_data.errors import RegistryError, UnknownDatasetError

ROOT = os.path.abspath(os.sep + "cache")  # noqa: PTH100
PARTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["..", ".", "", "~", "con", "NUL.txt", "C:", "a b", "'", '"', "é", "\u202e"]),
)
NAMES = st.lists(PARTS, min_size=1, max_size=5).map("/".join)
HASHES = st.one_of(st.just("unpinned"), st.just("ab" * 32), st.text(max_size=10))
URLS = st.one_of(
    st.sampled_from(
        [
            "https://a.org/1",
            "https://a.org/1#size=5",
            "https://a.org/1#size=05&x",
            "https://me@a.org/1",
            "https://a.org\\1",
            "https://drive.google.com/drive/folders/1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq",
            "file:///etc",
            "https://a.org/'",
            "ftp://a",
        ]
    ),
    st.text(max_size=20),
)
LINES = st.one_of(
    st.builds("{} {} {}".format, NAMES, HASHES, URLS),
    st.builds(
        "{} unpinned {}".format,
        st.one_of(
            st.sampled_from(["a", "A", "\u00e9", "e\u0301", "a/b"]),
            st.integers(1, 1200).map("x".__mul__),
        ),
        URLS,
    ),
    st.text(max_size=40),
    st.sampled_from(["# mirrors: https://a.org prefer", "# mirrors: nope", "#", "\ufeff", "'"]),
)


@given(text=st.lists(LINES, max_size=6).map("\n".join))
def test_every_text_is_a_registry_or_an_error(text: str) -> None:
    """Any text is a registry whose files all lie inside the cache, or an error with its line."""
    try:
        registry = parse(text)
    except RegistryError as error:
        assert error.line is not None
        assert str(error).isprintable()
        return
    for entry in registry.entries.values():
        cached_file = Cache(ROOT).cached_file(entry.name)
        for path in (
            cached_file.final,
            os.fspath(cached_file.state),
            os.fspath(cached_file.damaged),
        ):
            assert os.path.normpath(path) == path
            assert path.startswith(ROOT + os.sep)


@given(data=st.binary(max_size=80))
def test_all_bytes_are_a_registry_or_an_error(data: bytes) -> None:
    """Any bytes are a registry, or an error with its line."""
    try:
        parse(data)
    except RegistryError as error:
        assert error.line is not None


@given(name=NAMES, known=st.sampled_from([None, "ab" * 32]), size=st.none() | st.integers(0, 99))
@example("it's a 'name'.raw", None, 5)
@example("fan\u2003speed.raw", None, None)
def test_an_entry_survives_its_line(name: str, known: str | None, size: int | None) -> None:
    """An entry with a good name, written as a line, is read as itself."""
    try:
        check_name(name)
    except RegistryError:
        return
    entry = Entry(name, known, "https://a.org/1?a=b&c=d", size, line=1)
    assert list(parse(line_of(entry) + "\n").entries.values()) == [entry]


@given(text=st.lists(LINES, max_size=6).map("".join).map(lambda text: text + "\n"))
def test_what_is_not_changed_stays(text: str) -> None:
    """A registry's text that nobody changes is written as it was read."""
    try:
        assert str(RegistryEditor(text)) == text
    except RegistryError:
        return


@given(
    pattern=st.one_of(
        st.text(max_size=20), st.text("*?[]!-^a\\/.", max_size=30), st.just("*" * 60)
    ),
    names=st.lists(st.text("ab./-", min_size=1, max_size=12), max_size=6),
)
def test_every_pattern_selects_or_is_unknown(pattern: str, names: list[str]) -> None:
    """Any pattern means some of the names, or is an error that says so in a printable line."""
    registry = RegistryIndex({name: Entry(name, None, "https://a.org/1") for name in names})
    try:
        selected = registry.select([pattern])
    except UnknownDatasetError as error:
        assert str(error).isprintable()
        return
    assert {entry.name for entry in selected} <= set(names)


@given(name=st.text(max_size=30))
def test_a_message_shows_any_name_safely(name: str) -> None:
    """A name that is refused, or not found, never puts control characters on a terminal."""
    try:
        check_name(name)
        RegistryIndex({}).find(name)
    except (RegistryError, UnknownDatasetError) as error:
        assert str(error).isprintable()
