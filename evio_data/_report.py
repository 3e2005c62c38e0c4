"""The outcome of each requested file, and totals."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, overload

from .errors import EvioDataError

Status = Literal["fetched", "present", "failed"]
HashState = Literal["published", "pinned", "unpinned"]  # who says what a file should be
NOT_PUBLISHED = "pinned (no published hash)"

MAX_SHOWN = 20  # outcomes that a report's repr shows; of the others, their number


class Outcome(NamedTuple):
    """The outcome of one file.

    Attributes
    ----------
    name : str
        The registry key.
    status : {"fetched", "present", "failed"}
    path : Path or None
        The verified file; None if it failed.
    size : int or None
        Bytes of the file, if known.
    received : int
        Bytes received over the network in this run.
    resumed : int
        Bytes that were already on disk and were not sent again.
    seconds : float
    error : EvioDataError or None
    hash : str or None
        The hash of the verified file, if this run computed or recorded it:
        64 digits of a SHA-256, or ``kind:digits``.
    first_use : bool
        Whether this run recorded that hash because nobody has published one.
    hash_state : {"published", "pinned", "unpinned"}
        What the bytes were compared with: a published hash, the hash of the first use, or nothing.
    """

    name: str
    status: Status
    path: Path | None = None
    size: int | None = None
    received: int = 0
    resumed: int = 0
    seconds: float = 0.0
    error: EvioDataError | None = None
    hash: str | None = None
    first_use: bool = False
    hash_state: HashState = "published"

    @property
    def state(self) -> str:
        """What the file is now: verified, pinned, unpinned, damaged, or failed."""
        if self.error is None:
            return "verified" if self.hash_state == "published" else self.hash_state
        return "damaged" if getattr(self.error, "replaceable", False) else "failed"

    @property
    def verdict(self) -> str:
        """What is known of a file that is there; verified is only what a published hash says.

        >>> Outcome("a.raw", "fetched").verdict
        'verified'
        >>> Outcome("a.raw", "fetched", first_use=True, hash_state="pinned").verdict
        'pinned (no published hash)'
        """
        if self.hash_state == "published":
            return "verified"
        if self.hash_state == "unpinned":
            return "no hash to compare with"
        return NOT_PUBLISHED if self.first_use else f"as {NOT_PUBLISHED}"

    @property
    def sha256(self) -> str | None:
        """The hash, if it is a SHA-256."""
        return self.hash if self.hash and ":" not in self.hash else None

    @property
    def reason(self) -> str:
        """Why the file failed, and what to do; empty if it did not."""
        return "" if self.error is None else f"{self.error.message} {self.error.advice}".rstrip()

    def __repr__(self) -> str:
        return f"<Outcome {': '.join(filter(None, (self.name, *self._cells()[1:])))}>"

    def _cells(self) -> tuple[str, str, str, str]:
        """Return what a table has: name, status, size and reason."""
        from ._text import size

        known = size(self.size) if self.size is not None else ""
        return self.name, self.status, known, self.reason

    def _repr_html_(self) -> str:
        return _html_table([self])


class Report(Sequence[Outcome]):
    """The outcomes of one run, in registry order.

    Parameters
    ----------
    outcomes : iterable of Outcome
    seconds : float
        How long the run took.

    Examples
    --------
    >>> report = Report([Outcome("a.raw", "present"), Outcome("b.raw", "failed")])
    >>> report.ok, [outcome.name for outcome in report.failed]
    (False, ['b.raw'])
    """

    def __init__(self, outcomes: Sequence[Outcome], *, seconds: float = 0.0) -> None:
        self._outcomes = tuple(outcomes)
        self.seconds = seconds

    def __len__(self) -> int:
        return len(self._outcomes)

    @overload
    def __getitem__(self, index: int) -> Outcome: ...
    @overload
    def __getitem__(self, index: slice) -> tuple[Outcome, ...]: ...
    def __getitem__(self, index: int | slice) -> Outcome | tuple[Outcome, ...]:
        return self._outcomes[index]

    def __iter__(self) -> Iterator[Outcome]:
        return iter(self._outcomes)

    def __repr__(self) -> str:
        from ._text import aligned

        shown = sorted(self._outcomes, key=lambda outcome: outcome.error is None)[:MAX_SHOWN]
        rest = len(self) - len(shown)
        lines = [f"<Report: {self._counts()}>"]
        lines += [f"  {line}" for line in aligned([outcome._cells() for outcome in shown])]  # noqa: SLF001
        return "\n".join([*lines, f"  ... and {rest} more"] if rest else lines)

    def _repr_html_(self) -> str:
        return f"<p>{self._counts()}</p>{_html_table(self._outcomes)}"

    def _counts(self) -> str:
        statuses = ("fetched", "present", "failed")
        return ", ".join(f"{len(getattr(self, status))} {status}" for status in statuses)

    def _with(self, status: Status) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self._outcomes if outcome.status == status)

    @property
    def fetched(self) -> tuple[Outcome, ...]:
        """The files that this run received."""
        return self._with("fetched")

    @property
    def present(self) -> tuple[Outcome, ...]:
        """The files that were in the cache already."""
        return self._with("present")

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The files that failed, each with its error."""
        return self._with("failed")

    @property
    def ok(self) -> bool:
        """Whether every requested file is there."""
        return not self.failed

    @property
    def received(self) -> int:
        """Bytes received over the network."""
        return sum(outcome.received for outcome in self._outcomes)

    @property
    def resumed(self) -> int:
        """Bytes that resuming saved."""
        return sum(outcome.resumed for outcome in self._outcomes)

    @property
    def paths(self) -> dict[str, Path]:
        """The verified files by name."""
        there = (outcome for outcome in self._outcomes if outcome.status != "failed")
        return {outcome.name: outcome.path for outcome in there if outcome.path}


def _html_table(outcomes: Iterable[Outcome]) -> str:
    from ._text import html_table

    rows = [outcome._cells() for outcome in outcomes]  # noqa: SLF001
    return html_table(("Name", "Status", "Size", "Reason"), rows)
