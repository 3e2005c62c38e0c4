"""Ask servers for the sizes that the registry does not have."""

from collections.abc import Iterable

from .._http.connection import HttpSession, TransportError
from .._sources.probe import probe
from ..errors import EvioDataError
from .jobs import Job
from .questions import Questions

MAX_ASKING = 10.0  # seconds that the sizes of all files together are worth


def ask_sizes(
    jobs: Iterable[Job], *, connections: int, timeout: float
) -> dict[str, int | EvioDataError]:
    """Ask the servers for the sizes that the registry does not say.

    Returns
    -------
    dict
        Bytes by name; the error where a file cannot be had at all. Names are absent where the
        server does not say, and where it has not said within `MAX_ASKING`.
    """
    wanted = list(jobs)
    silent: set[str] = set()  # hosts that did not answer: the next file's question would not help

    def ask(session: HttpSession, job: Job) -> int | None:
        if job.label in silent:
            return None
        try:
            return probe(job.sources()[0], session).size
        except TransportError:
            silent.add(job.label)
            return None

    questions = Questions(connections=connections, timeout=min(timeout, MAX_ASKING), retries=0)
    answers = questions.in_parallel(wanted, ask, within=MAX_ASKING)
    sizes: dict[str, int | EvioDataError] = {}
    for job, answer in zip(wanted, answers, strict=True):
        if isinstance(answer, EvioDataError):
            answer.about(job.name)
        if answer is not None:
            sizes[job.name] = answer
    return sizes
