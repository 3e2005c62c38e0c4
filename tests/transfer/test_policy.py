"""What an answer or a fault means, as a table."""

from __future__ import annotations

from itertools import product

import pytest

from evio_data._transfer.policy import RULES, Decision, Fault, Situation, decide

SITUATIONS = [Situation(*flags) for flags in product((False, True), repeat=5)]
ALONE = Situation()
SHARED = Situation(shared=True, arrived=True)
BAD_FOR_ALL = {Decision.NEXT_SOURCE, Decision.GIVE_UP_HOST, Decision.BEGIN_AGAIN}


@pytest.mark.parametrize(
    ("fault", "situation", "decision"),
    [
        (Fault.BUSY, ALONE, Decision.PAUSE_HOST),
        (Fault.BUSY, SHARED, Decision.PAUSE_HOST),
        (Fault.UNAVAILABLE, ALONE, Decision.WAIT),
        (Fault.UNAVAILABLE, SHARED, Decision.LEAVE_SHARE),
        (Fault.RANGE_REFUSED, Situation(ranged=True), Decision.WITHOUT_RANGE),
        (Fault.RANGE_REFUSED, ALONE, Decision.NEXT_SOURCE),
        (Fault.WRONG_RANGE, Situation(ranged=True), Decision.WITHOUT_RANGE),
        (Fault.WRONG_RANGE, ALONE, Decision.WAIT),
        (Fault.NOT_SATISFIABLE, ALONE, Decision.FIND_END),
        (Fault.BROKEN, ALONE, Decision.WAIT),
        (Fault.BROKEN, SHARED, Decision.WAIT),
        (Fault.UNREACHABLE, ALONE, Decision.WAIT_BRIEFLY),
        (Fault.UNREACHABLE, Situation(arrived=True), Decision.WAIT),
        (Fault.UNUSABLE, ALONE, Decision.GIVE_UP_HOST),
        (Fault.REFUSED, ALONE, Decision.NEXT_SOURCE),
        (Fault.REFUSED, SHARED, Decision.LEAVE_SHARE),
        (Fault.CHANGED, ALONE, Decision.BEGIN_AGAIN),
        (Fault.CHANGED, Situation(hashed=True), Decision.BEGIN_AGAIN),
        (Fault.CHANGED, SHARED, Decision.BEGIN_AGAIN),
        (Fault.CHANGED, SHARED._replace(hashed=True), Decision.LEAVE_SHARE),
        (Fault.DOUBTED, ALONE, Decision.BEGIN_AGAIN),
        (Fault.DOUBTED, Situation(alternates=True), Decision.SAME_NODE),
        (Fault.DOUBTED, SHARED, Decision.LEAVE_SHARE),
    ],
)
def test_decision(fault: Fault, situation: Situation, decision: Decision) -> None:
    """Each fault means what the table says."""
    assert decide(fault, situation) is decision


@pytest.mark.parametrize("fault", Fault)
def test_every_situation_is_decided(fault: Fault) -> None:
    """There is a decision for every fault in every situation."""
    assert all(isinstance(decide(fault, situation), Decision) for situation in SITUATIONS)


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.CHANGED])
def test_no_odd_answer_decides_over_a_file_that_arrives(fault: Fault) -> None:
    """While another connection receives, no answer ends the file; a change without a hash may."""
    shared = [situation for situation in SITUATIONS if situation.shared]
    assert not BAD_FOR_ALL & {decide(fault, situation) for situation in shared}


def test_every_rule_is_needed() -> None:
    """Each row decides something: none stands behind rows that cover it."""
    used = {
        next(index for index, rule in enumerate(RULES) if rule.fits(fault, situation))
        for fault in Fault
        for situation in SITUATIONS
    }
    assert used == set(range(len(RULES)))
