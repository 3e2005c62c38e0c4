"""Walk a tree of folders, each folder once."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from .._drive import folders
from .._drive.folders import Item
from .._drive.links import FileLink
from .._text import clean
from ..errors import DownloadError, DriveRefusedError, EvioDataError

MAX_DEPTH = 32  # folders within folders
MAX_FOLDERS = 10_000
SHOWN = 3  # things that one message names

Listings = Callable[[Sequence[FileLink]], Sequence["list[Item] | EvioDataError"]]


class LeftOut(NamedTuple):
    """Something below the folder that is not taken in.

    Attributes
    ----------
    path : str
        Where Drive has it, made printable.
    why : str
    id : str
    failed : bool
        Whether that is a fault, and not just how such things are treated.
    """

    path: str
    why: str
    id: str
    failed: bool = False


class Leaf(NamedTuple):
    """A file, and the names that lead to it as Drive has them."""

    path: tuple[str, ...]
    item: Item


class Tree(NamedTuple):
    """Everything below a folder."""

    leaves: list[Leaf]
    left_out: list[LeftOut]
    folders: int


def walk(root: FileLink, listings: Listings) -> Tree:
    """Return what is below a folder, level by level.

    Parameters
    ----------
    root : FileLink
    listings : callable
        Lists many folders at once: for each, its items, or the error that stands in their way.

    Raises
    ------
    DownloadError
        If the folder itself is refused or has no file, if any folder cannot be listed for a
        reason that may pass, and beyond `MAX_DEPTH` and `MAX_FOLDERS`.
    """
    walker = _Walker(root)
    while walker.level:
        level, walker.level = walker.level, []
        listed = listings([link for _, link in level])
        for (path, link), items in zip(level, listed, strict=True):
            walker.take(path, link, items)
    if not walker.leaves:
        raise nothing(walker.left_out)
    return Tree(walker.leaves, walker.left_out, len(walker.visited))


class _Walker:
    def __init__(self, root: FileLink) -> None:
        self.level: list[tuple[tuple[str, ...], FileLink]] = [((), root)]
        self.visited = {root.id}
        self.leaves: list[Leaf] = []
        self.left_out: list[LeftOut] = []

    def take(
        self, path: tuple[str, ...], link: FileLink, items: list[Item] | EvioDataError
    ) -> None:
        """Take in what one folder lists."""
        if isinstance(items, EvioDataError):
            if not path or not isinstance(items, folders.REFUSALS):
                raise items
            self.left_out.append(LeftOut(shown(path), str(items), link.id, failed=True))
        elif not items:
            if not path:
                raise folders.empty()
            self.left_out.append(LeftOut(shown(path), str(folders.empty()), link.id))
        else:
            for item in items:
                self._take_item((*path, item.name), item)

    def _take_item(self, path: tuple[str, ...], item: Item) -> None:
        why = ""
        if item.kind == "folder":
            why = self._descend(path, item.link)
        elif item.kind == "document":
            why = "a Google document, which has no bytes of its own."
        elif item.kind == "other":
            why = "neither a file nor a folder."
        elif not item.downloadable:
            why = "its owner has switched downloads off."
        else:
            self.leaves.append(Leaf(path, item))
        if why:
            self.left_out.append(LeftOut(shown(path), why, item.link.id))

    def _descend(self, path: tuple[str, ...], link: FileLink) -> str:
        """Remember a folder for the next level; return why not, if it is not."""
        if link.id in self.visited:
            return "leads to a folder that is listed already."
        if len(path) > MAX_DEPTH:
            raise _too_many(f"{MAX_DEPTH} folders within each other")
        self.visited.add(link.id)
        if len(self.visited) > MAX_FOLDERS:
            raise _too_many(f"{MAX_FOLDERS:,} folders")
        self.level.append((path, link))
        return ""


def shown(path: Sequence[str]) -> str:
    """Return a path as Drive has it, fit to be printed."""
    return "/".join(clean(part) or "''" for part in path)


def nothing(left_out: Sequence[LeftOut]) -> DriveRefusedError:
    """Return the error for a folder that lists things, and no file that can be had."""
    words = [f"{left.path}: {left.why}" for left in left_out[:SHOWN]]
    words += [f"and {len(left_out) - SHOWN:,} more."] if len(left_out) > SHOWN else []
    return DriveRefusedError(
        f"the folder has no file that can be had. {' '.join(words)}", advice="Name another folder."
    )


def _too_many(what: str) -> DownloadError:
    return DownloadError(f"the folder holds more than {what}.", advice="Name a folder inside it.")
