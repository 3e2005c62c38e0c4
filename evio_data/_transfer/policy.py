"""What an answer or a fault means: for this connection, this source, this file, or this host.

One table says it for the whole engine, so that it can be read, and tested, as data. Nothing here
does anything: `decide` names what `Download` and `Engine` then do.
"""

from enum import Enum, auto
from typing import NamedTuple


class Fault(Enum):
    """What went wrong with one request."""

    BUSY = auto()  # 429, or Drive's "Sorry..." page
    UNAVAILABLE = auto()  # another 5xx, 408, 425
    RANGE_REFUSED = auto()  # a status that servers give to a Range header which they do not like
    WRONG_RANGE = auto()  # another range than the one that was asked for
    NOT_SATISFIABLE = auto()  # 416
    BROKEN = auto()  # a reset, a short body, a time-out
    UNREACHABLE = auto()  # no name, no route, nobody listens
    UNUSABLE = auto()  # a certificate, a CA bundle or a proxy that will not become right by itself
    REFUSED = auto()  # a page of Drive's, a 4xx, another size than the registered one
    CHANGED = auto()  # another size, or other bytes than those on disk
    DOUBTED = auto()  # other validators, and no published hash to settle it


class Decision(Enum):
    """What to do about it."""

    LEAVE_SHARE = auto()  # this connection ends; the file goes on over the others
    PAUSE_HOST = auto()  # no new request to this host for a while, and fewer at a time
    WITHOUT_RANGE = auto()  # ask once more, for the whole file
    FIND_END = auto()  # hold the position against what the server says of the end
    WAIT = auto()  # try again after a while, some times in a row
    WAIT_BRIEFLY = auto()  # try again, but not for long: nothing has ever come from there
    NEXT_SOURCE = auto()  # another source, or give this file up
    GIVE_UP_HOST = auto()  # another source, or give up all files of this host
    BEGIN_AGAIN = auto()  # drop what arrived, and receive the new version
    SAME_NODE = auto()  # ask again, until the node answers whose bytes we hold


class Situation(NamedTuple):
    """What else is true when it happens.

    Attributes
    ----------
    shared : bool
        Whether another connection is receiving bytes of the same file.
    arrived : bool
        Whether this host has sent bytes of any file in this run.
    hashed : bool
        Whether a hash is published that the bytes will be compared with.
    ranged : bool
        Whether the request had a Range header.
    alternates : bool
        Whether the host's nodes are known to send different validators for this file.
    """

    shared: bool = False
    arrived: bool = False
    hashed: bool = False
    ranged: bool = False
    alternates: bool = False


class Rule(NamedTuple):
    """One row: a fault, the conditions that are required (None: any), and the decision."""

    fault: Fault
    then: Decision
    shared: bool | None = None
    arrived: bool | None = None
    hashed: bool | None = None
    ranged: bool | None = None
    alternates: bool | None = None

    def fits(self, fault: Fault, situation: Situation) -> bool:
        """Say whether this row speaks of the case."""
        if fault is not self.fault:
            return False
        wanted = self[2:]
        return all(want in (None, is_) for want, is_ in zip(wanted, situation, strict=True))


# The first row that fits decides. While another connection receives, one odd answer never decides
# over the file: its share goes back, and no further connection is opened to that file.
RULES = (
    Rule(Fault.BUSY, Decision.PAUSE_HOST),
    Rule(Fault.UNAVAILABLE, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.UNAVAILABLE, Decision.WAIT),
    Rule(Fault.RANGE_REFUSED, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.RANGE_REFUSED, Decision.WITHOUT_RANGE, ranged=True),
    Rule(Fault.RANGE_REFUSED, Decision.NEXT_SOURCE),
    Rule(Fault.WRONG_RANGE, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.WRONG_RANGE, Decision.WITHOUT_RANGE, ranged=True),
    Rule(Fault.WRONG_RANGE, Decision.WAIT),
    Rule(Fault.NOT_SATISFIABLE, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.NOT_SATISFIABLE, Decision.FIND_END),
    Rule(Fault.BROKEN, Decision.WAIT),
    Rule(Fault.UNREACHABLE, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.UNREACHABLE, Decision.WAIT, arrived=True),
    Rule(Fault.UNREACHABLE, Decision.WAIT_BRIEFLY),
    Rule(Fault.UNUSABLE, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.UNUSABLE, Decision.GIVE_UP_HOST),
    Rule(Fault.REFUSED, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.REFUSED, Decision.NEXT_SOURCE),
    Rule(Fault.CHANGED, Decision.LEAVE_SHARE, shared=True, hashed=True),
    Rule(Fault.CHANGED, Decision.BEGIN_AGAIN),
    Rule(Fault.DOUBTED, Decision.LEAVE_SHARE, shared=True),
    Rule(Fault.DOUBTED, Decision.SAME_NODE, alternates=True),
    Rule(Fault.DOUBTED, Decision.BEGIN_AGAIN),
)


def decide(fault: Fault, situation: Situation) -> Decision:
    """Return what a fault means in a situation.

    >>> decide(Fault.REFUSED, Situation(shared=True)), decide(Fault.REFUSED, Situation())
    (<Decision.LEAVE_SHARE: 1>, <Decision.NEXT_SOURCE: 7>)
    """
    return next(rule.then for rule in RULES if rule.fits(fault, situation))
