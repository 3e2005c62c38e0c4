"""What a section is given: the tools, a scratch folder, how often and how large."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ._tools import Tools

MIB = 2**20
MANY = 1000  # files that are not deleted while others are measured


@dataclass(frozen=True)
class Bench:
    """The circumstances of one run.

    Attributes
    ----------
    tools
        What can be measured.
    scratch
        A temporary folder; everything goes there.
    runs
        Rounds of each section.
    scale
        What all sizes are multiplied with.
    large
        Whether the section ``memory`` uses a file of 4 GiB, too.
    slow
        Whether slow tools are measured in every round, not only in the first.
    failed
        Peers that failed, by their rows, and what they said.
    """

    tools: Tools
    scratch: Path
    runs: int
    scale: float = 1.0
    large: bool = False
    slow: bool = False
    failed: dict[str, str] = field(default_factory=dict)

    def bytes_of(self, mib: float) -> int:
        """Return a size in bytes, scaled."""
        return max(1, int(mib * MIB * self.scale))

    def count_of(self, count: int) -> int:
        """Return a number of things, scaled."""
        return max(3, int(count * self.scale))

    def rounds_of(self, repeats: int) -> int:
        """Return the rounds of a section that has so many for each one elsewhere, scaled."""
        return max(1, int(self.runs * repeats * min(1.0, self.scale)))

    def home(self) -> Path:
        """Return a home for the tools: some write into it when they are imported."""
        path = self.scratch / "home"
        path.mkdir(exist_ok=True)
        return path

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Make a folder for a while."""
        path = Path(tempfile.mkdtemp(dir=self.scratch))
        try:
            yield path
        finally:
            self._discard(path)

    def _discard(self, path: Path) -> None:
        # ext4 makes new files markedly slower for a minute after many were deleted; so folders
        # of many small files stay until the whole run is over.
        if len(list(path.iterdir())) < MANY:
            shutil.rmtree(path)
