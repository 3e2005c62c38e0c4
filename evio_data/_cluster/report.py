"""The outcome of each file on each machine of a cluster."""

from collections.abc import Mapping, Sequence

from .._report import Outcome, Report
from .._text import plural


class ClusterReport(Report):
    """The outcomes of a run on many machines, by file and by machine.

    An outcome is failed where a machine that is still there lacks the file; ``received`` counts
    what the origin sent, and no copy.

    Parameters
    ----------
    outcomes : sequence of Outcome
        One for each file, in registry order; the paths are those at its owner.
    machines : mapping of str to sequence of Outcome
    lost : sequence of str
    seconds : float

    Attributes
    ----------
    machines : dict of str to tuple of Outcome
        What became of each file at each worker, by the worker's address; workers that share a
        cache share their outcomes.
    lost : tuple of str
        Workers that went away in mid-run.
    """

    def __init__(
        self,
        outcomes: Sequence[Outcome],
        machines: Mapping[str, Sequence[Outcome]],
        *,
        lost: Sequence[str] = (),
        seconds: float = 0.0,
    ) -> None:
        super().__init__(outcomes, seconds=seconds)
        self.machines = {address: tuple(theirs) for address, theirs in machines.items()}
        self.lost = tuple(lost)

    def __repr__(self) -> str:
        where = plural(len(self.machines), "worker")
        gone = f", {len(self.lost)} lost" if self.lost else ""
        return f"{super().__repr__()[:-1]}; on {where}{gone}>"
