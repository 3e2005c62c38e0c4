"""The interface through which downloads report progress."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from .._report import Outcome
from .jobs import Job, Run


class TransferState(Protocol):
    """How far a run is; every attribute may be read from any thread."""

    @property
    def runs(self) -> Sequence[Run]:
        """The files that are being received."""

    @property
    def jobs(self) -> Sequence[Job]:
        """The files that are wanted."""

    @property
    def outcomes(self) -> Mapping[str, Outcome]:
        """What became of the files that have ended."""

    @property
    def received(self) -> int:
        """Bytes that came over the network so far."""

    @property
    def working(self) -> int:
        """Connections that are receiving."""


class ProgressListener(Protocol):
    """Whoever wants to see what happens; called from several threads, ``refresh`` from one."""

    def message(self, name: str | None, text: str) -> None:
        """Take words about one file, or about all."""

    def waiting(self, name: str | None, text: str) -> None:
        """Take words about a wait of some length: they are for quiet runs, too."""

    def started(self, run: Run) -> None:
        """Take note of a file that is being received now."""

    def finished(self, outcome: Outcome) -> None:
        """Take note of what became of a file."""

    def refresh(self, state: TransferState) -> None:
        """Look at the state of things; called every `POLL` seconds."""
