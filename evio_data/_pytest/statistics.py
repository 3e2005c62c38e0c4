"""Count the files of a test session over all processes, for the summary line."""

from collections.abc import Mapping
from typing import Any, Literal

from .._report import NOT_PUBLISHED
from .._text import duration, plural, size

Fate = Literal["unfinished", "failed", "present", "fetched"]

_RANKS: tuple[Fate, ...] = ("unfinished", "failed", "present", "fetched")


class SessionStatistics:
    """Files, bytes and seconds of one run of tests.

    Of one file that several processes needed, the best that any of them says counts, once.

    Attributes
    ----------
    files : dict of str to (str, int)
        By path: what became of it, and the bytes that came over the network for it.
    pinned : set of str
        Of their paths, those whose first use this was, nobody having published a hash.
    seconds : float
        That fetching took before the first test, and within tests that named nothing before.
    skipped : int
        Tests that were skipped because a file could not be had.

    Examples
    --------
    >>> tally = SessionStatistics()
    >>> tally.note("/cache/a.raw", "present", 0)
    >>> tally.note("/cache/b.raw", "fetched", 3 * 2**20)
    >>> print(tally.line())
    evio-data: 2 files: 1 cached, 1 fetched (3.00 MiB in 0.0 s), 0 unavailable; 0 tests skipped
    """

    def __init__(self) -> None:
        self.files: dict[str, tuple[Fate, int]] = {}
        self.pinned: set[str] = set()
        self.seconds = 0.0
        self.skipped = 0

    def note(self, path: str, fate: Fate, received: int) -> None:
        """Take in what one process says about one file."""
        known, before = self.files.get(path, (fate, received))
        self.files[path] = (max(known, fate, key=_RANKS.index), max(before, received))

    def merge(self, data: Mapping[str, Any]) -> None:
        """Take in the whole tally of another process, as its `data` has it."""
        for path, (fate, received) in data["files"].items():
            self.note(path, fate, received)
        self.pinned.update(data.get("pinned", ()))
        self.seconds = max(self.seconds, data["seconds"])
        self.skipped += data["skipped"]

    def data(self) -> dict[str, Any]:
        """Return everything as plain values, to be sent to another process."""
        files = {path: list(note) for path, note in self.files.items()}
        return {
            "files": files,
            "pinned": sorted(self.pinned),
            "seconds": self.seconds,
            "skipped": self.skipped,
        }

    def figures(self) -> dict[str, float]:
        """Return the figures by name."""
        return {
            "files": len(self.files),
            "cached": self._count("present"),
            "fetched": self._count("fetched"),
            "unavailable": self._count("failed"),
            "unfinished": self._count("unfinished"),
            "bytes": sum(received for _, received in self.files.values()),
            "seconds": round(self.seconds, 3),
            "tests_skipped": self.skipped,
        }

    def line(self) -> str:
        """Return the figures as one line for people."""
        of = self.figures()
        unfinished = of["unfinished"]
        fresh = f", {len(self.pinned)} {NOT_PUBLISHED}" if self.pinned else ""
        rest = f", {unfinished} unfinished (what arrived is kept)" if unfinished else ""
        return (
            f"evio-data: {plural(len(self.files), 'file')}: {of['cached']} cached, "
            f"{of['fetched']} fetched ({size(of['bytes'])} in {duration(of['seconds'])}){fresh}, "
            f"{of['unavailable']} unavailable{rest}; {plural(self.skipped, 'test')} skipped"
        )

    def _count(self, fate: Fate) -> int:
        return sum(each == fate for each, _ in self.files.values())
