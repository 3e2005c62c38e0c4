"""What a given downloader means: its arguments hold, and our engine fetches."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pooch
import pytest
from requests.auth import HTTPDigestAuth

from evio_data import Registry, retrieve
from evio_data._pooch.ways import way_for
from evio_data.errors import UnknownDatasetError
from tests.pooch.data import BYTES, MD5, MIB, URL, registry_at

if TYPE_CHECKING:
    from tests.pooch.internet import Internet


# --- pooch.HTTPDownloader ----------------------------------------------------------------------


def test_arguments_of_a_downloader_hold(internet: Internet, tmp_path: Path) -> None:
    """Headers, sign-in and cookies of an HTTPDownloader are sent; the engine resumes."""
    internet.add(URL, BYTES)
    internet.cut_at[URL] = MIB
    downloader = pooch.HTTPDownloader(
        headers={"User-Agent": "SciPy 1", "X-Token": "t"}, auth=("me", "pw"), cookies={"c": "1"}
    )
    path = registry_at(URL, tmp_path / "pup").fetch("a.raw", downloader=downloader)
    assert Path(path).read_bytes() == BYTES
    for headers in internet.headers:
        assert (headers["User-Agent"], headers["X-Token"]) == ("SciPy 1", "t")
        assert (headers["Authorization"], headers["Cookie"]) == ("Basic bWU6cHc=", "c=1")
        assert headers["Accept-Encoding"] == "identity"
    assert internet.sent[URL] < len(BYTES) + MIB // 2


def test_what_is_secret_stays_at_its_host(internet: Internet, tmp_path: Path) -> None:
    """A redirect to another host takes neither headers nor sign-in nor cookies along."""
    internet.lead(URL, "https://elsewhere.example.org/a.raw")
    internet.add("https://elsewhere.example.org/a.raw", BYTES)
    downloader = pooch.HTTPDownloader(
        headers={"X-Token": "t"}, auth=("me", "pw"), cookies={"c": "1"}
    )
    retrieve(URL, None, "a.raw", tmp_path / "pup", downloader=downloader)
    there = [h for h in internet.headers if h["Host"] == "elsewhere.example.org"]
    assert there
    assert not any({"X-Token", "Authorization", "Cookie"} & headers.keys() for headers in there)


def test_proxies_and_certificates_of_a_downloader_hold(internet: Internet, tmp_path: Path) -> None:
    """``proxies`` and ``verify`` are used in place of what the environment says."""
    internet.add(URL, BYTES)
    proxy, bundle = os.environ.pop("HTTPS_PROXY"), os.environ.pop("REQUESTS_CA_BUNDLE")
    del os.environ["https_proxy"]
    downloader = pooch.HTTPDownloader(proxies={"https": proxy}, verify=bundle)
    path = retrieve(URL, None, "a.raw", tmp_path / "pup", downloader=downloader)
    assert Path(path).read_bytes() == BYTES


@pytest.mark.parametrize(
    "downloader",
    [
        pooch.HTTPDownloader(params={"a": "b"}),
        pooch.HTTPDownloader(allow_redirects=False),
        type("Own", (pooch.HTTPDownloader,), {})(),
        pooch.FTPDownloader(),
        print,
    ],
)
def test_other_downloaders_do_their_own(downloader: Any) -> None:
    """What asks for another thing than the URL, or is somebody's own, is left alone."""
    assert way_for(URL, downloader, progressbar=False) is None


@pytest.mark.parametrize(
    ("timeout", "seconds"), [(5, 5.0), ((1, 7), 7.0), (None, None), ((1, None), None)]
)
def test_timeout_is_requests_own(timeout: Any, seconds: float | None) -> None:
    """A time-out is a number, or one to connect and one to read."""
    way = way_for(URL, pooch.HTTPDownloader(timeout=timeout), progressbar=False)
    assert way is not None
    assert way.timeout == seconds


def test_a_sign_in_may_be_an_object(internet: Internet, tmp_path: Path) -> None:
    """``auth`` may be any of requests' objects: it sees the request."""
    internet.add(URL, BYTES)

    class Token(HTTPDigestAuth):
        def __call__(self, request: Any) -> Any:
            request.headers["Authorization"] = "Bearer t"
            return request

    downloader = pooch.HTTPDownloader(auth=Token("", ""))
    retrieve(URL, None, "a.raw", tmp_path / "pup", downloader=downloader)
    assert {headers["Authorization"] for headers in internet.headers} == {"Bearer t"}


def test_somebodys_downloader_is_called_once(tmp_path: Path) -> None:
    """A downloader of somebody's own is not asked again for a file that is verified."""
    calls: list[str] = []

    def copy(url: str, output_file: Any, pup: Any) -> None:
        calls.append(url)
        Path(output_file).write_bytes(BYTES)

    registry = registry_at(URL, tmp_path)
    registry.registry["a.raw"] = MD5
    for _ in range(3):
        registry.fetch("a.raw", downloader=copy)
    assert calls == [URL]


# --- names and looks ---------------------------------------------------------------------------


def test_create_may_take_poochs_place(monkeypatch: Any, tmp_path: Path) -> None:
    """``pooch.create = Registry.create`` does not call itself, nor does ``retrieve``."""
    monkeypatch.setattr(pooch, "create", Registry.create)
    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert isinstance(pooch.create(tmp_path, "https://example.org"), Registry)
    with pytest.raises(ValueError, match="protocol"):
        pooch.retrieve("gopher://example.org/a", None, "a", tmp_path)


def test_a_basename_is_no_key_elsewhere(tmp_path: Path) -> None:
    """In a registry that was not opened from a file, a name is a key or wrong, as in pooch."""
    registry = Registry.create(tmp_path, "", registry={"bunny/mesh.vtk": None})
    with pytest.raises(UnknownDatasetError, match=r"bunny/mesh\.vtk") as caught:
        registry.fetch("mesh.vtk")
    assert isinstance(caught.value, ValueError)
    with pytest.raises(UnknownDatasetError):
        registry.names("mesh.vtk")
    assert registry.names("*.vtk") == ["bunny/mesh.vtk"]


def test_names_follow_every_change(tmp_path: Path) -> None:
    """Basenames are those of the keys as they are now, even if count and last key are the same."""
    text = "a/one.raw unpinned https://example.org/1\nb/two.raw unpinned https://example.org/2\n"
    (tmp_path / "registry.txt").write_text(text)
    registry = Registry.open(tmp_path / "registry.txt", tmp_path)
    assert registry.get_url("one.raw") == "https://example.org/1"
    registry.registry.clear()
    registry.registry.update({"c/three.raw": None, "b/two.raw": None})
    registry.urls["c/three.raw"] = "https://example.org/3"
    assert registry.get_url("three.raw") == "https://example.org/3"
    with pytest.raises(UnknownDatasetError):
        registry.get_url("one.raw")
