"""What a folder may hold: itself, shortcuts, Google's own documents."""

from __future__ import annotations

import pytest

from evio_data.testing import DriveFolder, DriveServer
from tests.testing.asking import Ask, entries, listing


def test_missing_folder(ask: Ask) -> None:
    """C30: an unknown folder is 404."""
    assert ask("https://drive.google.com/embeddedfolderview?id=1nothing").status_code == 404


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


def test_folder_resource_key(ask: Ask, folder: DriveFolder) -> None:
    """D39: a folder that needs a key sends to the sign-in page without it."""
    folder.resource_key = "0-2L-INjRPsn2ANX4MZIGU0Q"
    assert ask(listing(folder)).status_code == 302
    assert ask(listing(folder, f"&resourcekey={folder.resource_key}")).status_code == 200
