"""Put the bytes of a file on the disk, beside receiving and hashing."""

import os
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import BinaryIO

from .._files import open_nofollow
from .._threads import started
from .spans import Span


class Sync:
    """A flush to the disk, in a thread of its own.

    Parameters
    ----------
    path : Path or None
        None if there is nothing to be done.
    spans : list of Span
        The bytes that are there when it begins.
    after : Sync, optional
        An earlier one of the same file, which ends first.

    Attributes
    ----------
    held : list of Span
        The bytes that are on the disk: none before the flush has ended well.
    lost : OSError or None
        Why the system could not write bytes, in this flush or in one before: it tells that once.
    """

    def __init__(
        self, path: Path | None, spans: Sequence[Span] = (), *, after: "Sync | None" = None
    ) -> None:
        self.held: list[Span] = []
        self.lost: OSError | None = None
        self._spans = spans
        self._after = after
        self._error: OSError | None = None
        self._thread: threading.Thread | None = None
        if path is not None:
            self._thread = started(partial(self._flush, path), name="evio-data-sync")
            if self._thread is None:
                self._flush(path)

    def _flush(self, path: Path) -> None:
        before, self._after = self._after, None
        if before is not None:
            before.join()
            self.lost = before.lost
        try:
            with open_nofollow(path, os.O_RDWR) as file:
                self._flush_open(file)
        except OSError as error:
            self._error = error
        else:
            self.held = [] if self.lost else list(self._spans)

    def _flush_open(self, file: BinaryIO) -> None:
        try:
            os.fsync(file.fileno())
        except OSError as error:
            self.lost = error
            raise

    def is_over(self) -> bool:
        """Say whether the flush has ended."""
        return self._thread is None or not self._thread.is_alive()

    def join(self) -> None:
        """Return when the flush has ended, well or not."""
        if self._thread is not None:
            self._thread.join()

    def wait(self) -> None:
        """Return when the bytes are on the disk; raise the `OSError` that kept them from it."""
        self.join()
        error = self.lost or self._error
        if error is not None:
            raise error
