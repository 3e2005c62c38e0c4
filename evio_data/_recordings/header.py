"""Read what the text header of a recording says, and what follows from the file's size."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .decoding import WORD_SIZES, Format
from .duration import measure
from .readers import reader_notes

HEADER_LIMIT = 64 * 1024  # bytes; cameras write a few hundred
_LONGEST_VALUE = 200  # characters of a value that are kept
_LARGEST_SIDE = 65_535  # pixels
_CONTROLS = bytes({*range(32), 127} - {*b"\t\r"})  # such bytes are in no line of text

_FORMATS: dict[str, Format] = {
    "EVT2": "EVT2",
    "2.0": "EVT2",
    "EVT21": "EVT2.1",
    "2.1": "EVT2.1",
    "EVT3": "EVT3",
    "3.0": "EVT3",
}
_DAT_KINDS = {bytes([0x00, 8]), bytes([0x0C, 8])}  # type (2D or CD event) and size of a record
# Old headers leave the geometry to the plugin's name, as the vendor's own readers do.
_SENSORS = {
    "hal_plugin_gen3": (640, 480),
    "hal_plugin_gen4": (1280, 720),
    "hal_plugin_imx636": (1280, 720),
}


@dataclass(frozen=True, slots=True)
class RecordingHeader:
    """What is known of a recording without decoding it.

    Attributes
    ----------
    format : str
        ``"EVT2"``, ``"EVT2.1"``, ``"EVT3"``, ``"DAT"`` or ``"unknown"``.
    size : int
        Bytes of the whole file.
    header_length : int
        Bytes before the first event; 0 if the file is not a known recording.
    event_size : int or None
        Bytes of a record (DAT) or of a word (EVT).
    big_endian : bool
        The header says that the words are big-endian; neither duration nor picture is made.
    width, height : int or None
        Of the sensor in pixels; in old headers they follow from the name of the camera's plugin.
    date, serial, camera, plugin : str or None
        As written in the header: recording date, serial number, integrator, plugin.
    events : int or None
        Exact number of events. Only DAT tells it without being decoded.
    duration_us : int or None
        Microseconds from the first event to the last. None where bounded reads cannot tell:
        EVT2.1, or EVT3 over 1 MiB without the regular time words of a camera. A clock that went
        all the way round is not noticed in DAT (after 71 minutes) and EVT2 (after 4.8 hours).
    notes : tuple of str
        Which readers are known to be wrong for this format, and what is odd about the file.
    """

    format: Format
    size: int
    header_length: int
    event_size: int | None = None
    big_endian: bool = False
    width: int | None = None
    height: int | None = None
    date: str | None = None
    serial: str | None = None
    camera: str | None = None
    plugin: str | None = None
    events: int | None = None
    duration_us: int | None = None
    notes: tuple[str, ...] = ()


def read_header(source: str | os.PathLike[str] | BinaryIO) -> RecordingHeader:
    """Return what the header of a recording says.

    At most 18 MiB are read, usually far less, and never the whole of a large file. No content
    raises an error: what cannot be understood is ``"unknown"`` or None.

    Parameters
    ----------
    source : path-like or binary file
        The recording. A file must be seekable; its position is put back.

    Returns
    -------
    RecordingHeader
        Format, geometry, date, camera, number of events and duration as far as they are known.

    Raises
    ------
    OSError
        If the file cannot be opened or read.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from evio_data.testing import write_dat
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fan = write_dat(pathlib.Path(folder, "fan.dat"), events=1000)
    ...     header = read_header(fan.path)
    >>> header.format, header.width, header.height, header.events
    ('DAT', 1280, 720, 1000)
    """
    with opened(source) as file:
        return _describe(file)


def _describe(file: BinaryIO) -> RecordingHeader:
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    fields, length, kind = _split(file.read(HEADER_LIMIT))
    form = _format(fields, kind)
    if form == "unknown":
        return RecordingHeader(form, size, 0)
    length += len(kind) if form == "DAT" else 0
    options = _options(fields)
    big_endian = "big" in (options.get("endianness"), fields.get("endianness"))
    width, height = _geometry(fields, options)
    return RecordingHeader(
        form,
        size,
        length,
        WORD_SIZES[form],
        big_endian=big_endian,
        width=width,
        height=height,
        date=fields.get("date"),
        serial=fields.get("serial_number"),
        camera=fields.get("camera_integrator_name") or fields.get("integrator_name"),
        plugin=fields.get("plugin_name"),
        events=(size - length) // WORD_SIZES[form] if form == "DAT" else None,
        duration_us=None if big_endian else measure(file, form, length, size),
        notes=(*_oddities(form, size - length), *reader_notes(form, kind)),
    )


@contextmanager
def opened(source: str | os.PathLike[str] | BinaryIO) -> Iterator[BinaryIO]:
    """Open a path, or lend an open file and put its position back."""
    if isinstance(source, (str, os.PathLike)):
        with Path(source).open("rb") as file:
            yield file
        return
    before = source.tell()
    try:
        yield source
    finally:
        source.seek(before)


def _split(data: bytes) -> tuple[dict[str, str], int, bytes]:
    """Return the header's fields, its length, and the two bytes after it.

    A header that does not end within the limit has no fields.
    """
    fields: dict[str, str] = {}
    length = 0
    for line, length in _lines(data):  # noqa: B007 (the last length counts)
        key, _, value = line.partition(" ")
        fields[key.rstrip(":").lower()] = _clean(value)
    rest = data[length : length + 2]
    endless = len(data) == HEADER_LIMIT and "end" not in fields and rest[:1] in (b"", b"%")
    return ({}, 0, b"") if endless else (fields, length, rest)


def _lines(data: bytes) -> Iterator[tuple[str, int]]:
    """Yield the text of each line that starts with ``%``, and where the next one starts."""
    start, text = 0, ""
    while text != "end" and data.startswith(b"%", start):
        end = data.find(b"\n", start) + 1
        line = data[start + 1 : end - 1]
        if not end or line.translate(None, _CONTROLS) != line:
            return
        text = line.decode("utf-8", "replace").strip()
        yield text, end
        start = end


def _clean(value: str) -> str:
    """Return what may be shown on a terminal."""
    return "".join(c for c in value[:_LONGEST_VALUE] if c.isprintable()).strip()


def _format(fields: dict[str, str], kind: bytes) -> Format:
    said = fields.get("format", "").partition(";")[0].strip() or fields.get("evt")
    if said:
        return _FORMATS.get(said.upper(), "unknown")
    return "DAT" if fields and kind in _DAT_KINDS else "unknown"


def _options(fields: dict[str, str]) -> dict[str, str]:
    """Return what stands after the format's name: ``EVT3;height=720;width=1280``."""
    pairs = (pair.partition("=") for pair in fields.get("format", "").split(";")[1:])
    return {key.strip().lower(): value.strip() for key, _, value in pairs}


def _geometry(fields: dict[str, str], options: dict[str, str]) -> tuple[int | None, int | None]:
    width, _, height = fields.get("geometry", "").lower().partition("x")
    said = [
        (options.get("width"), options.get("height")),
        (width, height),
        (fields.get("width"), fields.get("height")),
    ]
    for pair in said:
        sides = _pixels(pair[0]), _pixels(pair[1])
        if None not in sides:
            return sides
    plugin = fields.get("plugin_name", "")
    sensors = (sides for name, sides in _SENSORS.items() if plugin.startswith(name))
    return next(sensors, (None, None))


def _pixels(text: str | None) -> int | None:
    text = (text or "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 5):
        return None
    number = int(text)
    return number if 0 < number <= _LARGEST_SIDE else None


def _oddities(form: Format, body: int) -> Iterator[str]:
    if body == 0:
        yield "there are no events after the header"
    elif body % WORD_SIZES[form]:
        yield "the file ends in the middle of an event: it may have been cut off"
