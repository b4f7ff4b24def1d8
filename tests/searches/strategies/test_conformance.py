"""Every registered sampling strategy keeps the ask/tell contract."""

import json
import time
from functools import partial
from random import Random

import numpy as np
import pytest

from searches.objectives.settings import build, schema
from searches.spaces.base import InfeasibleSpace
from searches.spaces.registry import FAMILIES
from searches.strategies.base import Problem, Result
from searches.strategies.registry import STRATEGIES
from tests.searches.strategies.playing import (
    FLAT,
    FULL,
    SMALL,
    THOROUGH_ONES_SLOW,
    TINY,
    at_most,
    copied,
    fail,
    judge,
    macs,
    played,
    problem_for,
    smallest_of,
    strategy_of,
    what,
    worked,
)

WITHOUT_CHANCE = {"grid"}
SPACES = {"flat": FLAT, "small": SMALL, "tiny": TINY}

pytestmark = pytest.mark.parametrize("name", THOROUGH_ONES_SLOW)


def make(name, space=SMALL, *, seed=0, **known):
    return strategy_of(name, problem_for(space, **known), seed=seed)


def genes_of(proposals):
    return [proposal.genes for proposal in proposals]


def test_same_seed_proposes_the_same_architectures(name):
    first = what(played(make(name, seed=7), 12))
    assert what(played(make(name, seed=7), 12)) == first
    if name not in WITHOUT_CHANCE:
        assert what(played(make(name, seed=8), 12)) != first


def test_restored_strategy_goes_on_as_if_nothing_had_happened(name):
    strategy, history = make(name, seed=3), []
    for _ in range(6):
        results = [judge(strategy, proposal) for proposal in strategy.ask(6)]
        strategy.tell(results)
        history += results
    late = [judge(strategy, proposal) for proposal in strategy.ask(6)]
    strategy.tell(late[:3])  # stopped with half of a batch outstanding
    revived = make(name, seed=99)
    revived.restore(copied(strategy.state()), history + late[:3])
    assert revived.state() == strategy.state()
    for one in (strategy, revived):
        one.tell(late[3:])
    assert what(played(revived, 12)) == what(played(strategy, 12))
    assert revived.state() == strategy.state()


def test_new_strategy_can_be_restored_from_its_first_state(name):
    strategy, revived = make(name, seed=3), make(name, seed=4)
    revived.restore(copied(strategy.state()), [])
    assert what(played(revived, 5)) == what(played(strategy, 5))


def restored_at_every_step(new, steps):
    """What a strategy proposes that is made anew from its state for each batch."""
    strategy, found, history = new(seed=5), [], []
    for _ in range(steps):
        revived = new(seed=0)
        revived.restore(copied(strategy.state()), history)
        strategy = revived
        proposals = strategy.ask(7)
        found += what(proposals)
        results = [judge(strategy, proposal) for proposal in proposals]
        strategy.tell(results)
        history += results
    return found


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_strategy_restored_at_every_step_finds_what_an_undisturbed_one_finds(name, space):
    new = partial(make, name, space)
    assert restored_at_every_step(new, 10) == what(played(new(seed=5), 10))


@pytest.mark.slow
def test_strategy_restored_at_every_step_under_narrow_limits_goes_on_as_before(name):
    values = [operation.macs() for operation in FULL.operation_table()]
    least, _ = FULL.extreme(values, aggregate="sum", largest=False)
    new = partial(make, name, FULL, violations=at_most(FULL, 1.03 * least))
    assert restored_at_every_step(new, 8) == what(played(new(seed=5), 8))


def test_strategy_restored_among_late_results_goes_on_as_before(name):
    """Results are told out of order; the history comes back in the order of the tickets."""
    strategy, rng, running, history = make(name, seed=6), Random(6), [], []
    for _ in range(12):
        running += strategy.ask(16 - len(running))
        rng.shuffle(running)
        results = [judge(strategy, proposal) for proposal in running[:5]]
        running = running[5:]
        strategy.tell(results)
        history += results
    revived = make(name, seed=0)
    history.sort(key=lambda result: result.ticket)
    revived.restore(copied(strategy.state()), history)
    assert revived.state() == strategy.state()
    found = what(worked(revived, 40, running=running))
    assert found == what(worked(strategy, 40, running=running))


def test_state_does_not_grow_with_the_history(name):
    strategy = make(name)
    played(strategy, 20)
    before = len(json.dumps(strategy.state()))
    played(strategy, 40)
    assert len(json.dumps(strategy.state())) < 1.05 * before


def test_proposals_are_canonical_members_of_the_space_numbered_one_by_one(name):
    strategy, tickets = make(name, FULL), []
    for _ in range(8):
        proposals = strategy.ask(9)
        assert len(proposals) <= 9
        assert all(FULL.validate(p.genes) == p.genes for p in proposals)
        tickets += [p.ticket for p in proposals]
        strategy.tell([judge(strategy, p) for p in proposals])
    assert tickets == list(range(1, len(tickets) + 1))


def test_nothing_is_evaluated_twice(name):
    found = what(played(make(name), 60))
    assert len(found) == len(set(found)) >= 180


def test_training_goes_on_from_an_earlier_trial_of_the_same_architecture(name):
    found = played(make(name), 20)
    by_ticket = {proposal.ticket: proposal for proposal in found}
    for proposal in found:
        if proposal.resume_from is not None:
            assert proposal.resume_from < proposal.ticket
            assert by_ticket[proposal.resume_from].genes == proposal.genes


def test_small_space_is_searched_to_its_end(name):
    strategy = make(name, TINY)
    found = genes_of(played(strategy, 40))
    assert set(found) == set(TINY.enumerate())
    assert strategy.finished()
    assert strategy.ask(5) == []


def test_small_space_within_limits_is_searched_to_its_end(name):
    middle = np.median(macs(TINY, list(TINY.enumerate())))
    excess = at_most(TINY, middle)
    within = {genes for genes in TINY.enumerate() if excess([genes])[0] == 0}
    strategy = make(name, TINY, violations=excess)
    assert set(genes_of(played(strategy, 60))) == within
    assert strategy.finished()


def test_every_proposal_is_within_the_limits(name):
    limit = np.quantile(macs(SMALL, [SMALL.sample(Random(i)) for i in range(500)]), 0.2)
    excess = at_most(SMALL, limit)
    found = genes_of(played(make(name, violations=excess), 20))
    assert len(found) >= 100
    assert (excess(found) == 0).all()


@pytest.mark.slow
def test_narrow_limits_in_a_huge_space_are_met(name):
    values = [operation.macs() for operation in FULL.operation_table()]
    least, _ = FULL.extreme(values, aggregate="sum", largest=False)
    excess = at_most(FULL, 1.05 * least)
    assert min(excess([FULL.sample(Random(i)) for i in range(3000)])) > 0.01
    found = genes_of(played(make(name, FULL, violations=excess), 3))
    assert len(found) >= 12
    assert (excess(found) == 0).all()


@pytest.mark.slow
def test_limits_that_one_network_meets_end_the_search(name):
    values = [operation.macs() for operation in FULL.operation_table()]
    least, only = FULL.extreme(values, aggregate="sum", largest=False)
    strategy = make(name, FULL, violations=at_most(FULL, least))
    started, found = time.monotonic(), []
    try:
        found = genes_of(played(strategy, 3))
    except InfeasibleSpace:
        assert not found  # a bounded search may miss it
    assert set(found) <= {only}
    assert strategy.ask(1) == []
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("space", [TINY, FULL], ids=["tiny", "full"])
def test_limits_that_nothing_meets_are_named_and_never_loop(name, space):
    started = time.monotonic()
    strategy = make(name, space, violations=lambda p: np.array([1 + sum(g) for g in p]))
    with pytest.raises(InfeasibleSpace, match="macs at most 1"):
        strategy.ask(7)
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 4, 5])
def test_one_to_five_objectives(name, n_objectives):
    found = what(played(make(name, n_objectives=n_objectives), 10))
    assert len(found) == len(set(found)) >= 50


def test_nothing_but_the_space_need_be_known(name):
    problem = Problem(SMALL, 2, lambda genes: np.zeros(len(genes)), budget=200)
    assert len(played(strategy_of(name, problem), 12)) >= 60


def test_failed_evaluations_do_no_harm(name):
    def moody(strategy, proposal):
        return (judge if proposal.ticket % 3 else fail)(strategy, proposal)

    found = what(played(make(name), 20, judge=moody))
    assert len(found) == len(set(found)) >= 100


def test_there_is_always_more_to_try_when_all_evaluations_fail(name):
    assert len(played(make(name), 20, judge=fail)) >= 100


def test_results_that_violate_limits_do_no_harm(name):
    def strict(strategy, proposal):
        result = judge(strategy, proposal)
        violation = float("inf") if proposal.ticket % 5 == 0 else proposal.ticket % 2
        known = (result.ticket, result.genes, result.losses)
        return Result(*known, violation=violation, fidelity=result.fidelity)

    assert len(played(make(name), 20, judge=strict)) >= 100


@pytest.mark.slow
@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_sixteen_workers_end_in_any_order(name, space):
    def moody(strategy, proposal):
        return (judge if proposal.ticket % 5 else fail)(strategy, proposal)

    found = what(worked(make(name, space), 120, judge=moody))
    assert len(found) == len(set(found))
    assert len(found) >= min(100, space.size())


def test_one_worker_is_enough(name):
    found = what(worked(make(name), 60, workers=1))
    assert len(found) == len(set(found)) >= 60


def test_something_is_proposed_whenever_nothing_is_outstanding(name):
    strategy = make(name, TINY)
    while not strategy.finished():
        proposals = strategy.ask(3)
        assert proposals
        strategy.tell([judge(strategy, p) for p in proposals])


def test_telling_twice_or_the_unknown_changes_nothing(name):
    strategy, twin = make(name), make(name)
    for one in (strategy, twin):
        proposals = one.ask(8)
        one.tell([judge(one, p) for p in proposals])
    strategy.tell([judge(strategy, p) for p in proposals])
    strategy.tell([Result(999, proposals[0].genes, (0.0, 0.0))])
    assert strategy.state() == twin.state()


def test_asking_for_nothing_changes_nothing(name):
    strategy = make(name)
    before = strategy.state()
    assert strategy.ask(0) == []
    assert strategy.state() == before


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_of_spaces_can_be_searched_within_limits(name, family):
    space = smallest_of(family)
    if space is None:
        pytest.skip(f"{family} comes without a space of its own")
    drawn = [space.sample(Random(i)) for i in range(100)]
    excess = at_most(space, np.quantile(macs(space, drawn), 0.5))
    new = partial(make, name, space, violations=excess)
    strategy, revived = new(), new(seed=1)
    first = played(strategy, 4)
    history = [judge(strategy, proposal) for proposal in first]
    revived.restore(copied(strategy.state()), history)
    then = played(strategy, 2)
    assert what(played(revived, 2)) == what(then)
    found = first + then
    assert len(set(what(found))) == len(found) >= min(25, space.size() // 3)
    assert all(space.validate(genes) == genes for genes in genes_of(found))
    assert (excess(genes_of(found)) == 0).all()


def test_card_describes_settings_and_presets(name):
    card = STRATEGIES[name]
    assert card.label
    assert card.summary.endswith(".")
    assert all(row["help"].endswith(".") for row in schema(card.settings_class()))
    for preset in card.presets.values():
        build(card.settings_class(), preset)
