"""``registry.txt``: the file that ships, and the rules of a line and of the whole text."""

import re
import shlex
from pathlib import Path

import pooch
import pytest

from evio_data._drive import links
from evio_data._registry.parser import UNPINNED, columns, load, parse, shipped_path
from evio_data._registry.registry import Entry, fold
from evio_data.errors import RegistryError, UnknownDatasetError
from tests.registry.conftest import HASH, URL, refusal

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


def test_hundred_thousand_lines() -> None:
    """A registry of 100,000 lines opens, and finds its last entry by its basename."""
    lines = (f"s{i % 100}/recording_{i:06}.raw {HASH} {URL}#size={i}\n" for i in range(100_000))
    registry = parse("".join(lines).encode())

    assert registry.find("recording_099999.raw") == Entry(
        "s99/recording_099999.raw", HASH, URL, 99_999, 100_000
    )
