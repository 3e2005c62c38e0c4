"""`Registry`: what it has beyond a Pooch, and what it must not let happen."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import evio_data
from evio_data import DriveDownloader, Registry
from evio_data.errors import (
    CacheError,
    ChecksumError,
    DownloadError,
    RegistryError,
    UnknownDatasetError,
)
from tests.pooch.data import BYTES, MD5, SHA256

if TYPE_CHECKING:
    from tests.conftest import Drive


def note_action(path: str, action: str, pup: Any) -> str:
    """Be a processor that returns what was done."""
    return action


def flip_unseen(path: Path) -> bytes:
    """Change one byte of a file, and nothing that its status tells; return what it has now."""
    before = path.stat()
    changed = bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:]
    with path.open("r+b") as file:
        file.write(changed[:1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    return changed


# --- open --------------------------------------------------------------------------------------


def test_open_reads_names_hashes_and_urls(drive: Drive, tmp_path: Path) -> None:
    """`Registry.open` is a Pooch over the file's entries; who has no hash has None."""
    fan = drive.add("fan/a.raw", BYTES, size=True)
    drive.add("b.raw", b"b", pinned=False)
    registry = Registry.open(drive.registry, tmp_path / "here")
    assert registry.registry == {"fan/a.raw": SHA256, "b.raw": None}
    assert registry.registry_files == ["fan/a.raw", "b.raw"]
    assert registry.get_url("fan/a.raw") == f"{fan.url}#size={len(BYTES)}"
    assert registry.path == tmp_path / "here"
    assert not registry.path.exists()


def test_open_uses_the_environments_cache(drive: Drive) -> None:
    """Without ``cache_dir`` the files go where EVIO_DATA_DIR says."""
    drive.add("a.raw", BYTES)
    assert Registry.open(drive.registry).fetch("a.raw") == str(drive.cache / "a.raw")


# --- fetch, our way ----------------------------------------------------------------------------


def test_file_comes_from_drive(drive: Drive) -> None:
    """A file behind Drive's warning page is fetched, and its type is str."""
    drive.add("a.raw", BYTES, large=True)
    path: str = Registry.open(drive.registry).fetch("a.raw")
    assert Path(path).read_bytes() == BYTES


def test_result_has_the_processors_type(drive: Drive) -> None:
    """What a processor returns is returned; type checkers know it."""
    drive.add("a.raw", BYTES)

    def size_of(path: str, action: str, pup: Registry) -> int:
        return Path(path).stat().st_size

    size: int = Registry.open(drive.registry).fetch("a.raw", processor=size_of)
    assert size == len(BYTES)


def test_basename_is_enough(drive: Drive) -> None:
    """A basename that one key has is as good as the key, for every method."""
    file = drive.add("fan/a.raw", BYTES)
    registry = Registry.open(drive.registry)
    assert registry.fetch("a.raw") == str(drive.cache / "fan" / "a.raw")
    assert registry.get_url("a.raw") == file.url
    assert registry.is_available("a.raw")


def test_ambiguous_basename_is_an_error_with_the_candidates(drive: Drive) -> None:
    """A basename of several keys is refused, also if the second key came later."""
    drive.add("one/a.raw", BYTES)
    registry = Registry.open(drive.registry)
    registry.fetch("a.raw")
    registry.registry["two/a.raw"] = SHA256
    with pytest.raises(UnknownDatasetError) as caught:
        registry.fetch("a.raw")
    assert caught.value.candidates == ("one/a.raw", "two/a.raw")


def test_deleted_key_is_not_found_by_its_basename(drive: Drive) -> None:
    """A key that the user takes out of ``registry`` is gone for basenames, too."""
    drive.add("one/a.raw", BYTES)
    registry = Registry.open(drive.registry)
    registry.fetch("a.raw")
    del registry.registry["one/a.raw"]
    registry.registry["one/b.raw"] = SHA256
    with pytest.raises(UnknownDatasetError, match=r"one/b\.raw"):
        registry.fetch("a.raw")


def test_misspelt_name_is_an_error_with_the_nearest(drive: Drive) -> None:
    """An unknown name is answered with those that are like it, as a `ValueError` of ours."""
    drive.add("fan_const.raw", BYTES)
    with pytest.raises(UnknownDatasetError, match=r"fan_const\.raw") as caught:
        Registry.open(drive.registry).fetch("fan_cnst.raw")
    assert isinstance(caught.value, ValueError)


def test_cache_is_that_of_evio_data(drive: Drive) -> None:
    """What `evio_data.fetch` has fetched is there for a registry, and the other way round."""
    drive.add("a.raw", BYTES)
    drive.add("b.raw", BYTES)
    registry = Registry.open(drive.registry)
    evio_data.fetch("a.raw")
    registry.fetch("b.raw")
    drive.server.forget()
    assert registry.fetch("a.raw", processor=note_action) == "fetch"
    assert evio_data.fetch("b.raw") == drive.path("b.raw")
    assert drive.server.requests == []


def test_nothing_is_printed(drive: Drive, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a bar a registry says nothing, where pooch writes past every bar."""
    drive.add("a.raw", BYTES)
    Registry.open(drive.registry).fetch("a.raw")
    assert capsys.readouterr() == ("", "")


def test_mirrors_of_the_file_are_used(drive: Drive) -> None:
    """A registry's ``# mirrors:`` are asked where Drive has nothing."""
    drive.register(f"# mirrors: {drive.server.endpoint}/plain")
    drive.register(f"a.raw {SHA256} https://drive.google.com/uc?id={'1' * 33}")
    drive.server.add("a.raw", BYTES)
    assert Path(Registry.open(drive.registry).fetch("a.raw")).read_bytes() == BYTES


# --- warm --------------------------------------------------------------------------------------


def test_warm_file_is_not_hashed(drive: Drive) -> None:
    """A file whose status is that of its verification is returned as it is."""
    drive.add("a.raw", BYTES)
    registry = Registry.open(drive.registry)
    path = Path(registry.fetch("a.raw"))
    changed = flip_unseen(path)
    assert registry.fetch("a.raw", processor=note_action) == "fetch"
    assert path.read_bytes() == changed


def test_warm_file_needs_no_requests(drive: Drive) -> None:
    """In a new process, a warm fetch does not import requests."""
    drive.add("a.raw", BYTES)
    Registry.open(drive.registry).fetch("a.raw")
    code = """
import sys
from evio_data import Registry
Registry.open(sys.argv[1]).fetch("a.raw")
print(sorted({"requests", "urllib3"} & set(sys.modules)))
"""
    assert drive.run(code, str(drive.registry)) == "[]\n"


def test_stamps_that_the_disk_does_not_take_are_remembered(drive: Drive) -> None:
    """Where no stamp can be written, a file is hashed once in a process, not at each fetch."""
    drive.add("a.raw", BYTES)
    drive.cache.mkdir()
    drive.path("a.raw").write_bytes(BYTES)
    (drive.cache / ".evio-data").write_text("in the way, as on a read-only disk")
    registry = Registry.open(drive.registry)
    registry.fetch("a.raw")
    changed = flip_unseen(drive.path("a.raw"))
    assert Registry.open(drive.registry).fetch("a.raw", processor=note_action) == "fetch"
    assert drive.path("a.raw").read_bytes() == changed
    assert drive.server.requests == []


# --- unpinned ----------------------------------------------------------------------------------


def test_unpinned_file_is_pinned_by_its_first_use(drive: Drive) -> None:
    """Without a known hash, the first download's is what later ones must have."""
    file = drive.add("a.raw", BYTES, pinned=False)
    registry = Registry.open(drive.registry)
    Path(registry.fetch("a.raw")).unlink()
    file.replace(b"something else")
    with pytest.raises(ChecksumError) as caught:
        registry.fetch("a.raw")
    assert caught.value.expected == SHA256
    assert not drive.path("a.raw").exists()


@pytest.mark.parametrize("downloader", [None, DriveDownloader()])
def test_unpinned_is_a_word_in_the_dictionary_too(downloader: Any, drive: Drive) -> None:
    """Whoever writes ``unpinned`` into ``registry`` means pooch's None."""
    file = drive.server.add("a.raw", BYTES)
    registry = Registry(drive.cache, "", {"a.raw": "unpinned"}, {"a.raw": file.url})
    assert Path(registry.fetch("a.raw", downloader=downloader)).read_bytes() == BYTES


# --- hostile and broken entries ----------------------------------------------------------------

HOSTILE = ["../x", "a/../../x", "/x", "..", ".", "", "a\\..\\x", "C:x", ".evio-data/x", "a\nb"]


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("known_hash", [SHA256, MD5, None], ids=["sha256", "md5", "none"])
@pytest.mark.parametrize("downloader", [None, DriveDownloader()], ids=["ours", "given"])
def test_no_name_leads_out_of_the_cache(
    name: str, known_hash: str | None, downloader: Any, drive: Drive, tmp_path: Path
) -> None:
    """A name that is no relative path is refused, however it came into the dictionary."""
    file = drive.server.add("a.raw", BYTES)
    registry = Registry(drive.cache, "")
    registry.registry[name], registry.urls[name] = known_hash, file.url
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RegistryError, match="Correct the registry"):
        registry.fetch(name, downloader=downloader)
    assert sorted(tmp_path.rglob("*")) == before
    assert drive.server.requests == []


def test_hash_that_cannot_be_right_costs_no_download(drive: Drive) -> None:
    """A known hash that is no hash is refused before anything is asked."""
    drive.add("a.raw", BYTES)
    registry = Registry.open(drive.registry)
    registry.registry["a.raw"] = SHA256[:-1]
    with pytest.raises(RegistryError, match="64 hex digits"):
        registry.fetch("a.raw")
    assert drive.server.requests == []


def test_url_that_two_readers_read_differently_is_refused(drive: Drive) -> None:
    """A URL with a backslash in its host goes to nobody, for no hash."""
    url = "https://example.org\\@evil.example/a"
    for known_hash in (SHA256, MD5):
        registry = Registry(drive.cache, "", {"a.raw": known_hash}, {"a.raw": url})
        with pytest.raises(DownloadError, match="URL"):
            registry.fetch("a.raw")


def test_symbolic_link_is_not_followed(drive: Drive, tmp_path: Path) -> None:
    """A link in the place of the file is an error, and what it points to is left alone."""
    drive.add("a.raw", BYTES)
    (tmp_path / "precious").write_text("mine")
    drive.cache.mkdir()
    drive.path("a.raw").symlink_to(tmp_path / "precious")
    with pytest.raises(CacheError, match="symbolic link"):
        Registry.open(drive.registry).fetch("a.raw")
    assert (tmp_path / "precious").read_text() == "mine"


# --- errors ------------------------------------------------------------------------------------


def test_info_is_that_of_the_functions(drive: Drive) -> None:
    """A registry knows of a file what the functions know: size, hash, licence, header."""
    drive.register("# license[fan/*]: CC0-1.0")
    file = drive.server.add("a.raw", b"% evt 3.0\n")
    drive.register(file.registry_line("fan/a.raw", pinned=False) + "#about=7")
    registry = Registry.open(drive.registry)
    info = registry.info("a.raw")
    assert info == evio_data.info("a.raw")
    assert (info.license, info.about, info.size) == ("CC0-1.0", 7, None)
    assert "~7 B" in registry._repr_html_()
    registry.fetch("a.raw")
    assert registry.info("fan/a.raw").size == 10
    with pytest.raises(LookupError):
        registry.info("b.raw")


def test_info_of_an_md5(drive: Drive, tmp_path: Path) -> None:
    """The kind of a hash is said, and a key of any pooch is found."""
    known = f"md5:{'0' * 32}"
    registry = Registry(path=tmp_path, base_url="https://a.org/", registry={"a.raw": known})
    info = registry.info("a.raw")
    assert (info.hash, info.hash_kind, info.source) == (known, "md5", "https://a.org/a.raw")
