"""The links that people share: where they lead, and who is asked to sign in."""

from __future__ import annotations

import json
import re

import pytest

from evio_data.testing import DriveFolder, DriveServer
from tests.testing.asking import Ask


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
