"""Where the bytes of a file go: our cache, pooch's temporary file, or an open file."""

from pathlib import Path
from typing import Protocol


class Destination(Protocol):
    """The place of one wanted file.

    Attributes
    ----------
    final : str
        Where the file is, or will be.
    pins : bool
        Whether what is published here is from then on the only right content.
    is_new : bool
        Whether `prepare` has made the folder just now: no earlier process left anything there.
    """

    final: str
    pins: bool
    is_new: bool

    @property
    def path(self) -> Path:
        """The same as a Path."""

    @property
    def state(self) -> Path:
        """The folder for the lock and the partial."""

    def prepare(self) -> None:
        """Make the folders.

        Raises
        ------
        CacheError
            If they cannot be made or written to.
        """

    def known_hash(self, published: str | None) -> str | None:
        """Return the published hash, or for an unpinned entry the one of its first use."""

    def set_aside(self) -> Path:
        """Move a damaged file out of the way, to be kept until it is replaced; return where."""

    def publish(self, part: Path, digest: str) -> None:
        """Give the checked bytes their final name, in one step."""
