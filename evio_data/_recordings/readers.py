"""Say which readers of recordings are known to be wrong for a format."""

from __future__ import annotations

from collections.abc import Iterator

from .decoding import Format

# Each was seen on recordings whose events are known; `.ci/readers` compares the good ones.
_OLD_EVLIB = "evlib 0.8.7 decodes {} wrongly, without an error: use evlib 0.12 or later"
_EVT3_ONLY = "evt3 0.4.1 reads only EVT3: from {} it returns wrong events, without an error"
_NOTES: dict[Format, tuple[str, ...]] = {
    "EVT2": (_OLD_EVLIB, _EVT3_ONLY),
    "EVT3": (_OLD_EVLIB, "expelliarmus 1.1.12 returns wrong times for {} from a camera"),
    "DAT": ("evlib 0.13.2 does not read {}", _EVT3_ONLY),
}
_DAT_2D = "faery 0.7.1 refuses DAT of event type 0, which this file has"


def reader_notes(form: Format, kind: bytes) -> Iterator[str]:
    """Yield what to know before choosing a reader; `kind` is a DAT file's event type and size."""
    yield from (note.format(form) for note in _NOTES.get(form, ()))
    if form == "DAT" and kind[:1] == b"\0":
        yield _DAT_2D
