"""The Drive without sockets: what it holds, and which answer to its form is good."""

from __future__ import annotations

import pytest

from evio_data.testing import DriveFile, DriveServer
from evio_data.testing._model import Drive


@pytest.fixture
def file(server: DriveServer) -> DriveFile:
    """A file that Drive asks about."""
    return server.add("fan.raw", b"12345", large=True)


def test_names_and_ids(server: DriveServer, file: DriveFile) -> None:
    """A file is found by its id and by its name; of two of one name by the first one's."""
    server.add("fan.raw", b"other")
    folder = server.folder("recordings")
    folder.add_shortcut(file, "link")
    drive: Drive = server
    assert drive.file(file.id) is file
    assert drive.named("fan.raw") is file
    assert drive.folder_of(folder.id) is folder
    assert (drive.file(folder.id), drive.folder_of(file.id), drive.named("x")) == (None,) * 3


def test_form(server: DriveServer, file: DriveFile) -> None:
    """A form is good for its own file; a strict Drive wants every input back."""
    drive: Drive = server
    inputs, other = drive.form_inputs(file), server.add("other.raw", b"1", large=True)
    assert drive.confirmed(file, inputs)
    assert drive.confirmed(file, {"confirm": "t"})
    file.lenient = False
    assert drive.confirmed(file, inputs)
    assert not drive.confirmed(file, {"confirm": "t"})
    assert not drive.confirmed(file, {"uuid": inputs["uuid"]})
    other.lenient = False
    assert not drive.confirmed(other, inputs)
    assert drive.form_inputs(file)["uuid"] != inputs["uuid"]


def test_token_that_is_over(server: DriveServer, file: DriveFile) -> None:
    """A token lives as long as the file's option says; an unknown one is as good as old."""
    drive: Drive = server
    inputs = drive.form_inputs(file)
    assert not drive.is_stale(file, inputs)
    file.token_life = 3600
    assert not drive.is_stale(file, inputs)
    assert drive.is_stale(file, {"uuid": "made up"})
    file.token_life = 0
    assert drive.is_stale(file, inputs)
