"""A registry and a survey of its folder: what differs, and what a rebuilding may change."""

from __future__ import annotations

import pytest

from evio_data._drive.links import FileLink
from evio_data._registry_tools.editor import RegistryEditor
from evio_data._registry_tools.folder_scan import LiveFile, Survey
from evio_data._registry_tools.folder_tree import LeftOut
from evio_data._registry_tools.rebuild import compare, rebuild
from evio_data.errors import RegistryError

FOLDER = FileLink("18ORzE9_aHABYqOHzVdL0GANk_eIMaSuE")
ONE, TWO, THREE = (f"1{number}".ljust(33, "x") for number in "abc")
HASH, OTHER = "ab" * 32, "cd" * 32


def url(file_id: str) -> str:
    """Return the address of a file."""
    return f"https://drive.google.com/uc?export=download&id={file_id}"


def live(*files: LiveFile, left_out: list[LeftOut] | None = None) -> Survey:
    """Return a survey."""
    return Survey(FOLDER, list(files), left_out or [], 1)


def at(file_id: str, path: str, size: int | None = None, sha256: str | None = None) -> LiveFile:
    """Return a file of the folder."""
    unsized = "" if size is not None else "quota."
    return LiveFile(
        tuple(path.split("/")), FileLink(file_id), size, (sha256,) if sha256 else (), unsized
    )


def test_new_registry() -> None:
    """A first build registers every file, sorted, with the folder in a comment."""
    text, comparison, filled = rebuild(None, live(at(TWO, "fan/b.raw", 5), at(ONE, "a b.raw")))
    assert text.folder == FOLDER
    lines = [line for line in str(text).splitlines() if not line.startswith("#")]
    assert lines == [f"'a b.raw' unpinned {url(ONE)}", f"fan/b.raw unpinned {url(TWO)}#size=5"]
    assert (len(comparison.added), comparison.faulty, filled) == (2, False, [])


def test_second_build_changes_nothing() -> None:
    """The same folder once more gives the same text."""
    files = [at(ONE, "a:b", 5), at(TWO, "a:b", 6), at(THREE, "A:b", 7, HASH)]
    first = str(rebuild(None, live(*files)).text)
    again = rebuild(RegistryEditor(first), live(*reversed(files)))
    assert str(again.text) == first
    assert not again.comparison.drifted


def test_names_and_comments_are_kept() -> None:
    """Files are matched by id: a name of one's own, comments, order and hashes stay."""
    old = (
        "# mirrors: https://a.org\n# mine\n"
        f"z/own-name.raw {HASH} {url(TWO)}\n# why\nb {HASH} https://plain.org/b\n"
    )
    text, comparison, _ = rebuild(
        RegistryEditor(old), live(at(TWO, "x.raw", 5), at(ONE, "a.raw", 1))
    )
    kept = str(text).splitlines()
    assert kept[1:6] == old.splitlines()
    assert kept[6] == f"a.raw unpinned {url(ONE)}#size=1"
    assert not comparison.removed


def test_unknown_is_filled_in() -> None:
    """What was unknown of an unpinned file is filled in, and that is told."""
    text, _, filled = rebuild(
        RegistryEditor(f"a unpinned {url(ONE)}\n"), live(at(ONE, "a", 5, HASH))
    )
    assert f"a {HASH} {url(ONE)}#size=5" in str(text)
    assert [entry.name for entry in filled] == ["a"]


def test_size_beside_a_hash_must_be_sure() -> None:
    """Beside a hash a size is written only if the API says that it belongs to this hash."""
    old = f"# folder: https://drive.google.com/drive/folders/{FOLDER.id}\na {HASH} {url(ONE)}\n"
    unsure = rebuild(RegistryEditor(old), live(at(ONE, "a", 5)))
    assert str(unsure.text) == old
    sure = rebuild(RegistryEditor(old), live(at(ONE, "a", 5, HASH)))
    assert str(sure.text) == old.replace(url(ONE), url(ONE) + "#size=5")


@pytest.mark.parametrize(
    ("line", "file", "change"),
    [
        (f"a unpinned {url(ONE)}#size=5\n", at(ONE, "a", 6, HASH), ("a", "size", "5", "6")),
        (f"a {HASH} {url(ONE)}#size=5\n", at(ONE, "a", 6), ("a", "size", "5", "6")),
        (f"a {HASH} {url(ONE)}#size=5\n", at(ONE, "a", 5, OTHER), ("a", "sha256", HASH, OTHER)),
        (f"a {HASH} {url(ONE)}\n", at(ONE, "a", 5, OTHER), ("a", "sha256", HASH, OTHER)),
    ],
)
def test_changed_bytes_are_never_registered(
    line: str, file: LiveFile, change: tuple[str, ...]
) -> None:
    """Other bytes under the same id are told, and the line stays as it was."""
    old = f"# folder: https://drive.google.com/drive/folders/{FOLDER.id}\n{line}"
    text, comparison, filled = rebuild(RegistryEditor(old), live(file))
    assert comparison.changed == [change]
    assert (comparison.drifted, comparison.faulty) == (True, True)
    assert (str(text), filled) == (old, [])


def test_removed_files_keep_their_lines() -> None:
    """A file that is gone is told; its line, and lines of other places, stay."""
    old = f"a {HASH} {url(ONE)}\nb {HASH} https://plain.org/b\n"
    text, comparison, _ = rebuild(RegistryEditor(old), live(at(TWO, "c", 1)))
    assert [entry.name for entry in comparison.removed] == ["a"]
    assert old in str(text)


def test_refused_file_is_not_removed() -> None:
    """A registered file that Drive lists and does not give is told as such."""
    refused = LeftOut("x/a", "denied.", ONE)
    comparison = compare(RegistryEditor(f"a {HASH} {url(ONE)}\n"), live(left_out=[refused]))
    assert comparison.unreachable == [("a", "denied.")]
    assert not comparison.removed
    assert comparison.drifted


def test_left_out_is_no_drift() -> None:
    """What cannot be registered is named, and is not missed; a folder not seen is a fault."""
    document = LeftOut("notes", "a document.", TWO)
    text = RegistryEditor(f"a {HASH} {url(ONE)}\n")
    assert not compare(text, live(at(ONE, "a", 1), left_out=[document])).drifted
    hidden = LeftOut("sub", "private.", THREE, failed=True)
    assert compare(text, live(at(ONE, "a", 1), left_out=[hidden])).drifted


def test_unknown_size_is_no_drift() -> None:
    """A size that Drive does not say now is told, and changes nothing."""
    text = RegistryEditor(f"a {HASH} {url(ONE)}#size=5\n")
    comparison = compare(text, live(at(ONE, "x/a"), at(TWO, "b")))
    assert comparison.unsized == [("a", "quota."), ("b", "quota.")]
    assert not comparison.changed


def test_renamed_files_are_told() -> None:
    """New names that are not Drive's own are told, with the reason."""
    comparison = compare(
        RegistryEditor(""), live(at(ONE, "a", 1), at(TWO, "a", 1), at(THREE, "b?"))
    )
    assert comparison.renamed == [("a-2/a", "a", "duplicate"), ("b%3F", "b?", "unsafe")]


def test_name_that_cannot_be() -> None:
    """A file whose name cannot be made safe is left out and named."""
    comparison = compare(RegistryEditor(""), live(at(ONE, "x" * 250, 1)))
    assert (comparison.added, comparison.total) == ([], 0)
    assert "200 bytes" in comparison.left_out[0].why


def test_another_folder() -> None:
    """A registry of one folder does not take in another one."""
    old = RegistryEditor(f"# folder: https://drive.google.com/drive/folders/{ONE}\n")
    with pytest.raises(RegistryError, match="another folder"):
        rebuild(old, live(at(TWO, "a", 1)))


def test_two_names_of_one_file() -> None:
    """Two lines with one id are both compared."""
    text = RegistryEditor(f"a {HASH} {url(ONE)}#size=5\nb {HASH} {url(ONE)}#size=5\n")
    assert [change.name for change in compare(text, live(at(ONE, "x", 6))).changed] == ["a", "b"]
