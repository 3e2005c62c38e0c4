"""Progress as log messages."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._report import Outcome
    from .._transfer.jobs import Run
    from .._transfer.listener import TransferState
    from .screens import Totals


class LogProgress:
    """A watcher for calls that show nothing: words go to the logger ``evio_data``."""

    def message(self, name: str | None, text: str) -> None:
        """Log words at INFO."""
        from logging import getLogger

        getLogger("evio_data").info("%s: %s", name or "all", text)

    def waiting(self, name: str | None, text: str) -> None:
        """Log words about a wait at INFO."""
        self.message(name, text)

    def started(self, run: "Run") -> None:
        """Ignore."""

    def refresh(self, state: "TransferState") -> None:
        """Ignore."""

    def overall(self, label: str, done: "Totals") -> None:
        """Ignore."""

    def finished(self, outcome: "Outcome") -> None:
        """Tell once, as a warning, that a file was pinned on its first use."""
        if not outcome.first_use:
            return
        from logging import getLogger

        getLogger("evio_data").warning(
            "%s: pinned (no published hash) on first use to SHA-256 %s. "
            "`evio-data pin` writes it into a registry for others.",
            outcome.name,
            outcome.hash,
        )
