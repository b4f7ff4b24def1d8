"""Strategies with a controller: what they propose, and what they learn from."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

from searches.spaces.base import Gene
from searches.strategies.base import Result
from searches.strategies.reinforcement.ppo import Ppo
from searches.strategies.reinforcement.reinforce import Reinforce
from searches.strategies.settings.reinforcement import PpoSettings, ReinforceSettings
from tests.searches.strategies.reinforcement.toys import CHOICES, build, problem_of, results

STRATEGIES = [(Reinforce, ReinforceSettings()), (Ppo, PpoSettings())]
both = pytest.mark.parametrize(("strategy_of", "chosen"), STRATEGIES, ids=["reinforce", "ppo"])
FIVE_ZEROS = (0,) * 5


def weights(strategy):
    return strategy.learner.state()["controller"]


def collapsed(strategy):
    """A controller that is nearly certain of option 0 of every gene."""
    with torch.no_grad():
        strategy.learner.controller.biases.weight[::5] = 100.0
    return strategy


@both
def test_proposals_improve(strategy_of, chosen):
    strategy, found = build(strategy_of, chosen, problem_of(CHOICES)), []
    for _ in range(15):
        told = results(strategy.ask(20), sum)
        strategy.tell(told)
        found += [result.losses[0] for result in told]
    assert np.mean(found[-60:]) < np.mean(found[:60]) - 3


@both
def test_it_learns_when_a_batch_is_complete_however_it_was_told(strategy_of, chosen):
    chosen = replace(chosen, batch=6)
    at_once, one_by_one = (build(strategy_of, chosen, problem_of(CHOICES)) for _ in "ab")
    told = results(at_once.ask(8), sum)
    one_by_one.ask(8)
    before = weights(at_once)
    # All rewards of a batch rest on the ranges at the time of telling; these do not change.
    for one in (at_once, one_by_one):
        one.reward.least, one.reward.most = np.array([0.0]), np.array([24.0])
    at_once.tell(told)
    for result in told[:5]:
        one_by_one.tell([result])
    assert weights(one_by_one) == before
    for result in told[5:]:
        one_by_one.tell([result])
    assert one_by_one.state() == at_once.state()
    assert weights(at_once) != before


@both
def test_late_results_are_learned_from_with_the_probability_of_their_drawing(strategy_of, chosen):
    strategy = build(strategy_of, chosen, problem_of(CHOICES))
    late = strategy.ask(3)
    then = strategy.learner.logs_of([p.genes for p in late])
    for _ in range(5):
        strategy.tell(results(strategy.ask(10), sum))
    now = strategy.learner.logs_of([p.genes for p in late])
    assert (now - then).abs().max() > 0.02
    revived = build(strategy_of, chosen, problem_of(CHOICES), seed=9)
    revived.restore(json.loads(json.dumps(strategy.state())), [])
    seen = []
    revived.learner.learn = lambda population, old, rewards: seen.append((population, old))
    revived.settings = replace(chosen, batch=3)
    revived.lessons = []
    revived.tell(results(late, sum))
    assert seen[0][0] == [p.genes for p in late]
    assert torch.equal(seen[0][1], then)


@both
def test_collapsed_controller_still_proposes_new_ones(strategy_of, chosen):
    strategy = collapsed(build(strategy_of, chosen, problem_of(CHOICES)))
    found = {p.genes for _ in range(10) for p in strategy.ask(20)}
    assert len(found) == 200
    assert len({genes[0] for genes in found}) == 5  # random ones among them


@both
def test_random_ones_teach_nothing_when_the_controller_has_collapsed(strategy_of, chosen):
    strategy = collapsed(build(strategy_of, chosen, problem_of(CHOICES)))
    strategy.seen |= {(i, *FIVE_ZEROS[1:], j) for i in range(5) for j in range(5)}
    strategy.seen |= {tuple(int(i == k) * o for i in range(6)) for k in range(6) for o in range(5)}
    proposals = strategy.ask(10)
    random = [p for p in proposals if p.genes not in strategy.drawn]
    assert len(random) > 5
    before = strategy.learner.state()
    strategy.tell(results(random, sum))
    assert strategy.learner.state() == before
    assert strategy.lessons == []


@both
def test_it_learns_from_random_ones_when_the_limits_bar_its_own(strategy_of, chosen):
    def excess(population):
        return np.array([abs(sum(genes) - 23) for genes in population], dtype=float)

    problem = problem_of(CHOICES, violations=excess)  # 6 of 15,625 are within
    strategy = build(strategy_of, replace(chosen, batch=3, attempts=2), problem)
    proposals = strategy.ask(6)
    assert proposals
    assert all(sum(p.genes) == 23 for p in proposals)
    assert set(strategy.drawn) == {p.genes for p in proposals}


@both
def test_best_of_an_earlier_run_come_first(strategy_of, chosen):
    prior = tuple(Result(0, (i, *FIVE_ZEROS), (float(i), -float(i))) for i in range(3))
    worse = Result(0, (4, 4, *FIVE_ZEROS[1:]), (9.0, 9.0))
    problem = problem_of(CHOICES, n_objectives=2, prior=(worse, *prior))
    found = [p.genes for p in build(strategy_of, chosen, problem).ask(5)]
    assert set(found[:3]) == {result.genes for result in prior}
    assert worse.genes not in found


def test_space_of_one_architecture_is_searched():
    strategy = build(Reinforce, ReinforceSettings(), problem_of([Gene("only", (1,))]))
    proposals = strategy.ask(5)
    assert [p.genes for p in proposals] == [(0,)]
    strategy.tell(results(proposals, sum))
    assert strategy.finished()


def test_state_holds_no_number_that_json_lacks():
    strategy = build(Reinforce, ReinforceSettings(), problem_of(CHOICES, n_objectives=3))
    json.dumps(strategy.state(), allow_nan=False)
    strategy.ask(3)
    json.dumps(strategy.state(), allow_nan=False)
