"""Registry files: what pooch reads, and lines that are refused by their number."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from evio_data import Registry
from evio_data.errors import (
    RegistryError,
)
from tests.pooch.data import BYTES, SHA256

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_open_refuses_a_bad_line(drive: Drive) -> None:
    """A file that breaks a rule is refused with the line's number."""
    drive.register(f"../a.raw {SHA256} https://example.org/a")
    with pytest.raises(RegistryError, match="line 1"):
        Registry.open(drive.registry)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (f"../x {SHA256}", "empty part"),
        (f"/x {SHA256} https://example.org/x", "absolute"),
        (f"a\\\\b {SHA256}", "backslash"),
        (f"aux.raw {SHA256}", "Windows"),
        ("a.raw 123abc", "64 hex digits"),
        (f"'a.raw {SHA256}", "quotation"),
        ("a.raw", "1 columns"),
    ],
)
def test_bad_line_is_refused_whole(line: str, words: str, tmp_path: Path) -> None:
    """`load_registry` refuses a bad line by its number, and then has added nothing."""
    registry = Registry(tmp_path, "https://example.org/")
    with pytest.raises(RegistryError, match=words) as caught:
        registry.load_registry(io.StringIO(f"good.raw {SHA256}\n{line}\n"))
    assert caught.value.line == 2
    assert isinstance(caught.value, OSError)
    assert (registry.registry, registry.urls) == ({}, {})


def test_bad_line_names_the_file(tmp_path: Path) -> None:
    """The error of a registry file says which file it is."""
    path = tmp_path / "mine.txt"
    path.write_bytes(b"a.raw " + SHA256.encode() + b"\n\xff\xfe\n")
    with pytest.raises(RegistryError, match=r"mine\.txt: line 2: is not UTF-8"):
        Registry(tmp_path, "").load_registry(path)


def test_loaded_registry_is_fetched(drive: Drive) -> None:
    """What `load_registry` reads is what `open` reads: sizes, and files without a hash."""
    drive.add("a.raw", BYTES, size=True, large=True)
    drive.add("b.raw", BYTES, pinned=False)
    loaded = Registry(drive.cache, "")
    loaded.load_registry(drive.registry)
    opened = Registry.open(drive.registry)
    assert (loaded.registry, loaded.urls) == (opened.registry, opened.urls)
    assert Path(loaded.fetch("a.raw")).read_bytes() == BYTES


def test_an_error_of_the_registry_names_the_file(tmp_path: Path) -> None:
    """Who opened or loaded a file is told which one has the bad hash."""
    path = tmp_path / "registry.txt"
    path.write_text(f"a.raw {'0' * 64}\n")
    registry = Registry.create(tmp_path, "https://example.org")
    registry.load_registry(path)
    registry.registry["a.raw"] = "md5:12"
    with pytest.raises(RegistryError, match=r"registry\.txt"):
        registry.fetch("a.raw")
