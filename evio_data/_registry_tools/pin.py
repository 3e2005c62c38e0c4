"""Write hashes and sizes of verified files into a registry."""

import shlex
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from .._cache.files import CachedFile, Stamp
from .._registry.hashes import worded
from .._registry.registry import Entry
from ..errors import EvioDataError
from .editor import RegistryEditor


class Pin(NamedTuple):
    """A hash that may be written into a registry.

    Attributes
    ----------
    entry : Entry
        The line as it was.
    hash : str
    size : int
        Bytes.
    trust : str
        Why this hash is taken for the right one.
    """

    entry: Entry
    hash: str
    size: int
    trust: str


class Refused(NamedTuple):
    """A file whose hash must not be written."""

    name: str
    why: str


class Pins(NamedTuple):
    """What became of some entries.

    Attributes
    ----------
    pins : list of Pin
    refused : list of Refused
    absent : list of str
        Names of files that are not cached.
    published : list of str
        Names of files that have a hash already.
    """

    pins: list[Pin]
    refused: list[Refused]
    absent: list[str]
    published: list[str]


def collect(entries: Iterable[Entry], slot_of: Callable[[Entry], CachedFile]) -> Pins:
    """Return the hashes of cached files, each read again now and compared with its record."""
    pins = Pins([], [], [], [])
    for entry in entries:
        if entry.hash is not None:
            pins.published.append(entry.name)
            continue
        try:
            pin = _pin(entry, slot_of(entry))
        except EvioDataError as error:
            pin = Refused(entry.name, str(error))
        if pin is None:
            pins.absent.append(entry.name)
        elif isinstance(pin, Pin):
            pins.pins.append(pin)
        else:
            pins.refused.append(pin)
    return pins


def _pin(entry: Entry, cached_file: CachedFile) -> Pin | Refused | None:
    if cached_file.status() is None:
        return None
    # Before the check, to which a file without a stamp is one in its first use.
    recorded = cached_file.stamp()
    quoted = shlex.quote(entry.name)  # a shell may get it
    if recorded is None:
        return Refused(entry.name, f"not verified yet: `evio-data fetch {quoted}` does that.")
    actual = cached_file.check(recorded.hash)
    if actual != recorded.hash:
        now = worded(actual) if actual else "gone"
        return Refused(
            entry.name,
            f"the file has {now}, but this cache recorded {recorded.hash}: it was "
            f"changed or damaged; `evio-data verify --repair {quoted}` fetches it again.",
        )
    stamp = cached_file.stamp()
    if stamp is None or not cached_file.is_warm(recorded.hash):
        return Refused(entry.name, "it changed while it was read; run again.")
    if entry.size not in (None, stamp.size):
        return Refused(
            entry.name,
            f"the registry says {entry.size:,} bytes, and the verified file has {stamp.size:,}.",
        )
    return Pin(entry, stamp.hash, stamp.size, _trust(stamp))


def _trust(stamp: Stamp) -> str:
    try:
        day = str(datetime.fromtimestamp(stamp.mtime_ns / 1e9, tz=UTC).date())
    except (ValueError, OverflowError, OSError):  # a tmpfs knows years that no calendar has
        day = "no known day"
    return (
        "nobody had published it; trusted on first use in this cache, whose file is of "
        f"{day}, and read again now"
    )


def write_pins(text: RegistryEditor, pins: Iterable[Pin]) -> list[Refused]:
    """Write hashes and sizes into the lines that are still as they were; return the others."""
    refused = []
    entries = text.registry.entries  # once: no line moves
    for pin in pins:
        now = entries.get(pin.entry.name)
        if now is None or now._replace(line=0) != pin.entry._replace(line=0):
            refused.append(Refused(pin.entry.name, "its line was changed meanwhile; run again."))
        else:
            text.complete(now, known_hash=pin.hash, size=pin.size)
    return refused
