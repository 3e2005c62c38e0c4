"""The links that people share, other than for downloads: views, folders, sign-in."""

from __future__ import annotations

import re

from . import _listing, _pages
from ._answers import Answer, page, redirect
from ._files import DriveFile
from ._folders import DriveFolder, Item, Shortcut
from ._model import Drive
from ._refusals import not_found, sign_in
from ._wire import Request

_VIEW = "https://drive.google.com/file/d/{}/view"
_ID_IN_PATH = re.compile(r"/(?:d|folders)/([^/]+)")


def open_link(drive: Drive, request: Request) -> Answer:
    """Redirect ``open?id=`` to the page of whatever it is."""
    item = drive.items.get(request.query.get("id", ""))
    return not_found(request) if item is None else redirect(_address(item))


def view(drive: Drive, request: Request) -> Answer:
    """Answer ``/file/d/ID/view``: a viewer, a redirect to a shortcut's target, a refusal."""
    item = drive.items.get(_id_in_path(request))
    if isinstance(item, Shortcut):
        return redirect(_address(item.target))
    if not isinstance(item, DriveFile) or item.refuse == "not-found":
        return not_found(request)
    if item.refuse == "sign-in":
        return sign_in(_address(item))
    return page(_pages.viewer(item.name))


def native_document(drive: Drive, request: Request) -> Answer:
    """Answer the editors of docs.google.com."""
    item = drive.items.get(_id_in_path(request))
    return page(_pages.viewer(item.name)) if item else not_found(request)


def embedded_folder(drive: Drive, request: Request) -> Answer:
    """List a folder as the widget for web pages does."""
    folder = drive.folder_of(request.query.get("id", ""))
    if folder is None or folder.refuse == "not-found":
        return not_found(request)
    if _is_private(folder, request):
        return sign_in(folder.url)
    return page(_listing.embedded(folder, request.query.get("hl", drive.language)))


def folder_page(drive: Drive, request: Request) -> Answer:
    """Show a folder as the page that people browse: its first rows only."""
    folder = drive.folder_of(_id_in_path(request))
    if folder is None or folder.refuse == "not-found":
        return not_found(request)
    if _is_private(folder, request):
        return sign_in(folder.url)
    return page(_listing.browsable(folder))


def sign_in_page(drive: Drive, request: Request) -> Answer:
    """Answer accounts.google.com."""
    return page(_pages.sign_in())


def _is_private(folder: DriveFolder, request: Request) -> bool:
    keyless = folder.resource_key not in (None, request.query.get("resourcekey"))
    return folder.refuse == "sign-in" or keyless


def _address(item: Item) -> str:
    return _VIEW.format(item.id) if isinstance(item, DriveFile) else item.url


def _id_in_path(request: Request) -> str:
    match = _ID_IN_PATH.search(request.path)
    return match[1] if match else ""
