"""What a Drive folder may hold besides files: folders, shortcuts, Google's own documents."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, get_args

from ._files import DriveFile, new_id

FOLDER_MIME = "application/vnd.google-apps.folder"
SHORTCUT_MIME = "application/vnd.google-apps.shortcut"

DocumentKind = Literal["document", "spreadsheets", "presentation"]
FolderRefusal = Literal["not-found", "sign-in", "no-entries", "empty"]

_DOCUMENT_MIMES: dict[str, str] = {
    "document": "application/vnd.google-apps.document",
    "spreadsheets": "application/vnd.google-apps.spreadsheet",
    "presentation": "application/vnd.google-apps.presentation",
}


@dataclass(slots=True, kw_only=True, eq=False)
class NativeDocument:
    """A Google Docs editors file: it has no bytes and cannot be downloaded as it is."""

    name: str
    kind: DocumentKind = "document"
    id: str = field(default_factory=new_id)

    @property
    def mime(self) -> str:
        """Google's own MIME type for it."""
        return _DOCUMENT_MIMES[self.kind]

    @property
    def url(self) -> str:
        """Where people edit it."""
        return f"https://docs.google.com/{self.kind}/d/{self.id}/edit?usp=drive_web"


@dataclass(slots=True, kw_only=True, eq=False)
class Shortcut:
    """A pointer, with an id of its own, to a file or a folder."""

    name: str
    target: DriveFile | DriveFolder
    id: str = field(default_factory=new_id)
    mime: str = SHORTCUT_MIME

    @property
    def url(self) -> str:
        """A file's shortcut has a page that redirects; a folder's is the folder itself."""
        if isinstance(self.target, DriveFolder):
            return self.target.url
        return f"https://drive.google.com/file/d/{self.id}/view?usp=drive_web"


@dataclass(slots=True, kw_only=True, eq=False)
class DriveFolder:
    """A folder that a `DriveServer` lists; made by `DriveServer.folder`.

    Attributes
    ----------
    refuse
        What an inaccessible folder answers: ``"not-found"`` (404), ``"sign-in"``,
        ``"no-entries"`` (200 without a list) or ``"empty"`` (200 with an empty list).
    resource_key
        The key that links to this folder must carry, or None.
    """

    name: str
    id: str = field(default_factory=new_id)
    mime: str = FOLDER_MIME
    refuse: FolderRefusal | None = None
    resource_key: str | None = None
    entries: list[Item] = field(default_factory=list, repr=False)
    _register: Callable[[Item], None] = field(default=lambda _: None, repr=False)

    def __setattr__(self, name: str, value: object) -> None:
        if name == "refuse" and value not in (None, *get_args(FolderRefusal)):
            raise ValueError(f"refuse is None or one of {get_args(FolderRefusal)}, not {value!r}")
        object.__setattr__(self, name, value)

    @property
    def url(self) -> str:
        """The link that people share."""
        return f"https://drive.google.com/drive/folders/{self.id}"

    def add(self, item: Item) -> None:
        """List an item here; the same item may be listed in several folders."""
        self._register(item)
        self.entries.append(item)

    def add_shortcut(self, target: DriveFile | DriveFolder, title: str | None = None) -> Shortcut:
        """List a shortcut to a file or a folder (a parent too: cycles exist)."""
        shortcut = Shortcut(name=title or target.name, target=target)
        self.add(shortcut)
        return shortcut

    def add_native(self, title: str, kind: DocumentKind = "document") -> NativeDocument:
        """List a Google document."""
        document = NativeDocument(name=title, kind=kind)
        self.add(document)
        return document


Item = DriveFile | DriveFolder | Shortcut | NativeDocument
