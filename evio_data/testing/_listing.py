"""The HTML of the two public listings of a folder."""

from __future__ import annotations

import html
import json
from datetime import datetime

from ._files import DriveFile
from ._folders import DriveFolder, Item, NativeDocument, Shortcut

BROWSABLE_ROWS = 50  # the page for browsing shows no more without scrolling
_MODIFIED = "2025-11-14T09:30:00.000Z"
_SIZE_INDEX = 13
_MTIME_INDEX = 10


def embedded(folder: DriveFolder, language: str) -> str:
    """Return ``embeddedfolderview``: every entry, no sizes, dates as labels."""
    if folder.refuse == "no-entries":
        return _document(folder.name, "<p>Nothing to show.</p>")
    shown = [] if folder.refuse == "empty" else folder.entries
    entries = "".join(_entry(item, language) for item in shown)
    return _document(folder.name, f'<div class="flip-entries">{entries}</div>')


def _document(title: str, text: str) -> str:
    return (
        f"<!DOCTYPE html><html><head><title>{html.escape(title)}</title></head>"
        f'<body><div class="flip-list-header"></div>{text}</body></html>'
    )


def _entry(item: Item, language: str) -> str:
    return (
        f'<div class="flip-entry" id="entry-{item.id}" tabindex="0" role="link">'
        f'<div class="flip-entry-info"><a href="{html.escape(_link(item))}" target="_blank">'
        '<div class="flip-entry-visual"><div class="flip-entry-visual-card"></div></div>'
        f'<div class="flip-entry-list-icon">{_icon(item)}</div>'
        f'<div class="flip-entry-title">{_title(item)}</div></a></div>'
        '<div class="flip-entry-last-modified">'
        f"<div>{_date_label(item, language)}</div></div></div>"
    )


def _title(item: Item) -> str:
    return html.escape(item.name).replace("&#x27;", "&#39;")


def _link(item: Item) -> str:
    if isinstance(item, NativeDocument | Shortcut):
        return item.url
    if isinstance(item, DriveFolder):
        return item.url + (f"?resourcekey={item.resource_key}" if item.resource_key else "")
    key = f"&resourcekey={item.resource_key}" if item.resource_key else ""
    return f"https://drive.google.com/file/d/{item.id}/view?usp=drive_web{key}"


def _icon(item: Item) -> str:
    target = item.target if isinstance(item, Shortcut) else item
    if isinstance(target, DriveFolder):
        return '<div aria-label="Folder" class="drive-sprite-folder-list-shared-icon"></div>'
    address = f"https://drive-thirdparty.googleusercontent.com/16/type/{target.mime}"
    return f'<img src="{address}" alt=""/>'


def _date_label(item: Item, language: str) -> str:
    when = _modified(item)
    if language.startswith("en"):
        return f"{when:%b} {when.day}, {when.year}"
    return f"{when:%d.%m.%y}"


def _modified(item: Item) -> datetime:
    text = item.modified if isinstance(item, DriveFile) else _MODIFIED
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%f%z")


def browsable(folder: DriveFolder) -> str:
    """Return the folder's own page, with its first rows as ``_DRIVE_ivd``."""
    shown = [] if folder.refuse else folder.entries[:BROWSABLE_ROWS]
    rows = [_row(item, folder) for item in shown]
    data = json.dumps([rows or None, None, None, None, None, None], separators=(",", ":"))
    return (
        f"<!DOCTYPE html><html><head><title>{html.escape(folder.name)} - Google Drive</title>"
        f"</head><body><script>window['_DRIVE_ivd'] = '{_script_string(data)}';"
        "</script></body></html>"
    )


def _row(item: Item, folder: DriveFolder) -> list[object]:
    row: list[object] = [None] * 45
    row[0], row[1], row[2], row[3] = item.id, [folder.id], item.name, item.mime
    row[9] = row[_MTIME_INDEX] = int(_modified(item).timestamp() * 1000)
    if isinstance(item, DriveFile):
        row[_SIZE_INDEX] = row[27] = item.size
        row[44] = item.name.rpartition(".")[2]
    return row


def _script_string(text: str) -> str:
    """Escape a string for a script as Google does: quotes, brackets and slashes too."""
    return "".join(_script_letter(letter) for letter in text)


def _script_letter(letter: str) -> str:
    if letter == "/":
        return "\\/"
    if letter in "\"'[]{}<>\\":
        return f"\\x{ord(letter):02x}"
    return letter
