"""What a registry says it is, and its table in notebooks."""

from __future__ import annotations

from pathlib import Path

from evio_data import Registry
from evio_data.testing import DriveServer


def test_a_registry_says_what_it_is(server: DriveServer, tmp_path: Path) -> None:
    """Its text has the count, the source and the folder; in a notebook it is a table."""
    server.add("a.raw", b"% evt 3.0", large=False)
    base = f"{server.endpoint}/plain/"
    registry = Registry.create(tmp_path, base, registry={"a.raw": None, "<b>.raw": None})
    assert repr(registry) == f"<Registry: 2 files from {base} in {tmp_path}>"
    (tmp_path / "registry.txt").write_text("a.raw unpinned https://example.org/1\n")
    opened = Registry.open(tmp_path / "registry.txt", tmp_path / "cache")
    assert repr(opened) == (
        f"<Registry: 1 file from {tmp_path / 'registry.txt'} in {tmp_path / 'cache'}>"
    )
    assert ">a.raw</td>" in opened._repr_html_()
    assert "<b>" not in registry._repr_html_()
