"""Folders as anonymous visitors see them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import unescape

import pytest
import requests

from evio_data.testing import DriveFolder, DriveServer

Ask = Callable[..., requests.Response]

ENTRY = re.compile(
    r'<div class="flip-entry" id="entry-(?P<id>[\w-]+)" tabindex="0" role="link">.*?'
    r'<a href="(?P<link>[^"]+)".*?<div class="flip-entry-title">(?P<title>.*?)</div>.*?'
    r'<div class="flip-entry-last-modified"><div>(?P<date>.*?)</div>'
)


@pytest.fixture
def folder(server: DriveServer) -> DriveFolder:
    """An empty folder."""
    return server.folder("Event Camera Challenge")


def listing(folder: DriveFolder, query: str = "") -> str:
    """Return the address of the listing for web pages."""
    return f"https://drive.google.com/embeddedfolderview?id={folder.id}{query}"


def entries(page: str) -> list[dict[str, str]]:
    """Return what a listing shows, unescaped."""
    found = [match.groupdict() for match in ENTRY.finditer(page)]
    return [{key: unescape(value) for key, value in entry.items()} for entry in found]


def test_listing_shows_every_entry(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C29: more than fifty files are listed, in order, each with its own link."""
    files = [server.add(f"{number}.raw", b"x", folder=folder) for number in range(60)]
    answer = ask(listing(folder))
    assert "<title>Event Camera Challenge</title>" in answer.text
    shown = entries(answer.text)
    assert [entry["id"] for entry in shown] == [file.id for file in files]
    assert shown[0]["link"] == f"https://drive.google.com/file/d/{files[0].id}/view?usp=drive_web"


def test_listing_shows_every_kind(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C29: sub-folders, Google documents and types are told by link and icon."""
    inner = server.folder("fan", parent=folder)
    document = folder.add_native("Notes", "spreadsheets")
    server.add("a.png", b"x", mime="image/png", folder=folder)
    text = ask(listing(folder)).text
    links = [entry["link"] for entry in entries(text)]
    assert links[0] == f"https://drive.google.com/drive/folders/{inner.id}"
    assert links[1].startswith(f"https://docs.google.com/spreadsheets/d/{document.id}/edit")
    assert '<div aria-label="Folder" class="drive-sprite-folder-list-shared-icon">' in text
    assert 'src="https://drive-thirdparty.googleusercontent.com/16/type/image/png"' in text


def test_names_repeat_and_are_escaped(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C29: names need not be unique, and markup in them stays text."""
    names = ["events.raw", "events.raw", "<i>it's & more</i>.raw"]
    ids = {server.add(name, b"x", folder=folder).id for name in names}
    text = ask(listing(folder)).text
    assert [entry["title"] for entry in entries(text)] == names
    assert {entry["id"] for entry in entries(text)} == ids
    assert "&lt;i&gt;it&#39;s &amp; more&lt;/i&gt;.raw" in text


def test_date_is_a_label(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C29: the date depends on the language that is asked for, else on the server's."""
    server.add("a.raw", b"x", folder=folder, modified="2025-12-08T01:02:03.004Z")
    assert entries(ask(listing(folder, "&hl=en")).text)[0]["date"] == "Dec 8, 2025"
    assert entries(ask(listing(folder, "&hl=de")).text)[0]["date"] == "08.12.25"
    server.language = "de"
    assert entries(ask(listing(folder)).text)[0]["date"] == "08.12.25"


def test_listing_tells_no_size(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C29: neither size nor hash is in the listing."""
    file = server.add("a.raw", b"x" * 7654321, folder=folder)
    text = ask(listing(folder)).text
    assert "7654321" not in text
    assert file.sha256 not in text


def test_missing_folder(ask: Ask) -> None:
    """C30: an unknown folder is 404."""
    assert ask("https://drive.google.com/embeddedfolderview?id=1nothing").status_code == 404


def test_private_folder_asks_to_sign_in(ask: Ask, folder: DriveFolder) -> None:
    """C30: a private folder may send to the sign-in page."""
    folder.refuse = "sign-in"
    answer = ask(listing(folder))
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith("https://accounts.google.com/ServiceLogin")


@pytest.mark.parametrize(("refusal", "has_list"), [("no-entries", False), ("empty", True)])
def test_private_folder_looks_empty(
    server: DriveServer, ask: Ask, folder: DriveFolder, refusal: str, has_list: bool
) -> None:
    """C30: or it answers 200, without a list or with an empty one."""
    server.add("a.raw", b"x", folder=folder)
    folder.refuse = refusal  # type: ignore[assignment]
    answer = ask(listing(folder))
    assert answer.status_code == 200
    assert ('class="flip-entries"' in answer.text) is has_list
    assert entries(answer.text) == []


def test_folder_refuses_a_wrong_value(folder: DriveFolder) -> None:
    """A refusal that folders do not have is an error at once."""
    with pytest.raises(ValueError, match="refuse"):
        folder.refuse = "quota"  # type: ignore[assignment]


def test_folder_cycle(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C31: a shortcut may lead back to the folder it is reached from."""
    inner = server.folder("fan", parent=folder)
    inner.add_shortcut(folder, "up")
    up = entries(ask(listing(inner)).text)[0]
    assert (up["title"], up["link"]) == ("up", folder.url)


def test_file_shortcut(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C31: a shortcut to a file has an id of its own and a page that redirects."""
    file = server.add("fan.raw", b"x")
    shortcut = folder.add_shortcut(file)
    entry = entries(ask(listing(folder)).text)[0]
    assert shortcut.id == entry["id"] != file.id
    location = ask(entry["link"]).headers["Location"]
    assert location == f"https://drive.google.com/file/d/{file.id}/view"
    assert "<title>fan.raw - Google Drive</title>" in ask(location).text


def test_open_link(server: DriveServer, ask: Ask, folder: DriveFolder) -> None:
    """C32: open?id= (or leaf?id=) redirects to the file's or the folder's page."""
    file = server.add("fan.raw", b"x")
    to_file = ask(f"https://drive.google.com/open?id={file.id}")
    assert to_file.status_code == 302
    assert to_file.headers["Location"] == f"https://drive.google.com/file/d/{file.id}/view"
    to_folder = ask(f"https://docs.google.com/leaf?id={folder.id}")
    assert to_folder.headers["Location"] == folder.url
    assert ask("https://drive.google.com/open?id=1nothing").status_code == 404


def test_view_of_a_private_file(server: DriveServer, ask: Ask) -> None:
    """C32: the page of a file is refused as the file is."""
    view = "https://drive.google.com/file/d/{}/view"
    private = server.add("fan.raw", b"x", refuse="sign-in")
    assert ask(view.format(private.id)).status_code == 302
    private.refuse = "not-found"
    assert ask(view.format(private.id)).status_code == 404
    private.refuse = "disabled"
    assert ask(view.format(private.id)).status_code == 200


@pytest.mark.parametrize(
    "url",
    [
        "https://drive.google.com/drive/folders/{}",
        "https://drive.google.com/drive/u/0/folders/{}",
        "https://docs.google.com/folder/d/{}/edit",
    ],
)
def test_browsable_page(server: DriveServer, ask: Ask, folder: DriveFolder, url: str) -> None:
    """C33: the page for browsing holds at most fifty rows, with sizes at index 13."""
    server.folder("fan", parent=folder)
    for number in range(60):
        server.add(f"{number}.raw", b"x" * (number + 1), folder=folder)
    text = ask(url.format(folder.id)).text
    assert "<title>Event Camera Challenge - Google Drive</title>" in text
    script = re.search(r"window\['_DRIVE_ivd'\] = '(.*?)';", text)
    assert script is not None
    plain = script[1].replace("\\/", "/").encode().decode("unicode_escape")
    rows = json.loads(plain)[0]
    assert len(rows) == 50
    assert [row[13] for row in rows[:3]] == [None, 1, 2]
    assert (rows[1][1], rows[1][2]) == ([folder.id], "0.raw")


def test_folder_resource_key(ask: Ask, folder: DriveFolder) -> None:
    """D39: a folder that needs a key sends to the sign-in page without it."""
    folder.resource_key = "0-2L-INjRPsn2ANX4MZIGU0Q"
    assert ask(listing(folder)).status_code == 302
    assert ask(listing(folder, f"&resourcekey={folder.resource_key}")).status_code == 200
