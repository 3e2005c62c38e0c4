"""Everything that is known of one file without downloading it."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ._cache.inventory import State, inventory
from ._collection import Collection
from ._registry.facts import KINDS
from ._registry.hashes import kind_of
from ._registry.registry import Entry
from ._report import HashState
from ._text import aligned, amount, html_table, size

if TYPE_CHECKING:
    from ._recordings.header import RecordingHeader

ON_DISK = ("verified", "pinned", "unverified", "damaged")  # states of files that can be read
PICTURE_WIDTH = 320  # pixels in a notebook
NO_LICENSE = "unknown: nobody has published one. Ask before you share the file or publish with it"


@dataclass(frozen=True, repr=False)
class Info:
    """What is known of one file; printed, it is a table.

    Attributes
    ----------
    name : str
        The registry key.
    source : str
        The URL.
    size, about : int or None
        Bytes: exact, from the registry or the cached file; or as documented.
    hash : str or None
        64 digits of a SHA-256, or ``kind:digits``; None: nobody has published one, and the file
        was never fetched.
    hash_state : {"published", "pinned", "unpinned"}
    state : str
        As in ``evio-data list``: ``verified``, ``partial``, ``missing`` and so on.
    held : int
        Bytes on disk.
    path : Path
        Where the file is, or would be.
    license, citation, homepage, contact : str or None
        As the registry says; None: nobody has published it.
    documented_events, note : str or None
        What is documented of the recording.
    header : RecordingHeader or None
        What the cached file says itself, camera and notes on readers included.
    """

    name: str
    source: str
    size: int | None
    about: int | None
    hash: str | None
    hash_state: HashState
    state: State
    held: int
    path: Path
    license: str | None = None
    citation: str | None = None
    homepage: str | None = None
    contact: str | None = None
    documented_events: str | None = None
    note: str | None = None
    header: "RecordingHeader | None" = None

    @property
    def key(self) -> str:
        """The registry key; the same as ``name``."""
        return self.name

    @property
    def size_kind(self) -> Literal["exact", "documented", "unknown"]:
        """Whether ``size`` is known, only ``about``, or neither."""
        if self.size is not None:
            return "exact"
        return "unknown" if self.about is None else "documented"

    @property
    def format(self) -> str | None:
        """The format of a cached recording: ``"EVT3"``, ``"DAT"`` and so on."""
        return self.header.format if self.header else None

    @property
    def width(self) -> int | None:
        """Pixels of the sensor in a row, where a cached recording says it."""
        return self.header.width if self.header else None

    @property
    def height(self) -> int | None:
        """Rows of the sensor, where a cached recording says it."""
        return self.header.height if self.header else None

    @property
    def date(self) -> str | None:
        """When a cached recording was made, as its header says it."""
        return self.header.date if self.header else None

    @property
    def events(self) -> int | None:
        """The exact number of events of a cached ``.dat`` recording."""
        return self.header.events if self.header else None

    @property
    def duration(self) -> float | None:
        """Seconds from the first event of a cached recording to the last, where that is known."""
        microseconds = self.header.duration_us if self.header else None
        return None if microseconds is None else microseconds / 1e6

    @property
    def hash_kind(self) -> str | None:
        """The algorithm: ``"sha256"``, ``"md5"`` and so on; None where no hash is known."""
        return kind_of(self.hash) if self.hash else None

    def __repr__(self) -> str:
        return "\n".join([self.name, *(f"  {line}" for line in aligned(self.rows()))])

    def _repr_html_(self) -> str:
        table = html_table(("", self.name), self.rows())
        return table + _picture(self.path) if self.header is not None else table

    def rows(self) -> list[tuple[str, str]]:
        """Return labels and texts, as they are shown."""
        whom = f" ({self.contact or self.homepage or 'its publisher'})"
        return [
            ("state", self._state()),
            ("size", self._size()),
            *self._hash_rows(),
            ("source", self.source),
            ("path", str(self.path)),
            *_header_rows(self.header),
            *[("documented", text) for text in [self._documented()] if text],
            ("license", self.license or f"{NO_LICENSE}{whom}."),
            ("citation", self.citation or f"unknown: ask how to cite it{whom}."),
            ("homepage", self.homepage or "unknown"),
        ]

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as JSON can hold them."""
        from dataclasses import asdict

        kinds = {"size_kind": self.size_kind, "hash_kind": self.hash_kind}
        return {**asdict(self), "path": str(self.path), **kinds}

    def _documented(self) -> str:
        events = [f"events: {self.documented_events}"] if self.documented_events else []
        return "; ".join([*events, *([self.note] if self.note else [])])

    def _state(self) -> str:
        whole = f" of {amount(self.size, self.about)}" if self.state == "partial" else ""
        return f"{self.state}, {size(self.held)}{whole}" if self.held else self.state

    def _size(self) -> str:
        if self.size is not None:
            return f"{self.size:,} bytes ({size(self.size)})"
        if self.about is not None:
            return f"about {size(self.about)} (documented; nobody has published the exact size)"
        return "unknown"

    def _hash_rows(self) -> Iterator[tuple[str, str]]:
        if self.hash is None:
            yield "hash", "none published; the first download's hash is recorded and enforced"
            return
        yield "hash", f"{self.hash_kind}, {self.hash_state}"
        yield "", self.hash.rpartition(":")[2]


def describe(collection: Collection, entry: Entry) -> Info:
    """Return what is known of an entry; of a cached file its header is read too."""
    (item,) = inventory(collection.cache, [entry])
    facts = {kind: collection.registry.fact(kind, entry.name) for kind in KINDS}
    facts["documented_events"] = facts.pop("events")
    path = Path(item.path)
    return Info(
        entry.name,
        entry.url,
        item.size,
        entry.about,
        item.hash,
        item.hash_state,
        item.state,
        item.held,
        path,
        **facts,
        header=_header(path) if item.state in ON_DISK else None,
    )


def _header(path: Path) -> "RecordingHeader | None":
    from ._recordings.header import read_header

    try:
        header = read_header(path)
    except OSError:
        return None
    return None if header.format == "unknown" else header


def _header_rows(header: "RecordingHeader | None") -> Iterator[tuple[str, str]]:
    if header is None:
        return
    geometry = f", {header.width} x {header.height} pixels" if header.width else ""
    yield "format", f"{header.format}{geometry}"
    if header.events is not None:
        yield "events", f"{header.events:,}"
    if header.duration_us is not None:
        yield "duration", f"{header.duration_us / 1e6:,.3f} s"
    camera = [header.camera, header.plugin, header.serial and f"serial number {header.serial}"]
    if any(camera):
        yield "camera", ", ".join(filter(None, camera))
    if header.date:
        yield "recorded", header.date
    for note in header.notes:
        yield "note", note


def _picture(path: Path) -> str:
    """Return the first events as an image of HTML, or nothing."""
    from base64 import b64encode

    from ._recordings.picture import read_frame

    try:
        frame = read_frame(path)
    except OSError:
        return ""
    if frame is None:
        return ""
    data = b64encode(frame.to_png()).decode("ascii")
    return (
        f'<img width="{PICTURE_WIDTH}" alt="The first events" src="data:image/png;base64,{data}">'
    )
