"""A pytest plugin: our classes in the place of pooch's, and the hosts of its tests on loopback."""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pooch
import pooch.core
import pooch.downloaders

import evio_data
from tests.pooch.internet import Internet, running

DATA = Path(pooch.__file__).parent / "tests" / "data"
IN_REPOSITORIES = ("tiny-data.txt", "store.zip")
_stack = ExitStack()


def pytest_configure(config: Any) -> None:
    """Put what POOCH_PLACE names in its place, before pooch's tests are imported."""
    folder = Path(_stack.enter_context(tempfile.TemporaryDirectory()))
    _publish(_stack.enter_context(running(folder)))
    _PLACES[os.environ["POOCH_PLACE"]]()


def pytest_unconfigure(config: Any) -> None:
    """Close the internet."""
    _stack.close()


def _place_registry() -> None:
    pooch.Pooch = pooch.core.Pooch = evio_data.Registry
    pooch.retrieve = pooch.core.retrieve = evio_data.retrieve
    pooch.create = pooch.core.create = evio_data.Registry.create


def _place_create() -> None:
    pooch.create = pooch.core.create = evio_data.Registry.create


def _place_downloader() -> None:
    theirs = pooch.HTTPDownloader

    def ours(progressbar: Any = False, chunk_size: int = 1024, **arguments: Any) -> Any:
        """Return our downloader; pooch's, where it is to hand arguments to requests."""
        if arguments:
            return theirs(progressbar, chunk_size, **arguments)
        return evio_data.DriveDownloader(progressbar or None)

    pooch.HTTPDownloader = pooch.downloaders.HTTPDownloader = ours


_PLACES = {
    "pooch": lambda: None,
    "Registry": _place_registry,
    "Registry.create": _place_create,
    "DriveDownloader": _place_downloader,
}


def _publish(internet: Internet) -> None:
    """Serve the files of pooch's tests from where these tests look for them."""
    from pooch.tests.utils import pooch_test_url

    for path in DATA.rglob("*"):
        if path.is_file():
            name = path.relative_to(DATA).as_posix()
            internet.add(pooch_test_url() + name, path.read_bytes())
    files = {name: (DATA / name).read_bytes() for name in IN_REPOSITORIES}
    md5 = {name: hashlib.md5(content).hexdigest() for name, content in files.items()}
    urls = {name: pooch_test_url() + name for name in files}
    _publish_on_zenodo(internet, files, md5, urls)
    _publish_on_figshare(internet, files, md5, urls)
    _publish_on_dataverse(internet, files, md5, urls)


def _publish_on_zenodo(internet: Internet, files: Any, md5: Any, urls: Any) -> None:
    internet.lead("https://doi.org/10.5281/zenodo.4924875", "https://zenodo.org/records/4924875")
    internet.add("https://zenodo.org/records/4924875", b"<html>")
    described = [
        {
            "key": name,
            "size": len(content),
            "checksum": f"md5:{md5[name]}",
            "links": {"self": urls[name]},
        }
        for name, content in files.items()
    ]
    record = {"id": 4924875, "files": described}
    internet.add("https://zenodo.org/api/records/4924875", record)


def _publish_on_figshare(internet: Internet, files: Any, md5: Any, urls: Any) -> None:
    described = [
        {
            "name": name,
            "size": len(content),
            "computed_md5": md5[name],
            "download_url": urls[name],
        }
        for name, content in files.items()
    ]
    api = "https://api.figshare.com/v2/articles"
    for doi in ("10.6084/m9.figshare.14763051", "10.6084/m9.figshare.14763051.v1"):
        internet.lead(f"https://doi.org/{doi}", "https://figshare.com/articles/14763051")
        internet.add(f"{api}?doi={doi}", [{"id": 14763051}])
    internet.add("https://figshare.com/articles/14763051", b"<html>")
    for address in (f"{api}/14763051", f"{api}/14763051/versions/1"):
        internet.add(address, {"files": described})


def _publish_on_dataverse(internet: Internet, files: Any, md5: Any, urls: Any) -> None:
    home, doi = "https://heidata.uni-heidelberg.de", "10.11588/data/TKCFEF"
    internet.lead(f"https://doi.org/{doi}", f"{home}/dataset.xhtml")
    internet.add(f"{home}/dataset.xhtml", b"<html>")
    described = []
    for number, (name, content) in enumerate(files.items()):
        internet.lead(f"{home}/api/access/datafile/{number}", urls[name])
        file = {"id": number, "filename": name, "filesize": len(content), "md5": md5[name]}
        described.append({"dataFile": file})
    answer = {"data": {"latestVersion": {"files": described}}}
    internet.add(f"{home}/api/datasets/:persistentId?persistentId=doi:{doi}", answer)
