"""A registry's text, changed line by line, and put in place of the file in one step."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pooch
import pytest

from evio_data._registry.parser import shipped_path
from evio_data._registry.registry import Entry
from evio_data._registry_tools import editor
from evio_data._registry_tools.editor import RegistryEditor, line_of
from evio_data.errors import EvioDataError, RegistryError

HASH = "ab" * 32
BLANKS = "   "
FOLDER = "https://drive.google.com/drive/folders/18ORzE9_aHABYqOHzVdL0GANk_eIMaSuE"
TEXT = f"""\
# folder: {FOLDER}
# mirrors: https://a.org/m prefer

# the fans
fan/b.raw\tunpinned  https://a.org/b
# quoted
'fan/d e.raw' {HASH} https://a.org/d#size=3{BLANKS}

# the end
"""


def new(name: str) -> Entry:
    """Return an entry for a new line."""
    return Entry(name, None, "https://a.org/new", 7)


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder."""
    return sorted(path.name for path in folder.iterdir())


def changed(before: str, after: str) -> list[str]:
    """Return the lines that are new; all others must be there as they were, in their order."""
    old, lines = before.split("\n"), after.split("\n")
    fresh = [line for line in lines if line not in old]
    assert [line for line in lines if line in old] == [line for line in old if line in lines]
    return fresh


@pytest.mark.parametrize("text", ["", "\n", TEXT, TEXT.replace("\n", "\r\n"), "# only words\n"])
def test_untouched_text(text: str) -> None:
    """Read and written, a registry is what it was, byte for byte."""
    assert str(RegistryEditor(text)) == text


def test_shipped_registry() -> None:
    """The shipped registry is read and written as it is, and says which folder it is of."""
    text = Path(shipped_path()).read_text(encoding="utf-8")
    read = RegistryEditor(text)
    assert str(read) == text
    assert read.folder is not None
    assert read.folder.id == "18ORzE9_aHABYqOHzVdL0GANk_eIMaSuE"


def test_line_is_completed() -> None:
    """A line gets its hash and size, and keeps its blanks; every other line is as it was."""
    text = RegistryEditor(TEXT)
    done = text.complete(text.registry.entries["fan/b.raw"], known_hash=HASH, size=5)
    assert changed(TEXT, str(text)) == [f"fan/b.raw\t{HASH}  https://a.org/b#size=5"]
    assert text.registry.entries["fan/b.raw"] == done


def test_exact_size_replaces_the_documented_one() -> None:
    """A documented size stays until the exact one is known."""
    text = RegistryEditor("a unpinned https://a.org/a#about=7\n")
    text.complete(text.entries[0], known_hash=HASH, size=None)
    assert str(text) == f"a {HASH} https://a.org/a#about=7\n"
    done = text.complete(text.entries[0], known_hash=None, size=6)
    assert str(text) == f"a {HASH} https://a.org/a#size=6\n"
    assert text.entries == [done]


def test_what_is_known_is_never_changed() -> None:
    """A hash or a size that is there stays."""
    text = RegistryEditor(TEXT)
    text.complete(text.registry.entries["fan/d e.raw"], known_hash="cd" * 32, size=9)
    assert str(text) == TEXT


def test_line_with_quoted_columns_is_completed() -> None:
    """A line with quotes around its URL is written anew."""
    text = RegistryEditor("a 'unpinned' \"https://a.org/b\"\n")
    text.complete(text.registry.entries["a"], known_hash=None, size=5)
    assert str(text) == "a unpinned https://a.org/b#size=5\n"


def test_url_with_a_quote_is_quoted() -> None:
    """A line whose URL has a quote in it can still be read when it was completed."""
    text = RegistryEditor('a unpinned "https://a.org/it\'s"\n')
    text.complete(text.registry.entries["a"], known_hash=None, size=5)
    assert RegistryEditor(str(text)).entries[0][:4] == ("a", None, "https://a.org/it's", 5)


def test_new_lines_find_their_place() -> None:
    """In a sorted file each new line goes to its place, after its predecessor."""
    text = RegistryEditor(TEXT)
    text.insert([new("fan/z.raw"), new("a.raw"), new("fan/c.raw")])
    names = [entry.name for entry in text.entries]
    assert names == ["a.raw", "fan/b.raw", "fan/c.raw", "fan/d e.raw", "fan/z.raw"]
    assert len(changed(TEXT, str(text))) == 3
    assert "# quoted\n'fan/d e.raw'" in str(text)
    assert str(text).endswith("# the end\n")


def test_new_lines_of_an_unsorted_file() -> None:
    """In a file of another order they go to its end, sorted among themselves."""
    text = RegistryEditor("b unpinned https://a.org/b\na unpinned https://a.org/a\n# end\n")
    text.insert([new("d"), new("c")])
    assert [entry.name for entry in text.entries] == ["b", "a", "c", "d"]


def test_line_ends_are_kept() -> None:
    """A file with line ends of Windows gets no others."""
    text = RegistryEditor("b unpinned https://a.org/b\r\n")
    text.insert([new("a")])
    text.complete(text.registry.entries["b"], known_hash=None, size=1)
    text.remember_folder(FOLDER)
    assert str(text).count("\r\n") == str(text).count("\n") == 3


def test_folder_is_remembered() -> None:
    """The folder is a comment in the first line."""
    text = RegistryEditor("# words\n")
    assert text.folder is None
    text.remember_folder(FOLDER)
    assert str(text) == f"# folder: {FOLDER}\n# words\n"
    assert text.folder is not None


@pytest.mark.parametrize(
    "name", ["a b.raw", "it's.raw", 'say "x".raw', "#a.raw", "風.raw", "$HOME~`"]
)
def test_pooch_reads_the_lines(name: str, tmp_path: Path) -> None:
    """Plain pooch understands every line that is written."""
    path = tmp_path / "registry.txt"
    path.write_text(line_of(Entry(name, HASH, "https://a.org/b", 5)) + "\n", encoding="utf-8")
    pup = pooch.create(path=tmp_path, base_url="")
    pup.load_registry(path)
    assert (pup.registry[name], pup.urls[name]) == (HASH, "https://a.org/b#size=5")


def test_broken_registry() -> None:
    """A registry that breaks a rule is not edited; the line is told."""
    with pytest.raises(RegistryError, match="line 2"):
        RegistryEditor("# a\na b\n")


def test_missing_file_is_no_registry(tmp_path: Path) -> None:
    """A file that does not exist is told from an empty one."""
    assert editor.read(str(tmp_path / "no.txt")).text is None


@pytest.mark.parametrize("content", [b"\xff", b"a b\n"])
def test_unreadable_file(tmp_path: Path, content: bytes) -> None:
    """What is no registry is an error that names the file."""
    path = tmp_path / "registry.txt"
    path.write_bytes(content)
    with pytest.raises(RegistryError, match=r"registry\.txt"):
        editor.read(str(path))
    with pytest.raises(RegistryError, match="cannot read"):
        editor.read(str(tmp_path))


def test_byte_order_mark(tmp_path: Path) -> None:
    """An editor's byte order mark is no part of the first line."""
    path = tmp_path / "registry.txt"
    path.write_bytes(b"\xef\xbb\xbf# folder: " + FOLDER.encode() + b"\n")
    text = editor.read(str(path)).text
    assert text is not None
    assert text.folder is not None


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_modes_follow_the_umask(tmp_path: Path) -> None:
    """A written file has the modes that the umask says, and nothing is left beside it."""
    path = tmp_path / "registry.txt"
    before = os.umask(0o002)
    try:
        editor.write(str(path), TEXT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o664
    assert path.read_text(encoding="utf-8") == TEXT
    assert names_in(tmp_path) == ["registry.txt"]


def test_link_stays_a_link(tmp_path: Path) -> None:
    """Behind a symbolic link, the file that it leads to is replaced."""
    (tmp_path / "real.txt").write_text("# old\n")
    link = tmp_path / "registry.txt"
    link.symlink_to("real.txt")
    editor.write(str(link), TEXT)
    assert link.is_symlink()
    assert (tmp_path / "real.txt").read_text() == TEXT


def test_file_that_cannot_be_written(tmp_path: Path) -> None:
    """If the file cannot be written, that is told, and what was there is there."""
    folder = tmp_path / "registry.txt"
    folder.mkdir()
    (folder / "kept").touch()
    with pytest.raises(EvioDataError, match="cannot write"):
        editor.write(str(folder), TEXT)
    assert names_in(tmp_path) == ["registry.txt"]
    assert names_in(folder) == ["kept"]
