"""``registry.txt``: the file that ships, the rules of a line, and how names find entries."""

import re
import shlex
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

import pooch
import pytest

from evio_data._drive import links
from evio_data._registry.parser import UNPINNED, columns, load, parse, shipped_path
from evio_data._registry.registry import Entry, RegistryIndex, fold
from evio_data.errors import RegistryError, UnknownDatasetError

HASH = "0123456789abcdef" * 4
URL = "https://drive.google.com/uc?export=download&id=1vB1cOZlO4MQ7c503-UU109mMbClsf5Lq"


def registry_of(*names: str) -> RegistryIndex:
    """Return a registry with these names."""
    return parse("".join(f"'{name}' {HASH} {URL}\n" for name in names))


def refusal(data: bytes | str) -> RegistryError:
    """Return the error that a registry text is refused with."""
    with pytest.raises(RegistryError) as caught:
        parse(data)
    return caught.value


# --- the file that ships ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def shipped() -> list[Entry]:
    """The entries of the registry that comes with the package."""
    return list(load(shipped_path()).entries.values())


def test_shipped_registry_has_the_challenge_folder(shipped: list[Entry]) -> None:
    """Fourteen recordings, seven of each format, in the order of their names."""
    names = [entry.name for entry in shipped]

    assert len(names) == 14
    assert sum(name.endswith(".raw") for name in names) == 7
    assert sum(name.endswith(".dat") for name in names) == 7
    assert names == sorted(names)


def test_shipped_ids_are_drive_s(shipped: list[Entry]) -> None:
    """Each URL leads to one Drive file, and no two to the same one."""
    found = [links.file_link(entry.url) for entry in shipped]
    ids = [link.id for link in found if link is not None]

    assert all(re.fullmatch(r"1[A-Za-z0-9_-]{32}", one) for one in ids)
    assert len(set(ids)) == 14


def test_shipped_entries_are_unpinned(shipped: list[Entry]) -> None:
    """Nobody has published hashes or sizes of these files, and none are made up."""
    assert {(entry.hash, entry.size) for entry in shipped} == {(None, None)}


def test_shipped_names_say_more_than_drive_s(shipped: list[Entry]) -> None:
    """Drive has two ``events.raw`` and two ``events.dat``; each has its own key here."""
    basenames = [entry.basename for entry in shipped]

    assert (basenames.count("events.raw"), basenames.count("events.dat")) == (2, 2)
    assert len({fold(entry.name) for entry in shipped}) == 14


def test_plain_pooch_loads_the_shipped_registry(tmp_path: Path, shipped: list[Entry]) -> None:
    """The three columns are pooch's own: its loader finds the same names, and URLs with sizes."""
    pup = pooch.create(path=tmp_path, base_url="", registry=None)
    pup.load_registry(shipped_path())

    found = {name: url.partition("#")[0] for name, url in pup.urls.items()}
    assert found == {entry.name: entry.url for entry in shipped}
    assert set(pup.registry.values()) == {UNPINNED}


# --- a line ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "entry"),
    [
        (f"a.raw {HASH} {URL}", Entry("a.raw", HASH, URL, None, 1)),
        (f"a.raw {HASH.upper()} {URL}", Entry("a.raw", HASH, URL, None, 1)),
        (f"a.raw unpinned {URL}", Entry("a.raw", None, URL, None, 1)),
        (f"a.raw UNPINNED {URL}", Entry("a.raw", None, URL, None, 1)),
        (f"a.raw {HASH} {URL}#size=0", Entry("a.raw", HASH, URL, 0, 1)),
        (f"a.raw {HASH} {URL}#size=1487000000", Entry("a.raw", HASH, URL, 1_487_000_000, 1)),
        (f"a.raw {HASH} {URL}#about=7", Entry("a.raw", HASH, URL, None, 1, about=7)),
        (f"a.raw {HASH} http://lab/a.raw", Entry("a.raw", HASH, "http://lab/a.raw", None, 1)),
        (f"a.raw {HASH} HTTPS://lab/a.raw", Entry("a.raw", HASH, "HTTPS://lab/a.raw", None, 1)),
        (f" \ta.raw\t{HASH}  {URL} \r", Entry("a.raw", HASH, URL, None, 1)),
        (f"'two words.raw' {HASH} {URL}", Entry("two words.raw", HASH, URL, None, 1)),
        (f'"it\'s.raw" {HASH} {URL}', Entry("it's.raw", HASH, URL, None, 1)),
        (f"Größe/幅.raw {HASH} {URL}", Entry("Größe/幅.raw", HASH, URL, None, 1)),
        (f"'a b'/Ö.raw {HASH} {URL}", Entry("a b/Ö.raw", HASH, URL, None, 1)),
        (f".hidden {HASH} {URL}", Entry(".hidden", HASH, URL, None, 1)),
        (f"a#b.raw {HASH} {URL}", Entry("a#b.raw", HASH, URL, None, 1)),
        (f"{'p' * 200} {HASH} {URL}", Entry("p" * 200, HASH, URL, None, 1)),
    ],
)
def test_line(line: str, entry: Entry, tmp_path: Path) -> None:
    """A line is name, SHA-256 or ``unpinned``, URL; pooch reads the same name and hash."""
    assert parse(line).entries == {entry.name: entry}

    (tmp_path / "registry.txt").write_text(line, encoding="utf-8", newline="")
    pup = pooch.create(path=tmp_path, base_url="", registry=None)
    pup.load_registry(str(tmp_path / "registry.txt"))
    assert pup.registry == {entry.name: entry.hash or UNPINNED}


@pytest.mark.parametrize(
    "line",
    [
        "a b c",
        " a\tb  c \r",
        "'a b' c",
        '"a b" c',
        "'a' 'b' \"c\"",
        "'' b",
        "a'b c'd",
        "'a'b",
        "'a''b'",
        '"it\'s" \'so "so"\'',
        "a\u00a0b '\u3000' c\x0bd",
        "'\u00f6 \u5e45'",
        "' a ' c",
        "a # 'b'",
        "",
        "''",
    ],
)
def test_columns_are_shell_words(line: str) -> None:
    """A line is split as pooch splits it: as a shell does."""
    assert columns(line) == shlex.split(line)


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("a.raw", "has 1 columns"),
        (f"a.raw {HASH}", "has 2 columns"),
        (f"a.raw {HASH} {URL} more", "has 4 columns"),
        (f"a.raw {HASH} {URL} # remark", "has 5 columns"),
        (f"a b.raw {HASH} {URL}", "has 4 columns"),
        (f"a.raw\x0b{HASH}\x0c{URL}", "has 1 columns"),
        (f"'a.raw {HASH} {URL}", "broken quotation"),
        (f"a.raw {HASH[:-1]} {URL}", "neither 64 hex digits"),
        (f"a.raw {HASH}0 {URL}", "neither 64 hex digits"),
        (f"a.raw {'g' * 64} {URL}", "neither 64 hex digits"),
        (f"a.raw sha256:{HASH[:-1]} {URL}", "neither 64 hex digits"),
        (f"a.raw md5:{HASH} {URL}", "neither 64 hex digits"),
        (f"a.raw md6:{HASH[:32]} {URL}", "neither 64 hex digits"),
        (f"a.raw None {URL}", "neither 64 hex digits"),
        (f"a.raw {HASH} ftp://lab/a.raw", "not an https: or http: URL"),
        (f"a.raw {HASH} file:///etc/passwd", "not an https: or http: URL"),
        (f"a.raw {HASH} doi:10.5281/zenodo.1/a", "a DOI is for `evio-data fetch`"),
        (f"a.raw {HASH} https:///a.raw", "not an https: or http: URL"),
        (f"a.raw {HASH} lab/a.raw", "not an https: or http: URL"),
        (f"a.raw {HASH} '{URL} x'", "not an https: or http: URL"),
        (f"a.raw {HASH} '{URL}\u202e'", "not an https: or http: URL"),
        (f"a.raw {HASH} 'https://drive.google.com\\@evil.example/'", "has a backslash"),
        (f"two\\ words.raw {HASH} {URL}", "has a backslash"),
        (f"fan\\slow.raw {HASH} {URL}", "has a backslash"),
        (f"'fan\\slow.raw' {HASH} {URL}", "has a backslash"),
        (f'"fan\\slow.raw" {HASH} {URL}', "has a backslash"),
        (f"a.raw {HASH} https://drive.google.com@evil.example/", "before its host"),
        (f"a.raw {HASH} https://drive.google.com/drive/folders/{'x' * 33}", "registry build"),
        (f"a.raw {HASH} https://drive.google.com/embeddedfolderview?id=1", "registry build"),
        (f"a.raw {HASH} {URL}#size=", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#size=-1", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#size=1e9", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#size=1&x=2", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#size={'9' * 5000}", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#SIZE=1", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#part", "is not #size=BYTES"),
        (f"a.raw {HASH} {URL}#about=~7", "is not #size=BYTES or #about=BYTES"),
        (f"a.raw {HASH} {URL}#about=1#size=2", "is not #size=BYTES"),
    ],
)
def test_broken_line(line: str, what: str) -> None:
    """A line that breaks a rule is refused with its number and the rule, in a bounded message."""
    error = refusal(f"# a comment\n\nfine.raw {HASH} {URL}\n{line}\nlast.raw {HASH} {URL}\n")

    assert error.line == 4
    assert "line 4" in str(error)
    assert what in str(error)
    assert len(str(error)) < 400


# --- names -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("/etc/passwd", "absolute path"),
        ("//server/share", "absolute path"),
        ("..", "'.' or '..'"),
        ("../up.raw", "'.' or '..'"),
        ("a/../../up.raw", "'.' or '..'"),
        ("./a.raw", "'.' or '..'"),
        ("a//b.raw", "empty part"),
        ("a/", "empty part"),
        ("a\\b.raw", "backslash"),
        ("..\\up.raw", "backslash"),
        ("C:a.raw", "colon"),
        ("c:/a.raw", "colon"),
        ("a.raw:stream", "colon"),
        ("bell\x07.raw", "control characters"),
        ("esc\x1b[31m.raw", "control characters"),
        ("nul\x00.raw", "control characters"),
        ("next\x85line.raw", "control characters"),
        ("safe\u202egnp.raw", "control characters"),
        ("zero\u200bwidth.raw", "control characters"),
        ("", "empty"),
        ("CON", "reserved on Windows"),
        ("con", "reserved on Windows"),
        ("nul.txt", "reserved on Windows"),
        ("a/Aux.raw", "reserved on Windows"),
        ("aux/a.raw", "reserved on Windows"),
        ("com1.tar.gz", "reserved on Windows"),
        ("LPT\u00b9", "reserved on Windows"),
        ("conout$", "reserved on Windows"),
        (".evio-data", "reserved: the cache"),
        (".evio-data/stamp", "reserved: the cache"),
        (".EVIO-Data/x", "reserved: the cache"),
        ("CACHEDIR.TAG", "reserved: the cache"),
        ("cachedir.tag", "reserved: the cache"),
        ("CacheDir.Tag/a.raw", "reserved: the cache"),
        ("trailing.", "not portable"),
        ("trailing /a.raw", "not portable"),
        (" leading.raw", "not portable"),
        ("what?.raw", "not portable"),
        ("pipe|.raw", "not portable"),
        ("p" * 201, "longer than 200 bytes"),
        ("\u5e45" * 67, "longer than 200 bytes"),
        ("/".join(["p" * 100] * 11), "longer than 1000 bytes"),
    ],
)
def test_name_that_is_refused(name: str, what: str) -> None:
    """A key is a relative POSIX path that every system can store, outside the cache's own names."""
    error = refusal(f'"{name}" {HASH} {URL}'.replace("\\", "\\\\"))

    assert what in str(error)
    assert error.line == 1
    assert str(error).isprintable()


@pytest.mark.parametrize(
    "name",
    [
        "console.raw",
        "null/aux1.raw",
        "com10",
        "a/CACHEDIR.TAG",
        "cachedir.tag.raw",
        "a/.evio-data",
        ".evio-data2",
        "..a",
        "a..b/...c",
        "~root",
        "$HOME",
        "-rf",
        "a,b=c@d+e.raw",
    ],
)
def test_name_that_only_looks_refused(name: str) -> None:
    """Nothing more is refused than the rules say."""
    assert list(registry_of(name).entries) == [name]


@pytest.mark.parametrize(
    ("first", "second", "what"),
    [
        ("a.raw", "a.raw", "registered twice"),
        ("a.raw", "A.RAW", "differ only in case"),
        ("Fan/a.raw", "fan/a.raw", "differ only in case"),
        ("stra\u00dfe.raw", "STRASSE.raw", "differ only in case"),
        ("caf\u00e9.raw", "cafe\u0301.raw", "differ only in case or accents"),
        ("CAF\u00c9.raw", "cafe\u0301.raw", "differ only in case or accents"),
    ],
)
def test_names_that_one_file_system_takes_for_one(first: str, second: str, what: str) -> None:
    """Two names that some disk cannot tell apart are refused at the second one's line."""
    error = refusal(f"{first} {HASH} {URL}\n# between\n{second} {HASH} {URL}\n")

    assert error.line == 3
    assert what in str(error)


@pytest.mark.parametrize("names", [("fan", "fan/a.raw"), ("x/y/z", "x/y"), ("Fan/a", "fan")])
def test_file_and_folder_at_once(names: tuple[str, str]) -> None:
    """No key can be a folder of another key; the file's line is told."""
    lines = [f"{name} {HASH} {URL}" for name in names]
    error = refusal("\n".join(lines))

    assert "a file and a folder at once" in str(error)
    assert error.line == 1 + names.index(min(names, key=len))


# --- the text --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        f"a.raw {HASH} {URL}\nb.raw {HASH} {URL}\n".encode(),
        f"a.raw {HASH} {URL}\nb.raw {HASH} {URL}".encode(),
        f"a.raw {HASH} {URL}\r\nb.raw {HASH} {URL}\r\n".encode(),
        f"\ufeffa.raw {HASH} {URL}\nb.raw {HASH} {URL}\n".encode(),
        f"# c\n\n  # d\n\t\na.raw {HASH} {URL}\n#b\nb.raw {HASH} {URL}".encode(),
    ],
    ids=["plain", "no-newline-at-end", "crlf", "bom", "comments-and-blanks"],
)
def test_text(data: bytes) -> None:
    """Line ends of any system, a byte-order mark, comments and blank lines make no difference."""
    assert list(parse(data).entries) == ["a.raw", "b.raw"]


@pytest.mark.parametrize("bad", [b"\xff", b"caf\xe9", b"\xed\xa0\x80", "a".encode("utf-16")])
def test_not_utf8(bad: bytes) -> None:
    """Bytes that are not UTF-8 are refused with their line."""
    error = refusal(f"a.raw {HASH} {URL}\n".encode() * 2 + b"# " + bad + b"\n")

    assert error.line == 3
    assert "line 3: is not UTF-8" in str(error)


def test_empty_registry() -> None:
    """A registry without entries is one, and a name is then unknown."""
    registry = parse("# nothing yet\n")

    assert registry.select() == []
    with pytest.raises(UnknownDatasetError):
        registry.find("a.raw")


@pytest.mark.parametrize(
    ("comment", "mirrors", "prefer"),
    [
        ("# mirrors: https://a/x http://b", ("https://a/x", "http://b"), False),
        ("#mirrors: https://a prefer", ("https://a",), True),
        ("# mirrors: fallback https://a", ("https://a",), False),
        ("# mirrors:", (), False),
        ("# about mirrors: see the wiki", (), False),
    ],
)
def test_mirrors(comment: str, mirrors: tuple[str, ...], prefer: bool) -> None:
    """A comment may name base URLs that have the same files."""
    registry = parse(f"{comment}\na.raw {HASH} {URL}\n")

    assert (registry.mirrors, registry.prefer_mirrors) == (mirrors, prefer)


@pytest.mark.parametrize(
    "base", ["ftp://a", "file:///data", "lab.example", "https:///x", "https://me:pw@lab.example"]
)
def test_mirror_that_is_no_url(base: str) -> None:
    """A mirror that could never answer is refused with its line."""
    assert refusal(f"\n# mirrors: https://a {base}\n").line == 2


# --- the file on disk ------------------------------------------------------------------------


def test_load(tmp_path: Path) -> None:
    """An error of a file on disk says which file and which line."""
    path = tmp_path / "registry.txt"
    path.write_text(f"a.raw {HASH} {URL}\nb.raw\n", encoding="utf-8")

    with pytest.raises(RegistryError, match=re.escape(f"{path}, line 2")):
        load(path)


def test_load_again_only_if_changed(tmp_path: Path) -> None:
    """The same file is parsed once; another content is seen."""
    path = tmp_path / "registry.txt"
    path.write_text(f"a.raw {HASH} {URL}\n", encoding="utf-8")
    first, second = load(path), load(str(path))
    path.write_text(f"longer-name.raw {HASH} {URL}\n", encoding="utf-8")

    assert first is second
    assert list(load(path).entries) == ["longer-name.raw"]


@pytest.mark.parametrize("kind", ["missing", "folder", "below-a-file", "nul"])
def test_file_that_cannot_be_read(tmp_path: Path, kind: str) -> None:
    """A registry that cannot be read is a registry error, and says what to check."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    path = {"missing": "none", "folder": "folder", "below-a-file": "file/x", "nul": "a\0b"}[kind]

    with pytest.raises(RegistryError, match="cannot read the registry") as caught:
        load(tmp_path / path)
    assert "EVIO_DATA_REGISTRY" in caught.value.advice


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


def test_hundred_thousand_lines() -> None:
    """A registry of 100,000 lines opens, and finds its last entry by its basename."""
    lines = (f"s{i % 100}/recording_{i:06}.raw {HASH} {URL}#size={i}\n" for i in range(100_000))
    registry = parse("".join(lines).encode())

    assert registry.find("recording_099999.raw") == Entry(
        "s99/recording_099999.raw", HASH, URL, 99_999, 100_000
    )


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
