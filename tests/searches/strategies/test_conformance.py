"""Every registered sampling strategy keeps the ask/tell contract."""

import json
import time
from random import Random

import numpy as np
import pytest

from searches.objectives.settings import build, schema
from searches.spaces.base import InfeasibleSpace
from searches.spaces.presets import OFA_MOBILENET_V3_FULL
from searches.spaces.registry import load
from searches.strategies.base import Problem, Result
from searches.strategies.registry import STRATEGIES

WITHOUT_CHANCE = {"grid"}


def space_of(*, n_units, **options):
    units = [{**unit, **options} for unit in OFA_MOBILENET_V3_FULL["units"][:n_units]]
    return load({**OFA_MOBILENET_V3_FULL, "resolutions": [128, 160], "units": units})


FULL = load(OFA_MOBILENET_V3_FULL)
SMALL = space_of(n_units=2)  # 2 * 7371^2 architectures
TINY = space_of(n_units=1, depths=[1, 2], kernels=[3, 5], expands=[3, 4])  # 40 architectures
MACS = {space: [o.macs() for o in space.operation_table()] for space in (FULL, SMALL, TINY)}

# One-shot strategies are trainings: tests/searches/training/one_shot has theirs.
SAMPLING = [name for name, card in STRATEGIES.items() if not getattr(card, "trainable", None)]
pytestmark = pytest.mark.parametrize("name", SAMPLING)


def macs(space, population):
    rows = space.operation_indices(np.array(population))
    return np.where(rows >= 0, np.array(MACS[space])[rows], 0).sum(axis=1)


def unlimited(population):
    return np.zeros(len(population))


def make(name, *, space=SMALL, seed=0, n_objectives=2, violations=unlimited):
    problem = Problem(space, n_objectives, violations, budget=200, limits=("macs at most 1",))
    card = STRATEGIES[name]
    return card.load()(problem, build(card.settings_class(), {}), Random(seed))


def judged(proposal, n_objectives=2):
    """Losses that conflict and depend on every gene."""
    total = sum((i + 1) * gene for i, gene in enumerate(proposal.genes))
    losses = [abs(total - 20 * k) + 0.1 * proposal.genes[k] for k in range(n_objectives)]
    return Result(proposal.ticket, proposal.genes, tuple(losses))


def played(strategy, n, *, batch=7, judge=judged):
    """Genes proposed in at most `n` asks, each batch told at once."""
    found = []
    for _ in range(n):
        proposals = strategy.ask(batch)
        strategy.tell([judge(proposal) for proposal in proposals])
        found += [proposal.genes for proposal in proposals]
    return found


def test_same_seed_proposes_the_same_architectures(name):
    assert played(make(name, seed=7), 12) == played(make(name, seed=7), 12)
    if name not in WITHOUT_CHANCE:
        assert played(make(name, seed=7), 12) != played(make(name, seed=8), 12)


def test_restored_strategy_goes_on_as_if_nothing_had_happened(name):
    strategy, history = make(name, seed=3), []
    for step in range(12):
        proposals = strategy.ask(6)
        results = [judged(p) for p in proposals]
        if step == 6:  # stopped with half of a batch outstanding
            strategy.tell(results[:3])
            history += results[:3]
            break
        strategy.tell(results)
        history += results
    revived = make(name, seed=99)
    revived.restore(json.loads(json.dumps(strategy.state())), history)
    assert revived.state() == strategy.state()
    for one in (strategy, revived):
        one.tell(results[3:])
    assert played(revived, 12) == played(strategy, 12)
    assert revived.state() == strategy.state()


def test_new_strategy_can_be_restored_from_its_first_state(name):
    strategy, revived = make(name, seed=3), make(name, seed=4)
    revived.restore(json.loads(json.dumps(strategy.state())), [])
    assert played(revived, 5) == played(strategy, 5)


def test_strategy_restored_at_every_step_finds_what_an_undisturbed_one_finds(name):
    undisturbed = played(make(name, seed=5), 10)
    strategy, found, history = make(name, seed=5), [], []
    for _ in range(10):
        revived = make(name, seed=0)
        revived.restore(json.loads(json.dumps(strategy.state())), history)
        strategy = revived
        proposals = strategy.ask(7)
        found += [p.genes for p in proposals]
        history += [judged(p) for p in proposals]
        strategy.tell([judged(p) for p in proposals])
    assert found == undisturbed


def test_state_does_not_grow_with_the_history(name):
    strategy = make(name)
    played(strategy, 10)
    before = len(json.dumps(strategy.state()))
    played(strategy, 30)
    assert len(json.dumps(strategy.state())) < 1.05 * before


def test_proposals_are_canonical_members_of_the_space_numbered_one_by_one(name):
    strategy, tickets = make(name, space=FULL), []
    for _ in range(8):
        proposals = strategy.ask(9)
        assert len(proposals) <= 9
        assert all(FULL.validate(p.genes) == p.genes for p in proposals)
        tickets += [p.ticket for p in proposals]
        strategy.tell([judged(p) for p in proposals])
    assert tickets == list(range(1, len(tickets) + 1))


def test_no_architecture_is_proposed_twice(name):
    found = played(make(name, space=SMALL), 60)
    assert len(found) == len(set(found)) >= 200


def test_small_space_is_searched_to_its_end(name):
    strategy = make(name, space=TINY)
    found = played(strategy, 40)
    assert sorted(found) == sorted(TINY.enumerate())
    assert strategy.finished()
    assert strategy.ask(5) == []


def test_small_space_within_limits_is_searched_to_its_end(name):
    middle = np.median(macs(TINY, list(TINY.enumerate())))

    def excess(population):
        return np.maximum(0, macs(TINY, population) - middle)

    within = [genes for genes in TINY.enumerate() if excess([genes])[0] == 0]
    found = played(make(name, space=TINY, violations=excess), 60)
    assert set(within) <= set(found)


def test_limits_are_kept_when_they_can_be(name):
    limit = np.quantile(macs(SMALL, [SMALL.sample(Random(i)) for i in range(500)]), 0.2)

    def excess(population):
        return np.maximum(0, macs(SMALL, population) / limit - 1)

    found = played(make(name, violations=excess), 20)
    assert len(found) >= 100
    assert np.mean(excess(found) == 0) > 0.95


def test_narrow_limits_in_a_huge_space_are_met(name):
    least, _ = FULL.extreme(MACS[FULL], aggregate="sum", largest=False)

    def excess(population):
        return np.maximum(0, macs(FULL, population) / (1.05 * least) - 1)

    assert min(excess([FULL.sample(Random(i)) for i in range(3000)])) > 0.01
    found = played(make(name, space=FULL, violations=excess), 5)
    assert len(found) >= 20
    assert np.mean(excess(found) == 0) > 0.7


@pytest.mark.parametrize("space", [TINY, FULL], ids=["tiny", "full"])
def test_limits_that_nothing_meets_never_loop(name, space):
    started, found, refusal = time.monotonic(), [], ""
    strategy = make(name, space=space, violations=lambda p: np.array([1 + sum(g) for g in p]))
    try:
        found = played(strategy, 10)
    except InfeasibleSpace as raised:
        refusal = str(raised)
    assert "macs at most 1" in refusal or len(found) == len(set(found)) > 0
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("n_objectives", [1, 2, 3, 4, 5])
def test_one_to_five_objectives(name, n_objectives):
    strategy = make(name, n_objectives=n_objectives)
    found = played(strategy, 10, judge=lambda p: judged(p, n_objectives))
    assert len(found) >= 50


def test_failed_evaluations_do_no_harm(name):
    def judge(proposal):
        result = judged(proposal)
        return result if proposal.ticket % 3 else Result(result.ticket, result.genes, None)

    found = played(make(name), 20, judge=judge)
    assert len(found) == len(set(found)) >= 100


def test_there_is_always_more_to_try_when_all_evaluations_fail(name):
    found = played(make(name), 20, judge=lambda p: Result(p.ticket, p.genes, None))
    assert len(found) >= 100


def test_results_that_violate_limits_do_no_harm(name):
    def judge(proposal):
        result = judged(proposal)
        violation = float("inf") if proposal.ticket % 5 == 0 else proposal.ticket % 2
        return Result(result.ticket, result.genes, result.losses, violation=violation)

    assert len(played(make(name), 20, judge=judge)) >= 100


def test_results_may_come_late_and_out_of_order(name):
    strategy, rng, outstanding, found = make(name), Random(1), [], []
    for _ in range(80):
        proposals = strategy.ask(rng.randrange(5))
        found += [p.genes for p in proposals]
        outstanding += proposals
        rng.shuffle(outstanding)
        told, outstanding = outstanding[:3], outstanding[3:]
        strategy.tell([judged(p) for p in told])
    assert len(found) == len(set(found)) >= 80


def test_something_is_proposed_whenever_nothing_is_outstanding(name):
    strategy = make(name, space=TINY)
    while not strategy.finished():
        proposals = strategy.ask(3)
        assert proposals
        strategy.tell([judged(p) for p in proposals])


def test_telling_twice_or_the_unknown_changes_nothing(name):
    strategy, twin = make(name), make(name)
    for one in (strategy, twin):
        proposals = one.ask(8)
        one.tell([judged(p) for p in proposals])
    strategy.tell([judged(p) for p in proposals])
    strategy.tell([Result(999, proposals[0].genes, (0.0, 0.0))])
    assert strategy.state() == twin.state()


def test_asking_for_nothing_changes_nothing(name):
    strategy = make(name)
    before = strategy.state()
    assert strategy.ask(0) == []
    assert strategy.state() == before


def test_card_describes_settings_and_presets(name):
    card = STRATEGIES[name]
    assert card.label
    assert card.summary.endswith(".")
    assert all(row["help"].endswith(".") for row in schema(card.settings_class()))
    for preset in card.presets.values():
        build(card.settings_class(), preset)
