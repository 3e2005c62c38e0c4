"""The plan: every cache gets every file, each leaves the origin once, no limit is passed."""

import random
from collections import Counter

import pytest

from benchmarks._cluster_model import Lines
from benchmarks._cluster_model import play as play_lines
from evio_data._cluster.planner import RECEIVING, SENDING, Plan, Step

FILES = {f"{number}.raw": 10 * number for number in range(1, 13)}


def take(plan: Plan) -> list[Step]:
    """Return all that can begin now."""
    steps = []
    while (step := plan.next()) is not None:
        steps.append(step)
    return steps


def play(plan: Plan, seed: int = 0) -> list[Step]:
    """Let whatever runs end in some order; return the steps as they ended."""
    order, running, ended = random.Random(seed), take(plan), []
    while running:
        step = running.pop(order.randrange(len(running)))
        plan.done(step)
        ended.append(step)
        running += take(plan)
    return ended


@pytest.mark.parametrize("caches", [1, 2, 5, 9])
def test_every_cache_has_every_file_and_each_leaves_the_origin_once(caches: int) -> None:
    """In whatever order things end, each file has one owner, and every other cache a copy."""
    for seed in range(20):
        plan = Plan(FILES, connections=3)
        for number in range(caches):
            plan.join(f"c{number}")
        steps = play(plan, seed)
        assert Counter(step.file for step in steps if step.connections) == dict.fromkeys(FILES, 1)
        assert len({(step.cache, step.file) for step in steps}) == len(steps) == caches * len(FILES)


def test_no_limit_is_passed() -> None:
    """Connections to the origin, and transfers into and out of a cache, stay within bounds."""
    plan, order = Plan(FILES, connections=4), random.Random(1)
    for number in range(7):
        plan.join(f"c{number}")
    running = take(plan)
    while running:
        assert sum(step.connections for step in running) <= 4
        copies = [step for step in running if not step.connections]
        assert max(Counter(step.cache for step in copies).values(), default=0) <= RECEIVING
        assert max(Counter(step.holders[0] for step in copies).values(), default=0) <= SENDING
        plan.done(running.pop(order.randrange(len(running))))
        running += take(plan)


def test_owners_are_balanced_by_size() -> None:
    """No owner fetches more than one file's size beyond its equal share."""
    plan = Plan(FILES, connections=4)
    for number in range(4):
        plan.join(f"c{number}")
    owned: Counter[str] = Counter()
    for step in play(plan):
        owned[step.cache] += FILES[step.file] * (step.connections > 0)
    assert max(owned.values()) <= sum(FILES.values()) / 4 + max(FILES.values())
    assert len(owned) == 4


def test_few_files_share_all_connections() -> None:
    """Where there are fewer files than connections, each one gets several."""
    plan = Plan({"a": 1, "b": 1}, connections=5)
    plan.join("c0")
    plan.join("c1")
    assert [step.connections for step in take(plan)] == [2, 3]


def test_what_is_there_is_not_fetched() -> None:
    """A file that one cache has already is copied from there."""
    plan = Plan({"a": 1, "b": 1}, connections=3)
    plan.join("c0", ["a", "b"])
    plan.join("c1", ["b"])
    assert play(plan) == [Step("c1", "a", ("c0",))]


def test_a_cache_that_leaves_costs_its_share_only() -> None:
    """What it was fetching, and what only it had, is fetched by another one; nothing else is."""
    for seed in range(20):
        plan, order = Plan(FILES, connections=3), random.Random(seed)
        for number in range(4):
            plan.join(f"c{number}")
        running, fetched = take(plan), Counter[str]()
        for ended in range(60):
            if not running:
                break
            step = running.pop(order.randrange(len(running)))
            fetched[step.file] += step.connections > 0
            plan.done(step)
            if ended == 8:
                held = {file: set(holders) for file, holders in plan._holders.items()}
                plan.leave("c0")
                running = [each for each in running if each.cache != "c0"]
            running += take(plan)
        assert not plan.running
        only = {file for file, holders in held.items() if holders == {"c0"}}
        assert {file for file, count in fetched.items() if count > 1} <= only
        assert all(set(holders) == {"c1", "c2", "c3"} for holders in plan._holders.values())


def test_a_newcomer_gets_copies() -> None:
    """A cache that joins when all is done gets everything from the others."""
    plan = Plan(FILES, connections=3)
    plan.join("c0")
    play(plan)
    plan.join("c1")
    assert {(step.cache, step.connections) for step in play(plan)} == {("c1", 0)}


def test_what_the_origin_refuses_is_given_up_for_all() -> None:
    """A refusal that every cache would get ends the file; the others come."""
    plan = Plan({"a": 2, "b": 1}, connections=1)
    plan.join("c0")
    plan.join("c1")
    (step,) = take(plan)
    assert step.file == "a"
    assert not plan.failed(step, lasting=True)
    assert {each.file for each in play(plan)} == {"b"}


def test_a_fault_of_one_cache_lets_another_one_try() -> None:
    """A full disk at the owner is no reason for the others to have nothing."""
    plan = Plan({"a": 2}, connections=1)
    plan.join("c0")
    plan.join("c1")
    (step,) = take(plan)
    assert not plan.failed(step, lasting=False, local=True)
    assert [each.cache for each in play(plan)] == [{"c0": "c1", "c1": "c0"}[step.cache]]


def test_a_copy_that_fails_goes_on_to_the_origin() -> None:
    """When no peer can give a file, its cache asks the origin itself, within the connections."""
    plan = Plan({"a": 2}, connections=1)
    plan.join("c0", ["a"])
    plan.join("c1")
    (step,) = take(plan)
    assert plan.failed(step, lasting=False)
    (again,) = take(plan)
    assert (again.cache, again.connections) == ("c1", 1)


def test_a_doubted_copy_is_hashed_before_others_take_it() -> None:
    """A peer that sent wrong bytes checks its own file, from the others, and holds it again."""
    plan = Plan({"a": 2}, connections=1)
    plan.join("c0", ["a"])
    plan.join("c1", ["a"])
    plan.doubt("c0", "a")
    plan.doubt("c0", "a")
    assert take(plan) == [Step("c0", "a", ("c1",), 1, check=True)]


def test_offline_caches_only_copy() -> None:
    """A cache that may not ask the origin waits for what its peers have; alone it gets nothing."""
    plan = Plan({"a": 2}, connections=1)
    plan.join("c0", online=False)
    assert take(plan) == []
    plan.join("c1")
    assert [(step.cache, step.connections) for step in play(plan)] == [("c1", 1), ("c0", 0)]


def test_a_copy_whose_holder_is_gone_begins_anew() -> None:
    """When the only holder leaves, its copies fail, and one fetch serves all who waited."""
    plan = Plan({"a": 2}, connections=3)
    plan.join("c0", ["a"])
    plan.join("c1")
    plan.join("c2")
    steps = take(plan)
    assert [(step.cache, step.holders) for step in steps] == [("c1", ("c0",)), ("c2", ("c0",))]
    plan.leave("c0")
    assert {plan.failed(step, lasting=False) for step in steps} == {True}
    assert sorted(step.connections > 0 for step in play(plan)) == [False, True]


def test_a_played_cluster_takes_little_more_than_the_origin() -> None:
    """With lines faster than the origin, ten machines take its time and the last file's spread."""
    sizes = {f"{number}.raw": 10**9 for number in range(60)}
    played = play_lines(10, sizes, 3, Lines(connection=20e6, link=1e9))
    ideal = sum(sizes.values()) / 60e6
    assert played.sent == sum(sizes.values())
    assert ideal <= played.seconds <= 1.05 * ideal
