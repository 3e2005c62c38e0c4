"""Folders as anonymous visitors see them."""

from __future__ import annotations

import pytest

from evio_data.testing import DriveFolder, DriveServer
from tests.testing.asking import Ask, entries, listing


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
