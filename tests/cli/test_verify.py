"""``evio-data verify``: what is right, what is damaged, and its repair."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.cli.programs import CONTENT, EVIO_DATA, FRAME, run

if TYPE_CHECKING:
    from tests.conftest import Drive


def test_verify_judges_and_repairs(drive: Drive) -> None:
    """`verify` names what is damaged and touches nothing; --repair fetches it again."""
    for name in ("a.raw", "b.raw", "c.raw"):
        drive.add(name, CONTENT)
    drive.fetch_elsewhere("a.raw")
    path = drive.fetch_elsewhere("b.raw")
    path.write_bytes(b"damaged")
    found = run(EVIO_DATA, "verify")
    assert found.code == 1
    assert found.out.startswith("a.raw: right\nb.raw: ")
    assert found.out.endswith("1 file right, 1 wrong, 1 not cached\n")
    assert path.read_bytes() == b"damaged"
    mended = run(EVIO_DATA, "verify", "--repair")
    assert mended.code == 0
    assert "b.raw: fetched again, right\n" in mended.out
    assert path.read_bytes() == CONTENT


def test_verify_as_json(drive: Drive) -> None:
    """`verify --json` prints one object, with an error for each damaged file."""
    drive.add("a.raw", CONTENT)
    drive.fetch_elsewhere("a.raw").write_bytes(b"damaged")
    value = run(EVIO_DATA, "verify", "--json").json
    assert set(value) >= FRAME
    assert value["files"][0]["error"]["type"] == "ChecksumError"
