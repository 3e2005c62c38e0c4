"""Compare a registry with a scan of its folder, and write a new one."""

from typing import TYPE_CHECKING, Literal, NamedTuple

from .._drive import links
from .._drive.folders import file_url, folder_url
from .._drive.links import FileLink
from .._registry.hashes import kind_of
from .._registry.registry import Entry
from .._text import clean
from ..errors import RegistryError
from .editor import RegistryEditor
from .folder_tree import LeftOut, shown
from .keys import Keys, safe_key

if TYPE_CHECKING:
    from .folder_scan import LiveFile, Survey

NEW = """\
# folder: {url}
#
# Columns, as in every pooch registry: name, SHA-256 (or `unpinned`), URL. Made by `evio-data
# registry build`: built again, it takes in new files, and keeps names, hashes, sizes, comments
# and order. `evio-data registry check` compares it with the folder.
"""


class Change(NamedTuple):
    """A file whose bytes are no longer the registered ones."""

    name: str
    what: str  # "size", or a kind of hash
    registered: str
    live: str


class Unreachable(NamedTuple):
    """A registered file that the folder lists, but that Drive does not give."""

    name: str
    why: str


class Renamed(NamedTuple):
    """A new file whose key is not the path that Drive has."""

    name: str
    path: str
    why: Literal["unsafe", "duplicate"]


class Comparison(NamedTuple):
    """How a registry and its folder differ.

    Attributes
    ----------
    added : list of Entry
        In the folder only, as they would be registered.
    removed : list of Entry
        In the registry only.
    changed : list of Change
    unreachable : list of Unreachable
    unsized : list of Unreachable
        Files whose size Drive did not say now.
    renamed : list of Renamed
    left_out : list of LeftOut
        What is in the folder, and cannot be registered.
    total : int
        Files that the folder has, and a registry can have.
    """

    added: list[Entry]
    removed: list[Entry]
    changed: list[Change]
    unreachable: list[Unreachable]
    unsized: list[Unreachable]
    renamed: list[Renamed]
    left_out: list[LeftOut]
    total: int

    @property
    def drifted(self) -> bool:
        """Whether the registry is no longer true of the folder."""
        return bool(self.added or self.faulty)

    @property
    def faulty(self) -> bool:
        """Whether something needs a decision that no rebuilding takes."""
        failed = any(left.failed for left in self.left_out)
        return bool(self.removed or self.changed or self.unreachable or failed)


def compare(text: RegistryEditor, live: "Survey") -> Comparison:
    """Return how a registry and its folder differ; files are matched by their Drive ids."""
    by_id = _by_id(text)
    refused = {left.id: left for left in live.left_out if left.id in by_id}
    added, renamed, unnamed = _named(
        [file for file in live.files if file.link.id not in by_id], text
    )
    there = {file.link.id for file in live.files} | refused.keys()
    unsized = []
    changed = []
    for file in live.files:
        entries = by_id.get(file.link.id, [])
        changed += [change for entry in entries if (change := _change(entry, file)) is not None]
        if file.unsized:
            names = [entry.name for entry in entries] or [shown(file.path)]
            unsized += [Unreachable(name, file.unsized) for name in names]
    return Comparison(
        added=added,
        removed=[e for id_, entries in by_id.items() if id_ not in there for e in entries],
        changed=changed,
        unreachable=[
            Unreachable(entry.name, left.why)
            for left in refused.values()
            for entry in by_id[left.id]
        ],
        unsized=unsized,
        renamed=renamed,
        left_out=[left for left in live.left_out if left.id not in refused] + unnamed,
        total=len(live.files) - len(unnamed),
    )


class Rebuilt(NamedTuple):
    """A registry of a folder, how the old one differed, and the old lines that say more now."""

    text: RegistryEditor
    comparison: Comparison
    filled: list[Entry]


def rebuild(text: RegistryEditor | None, live: "Survey") -> Rebuilt:
    """Return a registry of a folder.

    No name, hash or size of the old one is changed, and no line is taken away: new files get
    lines, and what was unknown of unchanged files is filled in.

    Raises
    ------
    RegistryError
        If the registry is of another folder.
    """
    url = folder_url(live.folder)
    if text is None:
        text = RegistryEditor(NEW.format(url=url))
    refuse_another_folder(text, live.folder)
    comparison = compare(text, live)
    filled = _fill_in(text, live)
    if text.folder is None:
        text.remember_folder(url)
    text.insert(comparison.added)
    return Rebuilt(text, comparison, filled)


def refuse_another_folder(text: RegistryEditor, link: FileLink) -> None:
    """Raise `RegistryError` if a registry remembers another folder than this one."""
    remembered = text.folder
    if remembered is not None and remembered.id != link.id:
        raise RegistryError(
            f"the registry {clean(text.source)} is of another folder, {folder_url(remembered)}.",
            advice="Write to another file: `-o FILE`.",
        )


def _fill_in(text: RegistryEditor, live: "Survey") -> list[Entry]:
    filled: list[Entry] = []
    by_id = _by_id(text)
    for file in live.files:
        for entry in by_id.get(file.link.id, []):
            if _change(entry, file) is not None:
                continue
            # Beside a hash, a size that only the server tells may be that of other bytes.
            sure = entry.hash is None or entry.hash in file.hashes
            more = text.complete(entry, known_hash=file.hash, size=file.size if sure else None)
            filled += [more] if more != entry else []
    return filled


def _by_id(text: RegistryEditor) -> dict[str, list[Entry]]:
    """Return the entries on Drive by their ids; two names may be of one file."""
    found: dict[str, list[Entry]] = {}
    for entry in text.entries:
        link = links.file_link(entry.url)
        if link is not None:
            found.setdefault(link.id, []).append(entry)
    return found


def _change(entry: Entry, file: "LiveFile") -> Change | None:
    live = next((each for each in file.hashes if kind_of(each) == kind_of(entry.hash)), None)
    if entry.hash is not None and live not in (None, entry.hash):
        return Change(entry.name, kind_of(entry.hash), entry.hash, live or "")
    if None not in (entry.size, file.size) and entry.size != file.size:
        return Change(entry.name, "size", str(entry.size), str(file.size))
    return None


def _named(
    files: "list[LiveFile]", text: RegistryEditor
) -> tuple[list[Entry], list[Renamed], list[LeftOut]]:
    """Return new files under safe and unique keys."""
    added: list[Entry] = []
    renamed: list[Renamed] = []
    left_out: list[LeftOut] = []
    keyed: list[tuple[str, LiveFile]] = []
    for file in files:
        try:
            keyed.append((safe_key(file.path), file))
        except RegistryError as error:
            left_out.append(LeftOut(shown(file.path), str(error), file.link.id))
    keys = Keys((entry.name for entry in text.entries), folders=(key for key, _ in keyed))
    # By id, so that the second of two equal names is the same one whoever lists them, and how.
    for wanted, file in sorted(keyed, key=lambda pair: (pair[0], pair[1].link.id)):
        try:
            key = keys.take(wanted)
        except RegistryError as error:
            left_out.append(LeftOut(shown(file.path), str(error), file.link.id))
            continue
        added.append(Entry(key, file.hash, file_url(file.link), file.size))
        if wanted != "/".join(file.path):
            renamed.append(Renamed(key, shown(file.path), "unsafe"))
        elif key != wanted:
            renamed.append(Renamed(key, shown(file.path), "duplicate"))
    return added, renamed, left_out
