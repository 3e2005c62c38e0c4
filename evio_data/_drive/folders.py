"""Parse Drive's folder listings, from the embedded page and from the API."""

import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any, Literal, NamedTuple
from urllib.parse import urlencode

from ..errors import AccessDeniedError, DownloadError, DriveRefusedError, NotFoundError
from . import links, pages
from .links import FileLink

Kind = Literal["file", "folder", "document", "other"]

MAX_TITLE = 4000  # characters of one item's name that are read; Drive allows far fewer
API_PAGE = 1000  # items a page: the most that the API takes
_GOOGLE_TYPE = "application/vnd.google-apps."
FOLDER_TYPE = _GOOGLE_TYPE + "folder"
SHORTCUT_TYPE = _GOOGLE_TYPE + "shortcut"
_FILE_FIELDS = (
    "id,name,mimeType,size,sha256Checksum,md5Checksum,resourceKey,capabilities(canDownload),"
    "shortcutDetails(targetId,targetMimeType,targetResourceKey)"
)


class Item(NamedTuple):
    """One entry of a folder.

    Attributes
    ----------
    name : str
        As Drive has it, without blanks at its ends: names need not be unique, nor safe.
    kind : {"file", "folder", "document", "other"}
        ``document``: of Google's own editors, without bytes; ``other``: a link not understood.
    link : FileLink
        The id to ask for: of a shortcut whose target is known, the target's.
    size : int or None
        Bytes, where the listing says them.
    hashes : tuple of str
        Those that the listing says, the strongest first.
    asked : bool
        Whether all is known that this way of listing tells; else the item must be asked for.
    downloadable : bool
        False if the owner has switched downloads off.
    """

    name: str
    kind: Kind
    link: FileLink
    size: int | None = None
    hashes: tuple[str, ...] = ()
    asked: bool = False
    downloadable: bool = True


# --- addresses --------------------------------------------------------------------------------


def folder_url(link: FileLink) -> str:
    """Return the address of a folder as people share it.

    >>> folder_url(FileLink("18ORzE9_aHABYqOHzVdL0GANk_eIMaSuE"))
    'https://drive.google.com/drive/folders/18ORzE9_aHABYqOHzVdL0GANk_eIMaSuE'
    """
    return _with_key(f"https://drive.google.com/drive/folders/{link.id}", link)


def page_url(link: FileLink) -> str:
    """Return the address of the page that lists a folder for everybody."""
    return _with_key(f"https://drive.google.com/embeddedfolderview?id={link.id}&hl=en", link)


def view_url(link: FileLink) -> str:
    """Return the address of a file's viewer; a shortcut's leads on to its target's."""
    return _with_key(f"https://drive.google.com/file/d/{link.id}/view", link)


def file_url(link: FileLink) -> str:
    """Return the address under which a file is registered."""
    return _with_key(f"https://drive.google.com/uc?export=download&id={link.id}", link)


def _with_key(url: str, link: FileLink) -> str:
    if link.resource_key is None:
        return url
    return f"{url}{'&' if '?' in url else '?'}resourcekey={link.resource_key}"


def api_list_url(link: FileLink, token: str | None = None) -> str:
    """Return the API's address of a page of a folder's list."""
    fields = {
        "q": f"'{link.id}' in parents and trashed = false",
        "fields": f"nextPageToken,incompleteSearch,files({_FILE_FIELDS})",
        "pageSize": str(API_PAGE),
        "supportsAllDrives": "true",
        "includeItemsFromAllDrives": "true",
    }
    if token is not None:
        fields["pageToken"] = token
    return f"https://{links.API_HOST}/drive/v3/files?" + urlencode(fields)


def api_file_url(link: FileLink) -> str:
    """Return the API's address of what it knows of one file."""
    query = urlencode({"fields": _FILE_FIELDS, "supportsAllDrives": "true"})
    return f"https://{links.API_HOST}/drive/v3/files/{link.id}?{query}"


# --- the page ---------------------------------------------------------------------------------


def items_of_page(page: str) -> list[Item]:
    """Return what an ``embeddedfolderview`` page lists.

    Raises
    ------
    AccessDeniedError
        For a page without a list, which is how a folder that is not public may look.
    DownloadError
        For a list that does not end.
    """
    reader = _Reader()
    try:
        # Never close(): of tags that do not end it would look for the ends again and again.
        reader.feed(page)
    except (AssertionError, ValueError) as error:  # how html.parser gives up: "<![", "&#999..."
        raise _not_understood("the page of the folder") from error
    if not reader.found:
        raise _not_public()
    if reader.depth:
        raise DownloadError("Drive's page of the folder was cut short.", advice="Run again.")
    return [item for entry in reader.entries if (item := entry.item()) is not None]


class _Entry:
    """What the page says of one item."""

    def __init__(self, entry_id: str) -> None:
        self.entry_id = entry_id.removeprefix("entry-")
        self.href = ""
        self.mime = ""
        self.title: list[str] = []

    def item(self) -> Item | None:
        """Return the item; None for an entry that has neither a link nor an id."""
        name = _name("".join(self.title))
        is_link = "/" in self.href  # not a bare id
        folder = links.folder_link(self.href) if is_link else None
        file = links.file_link(self.href) if is_link else None
        if folder is not None and (file is None or not self.mime):  # open?id= may be either
            return Item(name, "folder", folder)
        own = links.folder_link(self.entry_id)  # a bare id
        if self._is_document():
            link = file or own
            return Item(name, "document", link) if link else None
        if file is not None:
            return Item(name, "file", file)
        return Item(name, "other", own) if own else None

    def _is_document(self) -> bool:
        # The icon decides: a .docx opens in an editor of docs.google.com too, and has bytes.
        if self.mime:
            is_google = self.mime.startswith(_GOOGLE_TYPE)
            return is_google and self.mime not in (FOLDER_TYPE, SHORTCUT_TYPE)
        parts = links.split(self.href)
        return parts.hostname == "docs.google.com" and not _BYTES_PATH(parts.path)


class _Reader(HTMLParser):
    """Collects the entries between ``flip-entries`` and its end."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False
        self.depth = 0  # of div elements inside the list, itself counted
        self.entries: list[_Entry] = []
        self._title_depth: int | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        classes = values.get("class", "").split()
        if tag == "div":
            self._open(classes, values)
        elif self.depth and self.entries:
            self._take(tag, values)

    def _open(self, classes: list[str], values: dict[str, str]) -> None:
        if not self.depth and "flip-entries" not in classes:
            return
        self.found = True
        self.depth += 1
        if "flip-entry" in classes:
            self.entries.append(_Entry(values.get("id", "")))
            self._title_depth = None
        elif "flip-entry-title" in classes and self.entries:
            self._title_depth = self.depth

    def _take(self, tag: str, values: dict[str, str]) -> None:
        entry = self.entries[-1]
        if tag == "a" and not entry.href:
            entry.href = values.get("href", "")
        elif tag == "img" and not entry.mime:
            match = _ICON(values.get("src", ""))
            entry.mime = match[1] if match else ""

    def handle_endtag(self, tag: str) -> None:
        if tag != "div" or not self.depth:
            return
        if self._title_depth == self.depth:
            self._title_depth = None
        self.depth -= 1

    def handle_data(self, data: str) -> None:
        if self._title_depth is not None:
            self.entries[-1].title.append(data[:MAX_TITLE])


# --- the API ----------------------------------------------------------------------------------


def items_of_json(text: str) -> tuple[list[Item], str | None]:
    """Return what a page of the API's list holds, and the token of the next page if there is one.

    Raises
    ------
    DownloadError
        For JSON of another shape, or a list that says it is incomplete.
    """
    value = _object(text)
    files, token = value.get("files", []), value.get("nextPageToken")
    if value.get("incompleteSearch") is True:
        raise DownloadError("Drive says that its list is incomplete.", advice="Run again.")
    if not isinstance(files, list) or not (token is None or (isinstance(token, str) and token)):
        raise _not_understood("the Drive API's list")
    return [_item(file) for file in files], token


def item_of_json(text: str) -> Item:
    """Return what the API tells of one file.

    Raises
    ------
    DownloadError
        For JSON of another shape.
    """
    return _item(_object(text))


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _not_understood("the Drive API's answer") from error
    if not isinstance(value, dict):
        raise _not_understood("the Drive API's answer")
    return value


def _item(value: object) -> Item:
    try:
        return _item_of(value)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise _not_understood("the Drive API's answer") from error


def _item_of(value: Any) -> Item:
    name, mime = _name(_text(value["name"])), _text(value["mimeType"])
    link = _link(value["id"], value.get("resourceKey"))
    if mime == SHORTCUT_TYPE:
        return _shortcut(name, value["shortcutDetails"])
    if mime == FOLDER_TYPE:
        return Item(name, "folder", link)
    if mime.startswith(_GOOGLE_TYPE):
        return Item(name, "document", link)
    return Item(
        name,
        "file",
        link,
        size=_size(value.get("size")),
        hashes=_hashes(value),
        asked=True,
        downloadable=value.get("capabilities", {}).get("canDownload") is not False,
    )


def _shortcut(name: str, details: Any) -> Item:
    mime = _text(details.get("targetMimeType", ""))
    link = _link(details["targetId"], details.get("targetResourceKey"))
    if mime == FOLDER_TYPE:
        return Item(name, "folder", link)
    return Item(name, "document" if mime.startswith(_GOOGLE_TYPE) else "file", link)


def _link(file_id: object, key: object) -> FileLink:
    link = links.folder_link(_text(file_id))  # of a bare id
    if link is None or link.id != file_id:
        raise ValueError(file_id)
    return FileLink(link.id, _text(key) if key and _KEY(_text(key)) else None)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _size(value: object) -> int | None:
    if value is None:
        return None
    if not _DIGITS(_text(value)):
        raise ValueError(value)
    return int(_text(value))


def _hashes(value: Any) -> tuple[str, ...]:
    told = ((prefix, pattern, value.get(field)) for field, prefix, pattern in _CHECKSUMS)
    return tuple(prefix + _digits(text, pattern) for prefix, pattern, text in told if text)


def _digits(value: object, pattern: Callable[[str], object]) -> str:
    if not pattern(_text(value).lower()):
        raise ValueError(value)
    return _text(value).lower()


def _name(text: str) -> str:
    whole = text[:MAX_TITLE].encode("utf-8", "replace").decode("utf-8")  # half a surrogate pair
    return whole.strip()


# --- refusals ---------------------------------------------------------------------------------

REFUSALS = (AccessDeniedError, NotFoundError)  # what asking again does not change


def about_folder(error: DriveRefusedError) -> DriveRefusedError:
    """Return an error about a file as one about a folder."""
    if isinstance(error, NotFoundError):
        return NotFoundError(
            "Drive has no public folder with this id: deleted, private, or the id is wrong.",
            advice="Check the URL, or ask the owner.",
        )
    if isinstance(error, AccessDeniedError) and error.advice == pages.ASK_OWNER:
        return _not_public()
    return error


def empty() -> AccessDeniedError:
    """Return the error for a folder that lists nothing, as one that is not public may do."""
    return AccessDeniedError(
        "Drive lists nothing in this folder: it is empty, or not public.", advice=pages.ASK_OWNER
    )


def _not_public() -> AccessDeniedError:
    return AccessDeniedError("the folder is not public.", advice=pages.ASK_OWNER)


def _not_understood(what: str) -> DownloadError:
    return DownloadError(f"{what} is not understood.", advice="Run again; report it if it stays.")


_KEY = re.compile(r"[A-Za-z0-9_-]{1,200}").fullmatch
_ICON = re.compile(r"https?://[^/]+/\d+/type/([\w.+/-]+)(?:$|\?)").match
_BYTES_PATH = re.compile(r"(?:/u/\d+|/a/[^/]+)?/(?:uc|leaf|open|file/.*)").fullmatch
_DIGITS = re.compile(r"[0-9]{1,18}").fullmatch
_CHECKSUMS = (
    ("sha256Checksum", "", re.compile(r"[0-9a-f]{64}").fullmatch),
    ("md5Checksum", "md5:", re.compile(r"[0-9a-f]{32}").fullmatch),
)
