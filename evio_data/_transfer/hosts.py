"""What a run knows of each host: how many connections it accepts, and whether it responds."""

import copy
import math
import threading
import time

from .._settings import BRIEF
from ..errors import EvioDataError
from .throttle import ConnectionLimit

VERDICT_HOLDS = 10.0  # seconds for which a host that nobody can reach is not asked again


class Host:
    """One host, for all files of a run that come from it.

    Attributes
    ----------
    limit : ConnectionLimit
    working : int
        Connections that ask it, or receive from it.
    arrived : bool
        Whether any byte has come from it.
    answered : bool
        Whether it has answered anything, be it a refusal.
    is_doubtful : bool
        Whether it was beyond reach, and has not answered yet.
    patience_spent : bool
        Whether one file has used up all its attempts at it without an answer: others ask once.
    """

    def __init__(self, connections: int) -> None:
        self.limit = ConnectionLimit(connections)
        self.working = 0
        self.arrived = self.answered = self.patience_spent = self.is_doubtful = False
        self._verdict: EvioDataError | None = None
        self._verdict_until = 0.0

    def judge(self, error: EvioDataError, *, lasting: bool) -> None:
        """Take note of why nothing can come from it, now or in this whole run."""
        if not self.arrived:
            self._verdict = error
            self._verdict_until = math.inf if lasting else time.monotonic() + VERDICT_HOLDS

    def takes_new_files(self) -> bool:
        """Say whether it is worth while to begin another file; one that asks is enough."""
        return self.answered or not self.is_doubtful or self.verdict is not None

    @property
    def verdict(self) -> EvioDataError | None:
        """Why it need not be asked, or None; of no file yet."""
        if self._verdict is None or time.monotonic() >= self._verdict_until:
            return None
        verdict = copy.copy(self._verdict)
        verdict.name = None
        return verdict

    def allows_one_more(self) -> bool:
        """Say whether one more connection may ask it now."""
        return self.limit.allows(self.working)


class Hosts:
    """The hosts of a run, by the label of the source that asks them.

    Parameters
    ----------
    connections : int
        The most that one host gets.
    brief : int
        Retries at a host that nobody can reach.
    """

    def __init__(self, connections: int, *, brief: int = BRIEF) -> None:
        self.brief = brief
        self._connections = connections
        self._hosts: dict[str, Host] = {}
        self._lock = threading.Lock()

    def __getitem__(self, label: str) -> Host:
        with self._lock:
            host = self._hosts.get(label)
            if host is None:
                host = self._hosts[label] = Host(self._connections)
            return host
