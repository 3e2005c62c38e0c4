"""Which readers are known to be wrong for a recording."""

from __future__ import annotations

from typing import Literal

import pytest

from evio_data._recordings.readers import reader_notes


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ("EVT2", ["evlib 0.8.7", "evt3"]),
        ("EVT3", ["evlib 0.8.7", "expelliarmus"]),
        ("DAT", ["evlib 0.13.2", "evt3"]),
    ],
)
def test_notes(form: Literal["EVT2", "EVT3", "DAT"], named: list[str]) -> None:
    """Each note names a reader, its version and this format."""
    notes = list(reader_notes(form, b""))
    assert [note.startswith(reader) for note, reader in zip(notes, named, strict=True)] == [
        True
    ] * len(named)
    assert all(form in note or "returns wrong" in note for note in notes)
    assert not any("{}" in note for note in notes)


@pytest.mark.parametrize(
    ("kind", "told"), [(b"\x00\x08", True), (b"\x0c\x08", False), (b"", False)]
)
def test_dat_of_two_dimensions(kind: bytes, *, told: bool) -> None:
    """A DAT file of event type 0 has one note more: a reader refuses it."""
    notes = list(reader_notes("DAT", kind))
    assert any("faery" in note for note in notes) is told
