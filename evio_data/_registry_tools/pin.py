"""Write hashes and sizes of verified files into a registry."""

import shlex
from collections.abc import Callable, Iterable
from typing import NamedTuple

from .._cache import pins as recorded
from .._cache.files import CachedFile
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
    # Before the check, to which a file without a record is one in its first use.
    first = cached_file.pin()
    quoted = shlex.quote(entry.name)  # a shell may get it
    cached_file.refuse_another_s(entry.hash)
    if first is None:
        return Refused(entry.name, f"not verified, and not pinned yet: `evio-data fetch {quoted}`.")
    actual = cached_file.check(entry.hash)
    if actual != first.hash:
        now = worded(actual) if actual else "gone"
        return Refused(
            entry.name,
            f"the file has {now}, but this cache recorded {first.hash}: it was "
            f"changed or damaged; `evio-data verify --repair {quoted}` fetches it again.",
        )
    if not cached_file.is_warm(entry.hash):
        return Refused(entry.name, "it changed while it was read; run again.")
    return Pin(entry, first.hash, first.size, _trust(first))


def _trust(first: recorded.Pin) -> str:
    return (
        f"nobody had published it; trusted on first use in this cache, on {first.day}, "
        "and read again now"
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
