"""The walk below a folder: each folder once, and an end to everything."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from evio_data._drive.folders import Item, empty
from evio_data._drive.links import FileLink
from evio_data._registry_tools import folder_tree
from evio_data.errors import (
    AccessDeniedError,
    DownloadError,
    DriveRefusedError,
    EvioDataError,
    NotFoundError,
)

ROOT = FileLink("root")


def file(name: str) -> Item:
    """Return a file."""
    return Item(name, "file", FileLink(name))


def folder(name: str, link: str | None = None) -> Item:
    """Return a folder."""
    return Item(name, "folder", FileLink(link or name))


class Folders:
    """What each folder lists; counts who was asked for."""

    def __init__(self, **listed: list[Item] | EvioDataError) -> None:
        self.listed = listed
        self.asked: list[str] = []

    def __call__(self, links: Sequence[FileLink]) -> list[list[Item] | EvioDataError]:
        self.asked += [link.id for link in links]
        return [self.listed[link.id] for link in links]


def test_all_levels() -> None:
    """Files of all levels are found, with the names that lead to them."""
    folders = Folders(root=[folder("a"), file("x")], a=[folder("b"), file("y")], b=[file("z")])
    tree = folder_tree.walk(ROOT, folders)
    assert [leaf.path for leaf in tree.leaves] == [("x",), ("a", "y"), ("a", "b", "z")]
    assert (tree.folders, tree.left_out) == (3, [])


def test_cycles_end() -> None:
    """A folder that is reached twice, or from inside itself, is listed once, and that is told."""
    folders = Folders(
        root=[folder("a"), folder("also a", "a"), file("x")], a=[folder("up", "root")]
    )
    tree = folder_tree.walk(ROOT, folders)
    assert folders.asked == ["root", "a"]
    assert [left.path for left in tree.left_out] == ["also a", "a/up"]
    assert not any(left.failed for left in tree.left_out)


def test_what_has_no_bytes_is_left_out() -> None:
    """Documents, unknown things and what cannot be downloaded are left out and named."""
    link = FileLink("i")
    others = [
        Item("notes", "document", link),
        Item("what", "other", link),
        Item("off", "file", link, downloadable=False),
    ]
    tree = folder_tree.walk(ROOT, Folders(root=[*others, file("x")]))
    assert [left.path for left in tree.left_out] == ["notes", "what", "off"]
    assert len(tree.leaves) == 1


@pytest.mark.parametrize("listed", [[], AccessDeniedError("no"), NotFoundError("no")])
def test_nothing_is_an_error(listed: list[Item] | EvioDataError) -> None:
    """A folder that is refused, or lists nothing, never is an empty list."""
    with pytest.raises((AccessDeniedError, NotFoundError)):
        folder_tree.walk(ROOT, Folders(root=listed))


def test_no_file_is_an_error_that_says_why() -> None:
    """A folder without a file that can be had is an error that says what there is instead."""
    notes = [Item(f"n{number}", "document", ROOT) for number in range(5)]
    with pytest.raises(DriveRefusedError, match=r"n0: a Google document.* n2: .* and 2 more\."):
        folder_tree.walk(ROOT, Folders(root=notes))


def test_refused_folder_inside() -> None:
    """A folder inside that is refused is a fault that is named; an empty one is only named."""
    folders = Folders(
        root=[folder("a"), folder("b"), file("x")], a=AccessDeniedError("private."), b=[]
    )
    private, nothing = folder_tree.walk(ROOT, folders).left_out
    assert (private.path, private.why, private.failed) == ("a", "private.", True)
    assert (nothing.path, nothing.why, nothing.failed) == ("b", str(empty()), False)


def test_half_a_tree_is_an_error() -> None:
    """If any folder cannot be listed for a reason that may pass, nothing is returned."""
    folders = Folders(root=[folder("a"), file("x")], a=DownloadError("the line was cut."))
    with pytest.raises(DownloadError, match="cut"):
        folder_tree.walk(ROOT, folders)


def test_depth_is_bounded() -> None:
    """Folders within folders without end are an error."""

    def deeper(links: Sequence[FileLink]) -> list[list[Item] | EvioDataError]:
        return [[folder(f"{link.id}x"), file("f")] for link in links]

    with pytest.raises(DownloadError, match="within each other"):
        folder_tree.walk(ROOT, deeper)


def test_breadth_is_bounded() -> None:
    """So are folders beside folders without end."""
    wide = [folder(str(number)) for number in range(folder_tree.MAX_FOLDERS + 1)]
    with pytest.raises(DownloadError, match="more than"):
        folder_tree.walk(ROOT, Folders(root=wide))
