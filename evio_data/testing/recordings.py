"""Synthetic recordings of a given size or number of events.

The scene is a fan of three bright blades that turns before an event camera: ON events where a
leading edge passes, OFF events at the trailing edges, and some noise. The recordings are of any
length, always written in a moment and with little memory, and what is in them is known exactly.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from . import _dat, _evt3
from ._fan import Event, Fan
from ._filling import Format, fill

__all__ = ["Event", "Recording", "write_dat", "write_evt3"]

DEFAULT_SIZE = 2**20  # bytes
DEFAULT_RATE = 2_800_000  # events a second, as in "fan_const_rpm"
_UNLIMITED = 2**63  # bytes or events


@dataclass(frozen=True, slots=True)
class Recording:
    """What was written.

    Attributes
    ----------
    path : pathlib.Path
        The file.
    size : int
        Its length in bytes.
    count : int
        How many events it has.
    on : int
        How many of them are ON.
    last : int
        The time of the last event in microseconds; the recording starts at 0.
    fan : Fan
        The scene: seed, width, height, rate.
    """

    path: Path
    size: int
    count: int
    on: int
    last: int
    fan: Fan

    def events(self) -> Iterator[Event]:
        """Yield the events ``(t, x, y, p)`` in the order in which they are in the file."""
        return islice(self.fan.events(), self.count)


def write_evt3(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    events: int | None = None,
    seed: int = 0,
    width: int = 1280,
    height: int = 720,
    rate: int = DEFAULT_RATE,
) -> Recording:
    """Write a Prophesee ``.raw`` recording, encoded as EVT 3.0.

    It has single events, vectors, and a time that wraps after 16.78 s as a camera's does.

    Parameters
    ----------
    path : path-like
        The file, which is replaced if it is there.
    size : int
        Its exact length in bytes: what no whole event fills is added to a line of the header.
        1 MiB if neither `size` nor `events` is given.
    events : int
        How many events it has, instead of `size`.
    seed : int
        The same seed gives the same events, here and in `write_dat`.
    width, height : int
        Of the sensor in pixels, 16 to 2048.
    rate : int
        Events in a second, 245 at least: a lower rate makes a longer recording.

    Returns
    -------
    Recording
        What is in it.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fan = write_evt3(pathlib.Path(folder, "fan.raw"), size=10_001)
    ...     fan.path.stat().st_size
    10001
    """
    return _write(Path(path), _evt3, Fan(seed, width, height, rate), size, events)


def write_dat(
    path: str | os.PathLike[str],
    *,
    size: int | None = None,
    events: int | None = None,
    seed: int = 0,
    width: int = 1280,
    height: int = 720,
    rate: int = DEFAULT_RATE,
) -> Recording:
    """Write a Prophesee ``.dat`` recording of CD events; parameters as in `write_evt3`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     fan = write_dat(pathlib.Path(folder, "fan.dat"), events=3)
    ...     len(list(fan.events()))
    3
    """
    return _write(Path(path), _dat, Fan(seed, width, height, rate), size, events)


def _write(path: Path, form: Format, fan: Fan, size: int | None, events: int | None) -> Recording:
    filling = fill(form, fan, *_limits(form, fan, size, events))
    if filling.last >= form.LONGEST:
        raise ValueError(f"longer than the format's time, {form.LONGEST / 1e6:.0f} s")
    header = form.header(fan, _note(fan, padding=filling.space if events is None else 0))
    with path.open("wb") as file:
        file.write(header)
        for data in filling.placed(form):
            file.write(data)
        written = file.tell()
    return Recording(path, written, filling.count, filling.on, filling.last, fan)


def _limits(form: Format, fan: Fan, size: int | None, events: int | None) -> tuple[int, int]:
    """Return how many bytes there are for events, and how many events there may be."""
    if events is not None:
        if size is not None:
            raise ValueError("either size or events, not both")
        return _UNLIMITED, events
    header = form.header(fan, _note(fan, padding=0))
    return (DEFAULT_SIZE if size is None else size) - len(header), _UNLIMITED


def _note(fan: Fan, *, padding: int) -> str:
    return f"note A synthetic fan, seed {fan.seed}, no camera's" + "." * padding
