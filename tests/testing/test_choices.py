"""Options: a misspelt one and a wrong value are refused when they are set."""

from __future__ import annotations

import pytest

from evio_data.testing import DriveFile, DriveServer


def test_misspelt_option(server: DriveServer, file: DriveFile) -> None:
    """An option that does not exist is an error at once, on file and server."""
    misspelt = "cut_atfer"
    for target in (server, file):
        with pytest.raises(AttributeError):
            setattr(target, misspelt, 3)
    with pytest.raises(AttributeError):
        server.add("x", b"", cut_atfer=3)


@pytest.mark.parametrize("option", ["refuse", "cut_how", "ranges", "length", "quota"])
def test_wrong_value(file: DriveFile, option: str) -> None:
    """A value that an option does not have is an error at once."""
    with pytest.raises(ValueError, match=option):
        setattr(file, option, "sideways")
