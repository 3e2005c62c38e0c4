"""`retrieve`: pooch's words, and never out of its folder."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from evio_data import retrieve
from evio_data.errors import RegistryError
from evio_data.testing import DriveServer
from tests.pooch.data import URL


def test_retrieve_says_what_pooch_says(
    server: DriveServer, tmp_path: Path, said: list[tuple[int, str]]
) -> None:
    """`retrieve` tells the URL and the file, and without a known hash what it would be."""
    server.add("a.raw", b"% evt 3.0", large=False)
    url = f"{server.endpoint}/plain/a.raw"
    path = retrieve(url, None, path=tmp_path)
    assert said[0] == (logging.INFO, f"Downloading data from '{url}' to file '{path}'.")
    assert said[1][1].startswith("SHA256 hash of downloaded file: ")
    assert Path(path).name == pooch_name(url)
    assert retrieve(url, None, path=tmp_path) == path
    assert len(said) == 2


def pooch_name(url: str) -> str:
    """Return the name that pooch makes from a URL."""
    from pooch.utils import unique_file_name

    return str(unique_file_name(url))


@pytest.mark.parametrize("name", ["../a.raw", "/etc/a.raw", "a/../../b"])
def test_retrieve_stays_in_its_folder(name: str, tmp_path: Path) -> None:
    """A name that leads out of the folder is refused before anybody is asked."""
    with pytest.raises(RegistryError, match="leads out of the folder"):
        retrieve(URL, None, name, tmp_path)
