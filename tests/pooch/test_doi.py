"""``doi:`` URLs: resolved by pooch's own classes, and fetched our way."""

from __future__ import annotations

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pooch.downloaders
import pytest
import requests

from evio_data import DriveDownloader, Registry, retrieve
from evio_data.errors import (
    ChecksumError,
    DownloadError,
    OfflineError,
    RegistryError,
    UnknownDatasetError,
)

if TYPE_CHECKING:
    from tests.pooch.internet import Internet


MIB = 2**20
IS_OLD = not signature(pooch.downloaders.doi_to_repository).parameters.keys() - {"doi"}
BYTES = random.Random(15).randbytes(3 * MIB)
MD5 = hashlib.md5(BYTES).hexdigest()
DOIS = {
    "Zenodo": "10.5281/zenodo.1",
    "figshare": "10.6084/m9.figshare.1.v1",
    "Dataverse": "10.11588/data/TKCFEF",
}
each_repository = pytest.mark.parametrize("kind", DOIS)


def publish(internet: Internet, kind: str, files: dict[str, bytes], md5: str = "") -> str:
    """Publish files in a repository; return the DOI."""
    if IS_OLD and kind == "Dataverse":
        pytest.skip("pooch before 1.9 wants an identifier of each file there")
    doi = DOIS[kind]
    urls = {name: f"https://files.example.org/{kind}/{name}" for name in files}
    told = {name: md5 or hashlib.md5(content).hexdigest() for name, content in files.items()}
    for name, content in files.items():
        internet.add(urls[name], content)
    _RECORDS[kind](internet, doi, files, urls, told)
    return doi


def _zenodo(internet: Internet, doi: str, files: Any, urls: Any, told: Any) -> None:
    internet.lead(f"https://doi.org/{doi}", "https://zenodo.org/records/1")
    internet.add("https://zenodo.org/records/1", b"<html>")
    record = [
        {
            "key": name,
            "size": len(content),
            "checksum": f"md5:{told[name]}",
            "links": {"self": urls[name]},
        }
        for name, content in files.items()
    ]
    internet.add("https://zenodo.org/api/records/1", {"id": 1, "files": record})


def _figshare(internet: Internet, doi: str, files: Any, urls: Any, told: Any) -> None:
    internet.lead(f"https://doi.org/{doi}", "https://figshare.com/articles/1")
    internet.add("https://figshare.com/articles/1", b"<html>")
    internet.add(f"https://api.figshare.com/v2/articles?doi={doi}", [{"id": 1}])
    record = [
        {
            "name": name,
            "size": len(content),
            "computed_md5": told[name],
            "download_url": urls[name],
        }
        for name, content in files.items()
    ]
    internet.add("https://api.figshare.com/v2/articles/1/versions/1", {"files": record})


def _dataverse(internet: Internet, doi: str, files: Any, urls: Any, told: Any) -> None:
    home = "https://dataverse.example.org"
    internet.lead(f"https://doi.org/{doi}", f"{home}/dataset")
    internet.add(f"{home}/dataset", b"<html>")
    record = []
    for number, (name, content) in enumerate(files.items()):
        internet.lead(f"{home}/api/access/datafile/{number}", urls[name])
        described = {
            "id": number,
            "filename": name,
            "filesize": len(content),
            "md5": told[name],
        }
        record.append({"dataFile": described})
    answer = {"data": {"latestVersion": {"files": record}}}
    internet.add(f"{home}/api/datasets/:persistentId?persistentId=doi:{doi}", answer)


_RECORDS: dict[str, Callable[..., None]] = {
    "Zenodo": _zenodo,
    "figshare": _figshare,
    "Dataverse": _dataverse,
}


@each_repository
@pytest.mark.parametrize("way", ["base", "url", "retrieve", "DriveDownloader", "loaded"])
def test_files_come_by_their_doi(kind: str, way: str, internet: Internet, tmp_path: Path) -> None:
    """A file is found by its DOI, as a base URL or alone, and checked by what the record says."""
    doi = publish(internet, kind, {"a.raw": BYTES})
    url, folder = f"doi:{doi}/a.raw", tmp_path / "pup"
    if way == "retrieve":
        path = retrieve(url, None, "a.raw", folder)
    elif way == "DriveDownloader":
        path = str(tmp_path / "a.raw")
        DriveDownloader()(url, path, None)
    elif way == "url":
        registry = Registry.create(folder, "", registry={"a.raw": None}, urls={"a.raw": url})
        path = registry.fetch("a.raw")
    else:
        registry = Registry.create(folder, f"doi:{doi}", registry={"a.raw": f"md5:{MD5}"})
        if way == "loaded":
            registry.registry.clear()
            registry.load_registry_from_doi()
        path = registry.fetch("a.raw")
    assert Path(path).read_bytes() == BYTES
    assert internet.sent[f"https://files.example.org/{kind}/a.raw"] == len(BYTES)


@each_repository
def test_what_the_repository_tells_is_compared(
    kind: str, internet: Internet, tmp_path: Path
) -> None:
    """Without a known hash of one's own, that of the repository must be right."""
    doi = publish(internet, kind, {"a.raw": BYTES}, md5="0" * 32)
    registry = Registry.create(tmp_path / "pup", f"doi:{doi}", registry={"a.raw": None})
    with pytest.raises(ChecksumError):
        registry.fetch("a.raw")
    assert not (tmp_path / "pup" / "a.raw").exists()


def test_a_size_that_the_repository_tells_is_compared(internet: Internet, tmp_path: Path) -> None:
    """A file that is not as long as its record says is refused."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    internet.add("https://files.example.org/Zenodo/a.raw", BYTES[:-1])
    registry = Registry.create(tmp_path / "pup", f"doi:{doi}", registry={"a.raw": None})
    with pytest.raises(ChecksumError, match="3,145,728"):
        registry.fetch("a.raw")


def test_a_cut_download_is_resumed(internet: Internet, tmp_path: Path) -> None:
    """What arrived of a DOI's file is kept: little of it comes again."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    url = "https://files.example.org/Zenodo/a.raw"
    internet.cut_at[url] = MIB
    assert Path(retrieve(f"doi:{doi}/a.raw", None, "a.raw", tmp_path / "pup")).exists()
    assert internet.sent[url] - len(BYTES) <= MIB // 8


def test_a_record_is_asked_once(internet: Internet, tmp_path: Path) -> None:
    """Many files of one DOI cost one look at doi.org and at the record."""
    files = {f"{number}.raw": bytes([number]) * 1000 for number in range(5)}
    doi = publish(internet, "figshare", files)
    registry = Registry.create(tmp_path / "pup", f"doi:{doi}", registry=dict.fromkeys(files))
    assert registry.prefetch().ok
    assert len([url for url in internet.asked if "doi.org" in url]) == 1
    assert len([url for url in internet.asked if "versions/1" in url]) == 1


def test_a_file_that_is_there_asks_nobody(internet: Internet, tmp_path: Path) -> None:
    """A cached file needs neither doi.org nor the repository."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    registry = Registry.create(tmp_path / "pup", f"doi:{doi}", registry={"a.raw": f"md5:{MD5}"})
    (tmp_path / "pup").mkdir()
    (tmp_path / "pup" / "a.raw").write_bytes(BYTES)
    for _ in range(2):
        registry.fetch("a.raw")
    assert internet.asked == []


def test_offline_reaches_nobody(internet: Internet, tmp_path: Path) -> None:
    """With EVIO_DATA_OFFLINE no DOI is looked up, neither for a file nor for a registry."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    registry = Registry.create(tmp_path / "pup", f"doi:{doi}", registry={"a.raw": None})
    os.environ["EVIO_DATA_OFFLINE"] = "1"
    uses: list[Callable[[], object]] = [
        registry.load_registry_from_doi,
        lambda: registry.fetch("a.raw"),
        lambda: registry.is_available("a.raw"),
        lambda: retrieve(f"doi:{doi}/a.raw", None, "a.raw", tmp_path / "pup"),
        lambda: DriveDownloader()(f"doi:{doi}/a.raw", tmp_path / "a.raw", None),
    ]
    for use in uses:
        with pytest.raises(OfflineError):
            use()
    assert internet.asked == []


def test_a_name_that_the_record_does_not_have(internet: Internet, tmp_path: Path) -> None:
    """A wrong name is said to be one, with the nearest; pooch's callers get a ValueError."""
    doi = publish(internet, "Dataverse", {"events.raw": BYTES})
    registry = Registry.create(tmp_path / "pup", f"doi:{doi}", registry={"event.raw": None})
    with pytest.raises(UnknownDatasetError, match=r"events\.raw") as caught:
        registry.fetch("event.raw")
    assert isinstance(caught.value, ValueError)
    assert not registry.is_available("event.raw")


def test_a_doi_of_another_repository(internet: Internet, tmp_path: Path) -> None:
    """A DOI that leads elsewhere is refused with the repositories that are known."""
    internet.lead("https://doi.org/10.1234/5", "https://journal.example.org/5")
    internet.add("https://journal.example.org/5", b"<html>")
    with pytest.raises(RegistryError, match="Zenodo, figshare and Dataverse"):
        retrieve("doi:10.1234/5/a.raw", None, "a.raw", tmp_path / "pup")


@pytest.mark.parametrize("url", ["doi:10.5281", "doi://10.5281/zenodo.1/a", "doi:zenodo/1/a"])
def test_a_doi_that_is_none(url: str, internet: Internet, tmp_path: Path) -> None:
    """What is no DOI with a name is refused without a question to anybody."""
    with pytest.raises(RegistryError, match="is not doi:DOI/NAME"):
        retrieve(url, None, "a.raw", tmp_path / "pup")
    assert internet.asked == []


@pytest.mark.skipif(IS_OLD, reason="pooch before 1.9 tells it as a DOI of no repository")
def test_a_status_of_doi_org_is_an_error_of_requests_too(
    internet: Internet, tmp_path: Path
) -> None:
    """A DOI that doi.org does not know is a `DownloadError`, and a `requests.HTTPError`."""
    with pytest.raises(DownloadError, match="answered 404") as caught:
        retrieve("doi:10.5281/zenodo.2/a.raw", None, "a.raw", tmp_path / "pup")
    assert isinstance(caught.value, requests.HTTPError)


def test_a_busy_repository_is_not_misread(internet: Internet, tmp_path: Path) -> None:
    """A page instead of the record is an error that says so, not a traceback."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    internet.add("https://zenodo.org/api/records/1", b"<html>too many requests", 429)
    with pytest.raises(DownloadError, match="not understood"):
        retrieve(f"doi:{doi}/a.raw", None, "a.raw", tmp_path / "pup")


def test_command_fetches_a_doi(internet: Internet, tmp_path: Path) -> None:
    """`evio-data fetch` takes a DOI: the file has the DOI's name and the record's hash."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    command = [sys.executable, "-m", "evio_data", "fetch", f"doi:{doi}/a.raw"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "a.raw\n"
    assert (tmp_path / "a.raw").read_bytes() == BYTES


@pytest.mark.parametrize("is_right", [True, False])
def test_a_file_in_the_place_of_a_doi_s_is_hashed(
    internet: Internet, tmp_path: Path, *, is_right: bool
) -> None:
    """Where a hash is known, a file of the right size is there only if its bytes are right."""
    doi = publish(internet, "Zenodo", {"a.raw": BYTES})
    content = BYTES if is_right else bytes(len(BYTES))
    (tmp_path / "a.raw").write_bytes(content)
    command = [sys.executable, "-m", "evio_data", "fetch", f"doi:{doi}/a.raw", "--json"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    (file,) = json.loads(done.stdout)["files"]
    assert (done.returncode, file["status"]) == ((0, "present") if is_right else (1, "failed"))
    assert not is_right or file["state"] == "verified"
    assert (tmp_path / "a.raw").read_bytes() == content
