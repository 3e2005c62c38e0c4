"""Turn a ``progressbar`` argument into a progress listener."""

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, Self

from .log import LogProgress

if TYPE_CHECKING:
    from .._transfer.jobs import Run
    from .._transfer.listener import ProgressListener, TransferState


def progress_for(progressbar: Any) -> "AbstractContextManager[ProgressListener]":
    """Return the watcher, to be used in a ``with``, that a ``progressbar`` argument asks for.

    Parameters
    ----------
    progressbar : bool or object
        True for bars; False for silence; any object with pooch's ``update``, ``reset``,
        ``close`` and ``total`` is driven.
    """
    if progressbar is True:
        from .screens import screen

        return screen()
    if progressbar is None or progressbar is False:
        return nullcontext(LogProgress())
    return PoochProgress(progressbar)  # a bar may be false, as a tqdm without a total is


class PoochProgress(LogProgress):
    """A watcher that drives a progress object of pooch's kind; untouched if nothing is received."""

    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._shown = 0
        self._run: Run | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._run is not None:
            self._advance()
            self._bar.close()

    def started(self, run: "Run") -> None:
        """Take note of the file."""
        self._run = run

    def refresh(self, state: "TransferState") -> None:
        """Move the bar to where the file is."""
        self._advance()

    def _advance(self) -> None:
        if self._run is None:
            return
        download = self._run.download
        self._bar.total = download.total or 0
        received = download.received
        if received < self._shown:
            self._bar.reset()
            self._shown = 0
        if received > self._shown:
            self._bar.update(received - self._shown)
            self._shown = received
