"""With results of an earlier run, population strategies begin at its front."""

from random import Random

import numpy as np
import pytest

from searches.strategies.base import Result
from tests.searches.strategies.playing import (
    SMALL,
    THOROUGH_ONES_SLOW,
    at_most,
    copied,
    judge,
    losses_of,
    macs,
    played,
    problem_for,
    strategy_of,
    unlimited,
    what,
)

FOUNDED = ["nsga2", "regularised_evolution", "ofa_evolution", "local_search"]
IGNORANT = ["random", "grid"]


def earlier(seed=0, n=40):
    """Results of an earlier run; some failed."""
    genes = [SMALL.sample(Random(f"{seed} {i}")) for i in range(n)]
    losses = losses_of(SMALL, genes, 2)
    return tuple(
        Result(0, g, None if i % 10 == 9 else tuple(row))
        for i, (g, row) in enumerate(zip(genes, losses, strict=True))
    )


def front_of(results):
    """Genes that no other result beats, by brute force."""
    done = [result for result in results if result.losses is not None]

    def is_beaten(a):
        return any(
            b.losses != a.losses and all(np.array(b.losses) <= np.array(a.losses)) for b in done
        )

    return {result.genes for result in done if not is_beaten(result)}


def warm(name, *, seed=0, prior=None, violations=unlimited):
    prior = earlier() if prior is None else prior
    return strategy_of(name, problem_for(SMALL, prior=prior, violations=violations), seed=seed)


@pytest.mark.parametrize("name", FOUNDED)
def test_founders_are_the_earlier_front_and_then_others(name):
    front = front_of(earlier())
    assert 1 < len(front) < 10
    founders = [proposal.genes for proposal in warm(name).ask(10)]
    assert set(founders[: len(front)]) == front
    assert len(set(founders)) == 10


@pytest.mark.parametrize("name", FOUNDED)
def test_earlier_front_is_proposed_however_few_are_asked_for_at_once(name):
    strategy, front = warm(name), front_of(earlier())
    founders = [strategy.ask(1)[0].genes for _ in front]
    assert set(founders) == front


@pytest.mark.parametrize("name", FOUNDED)
def test_earlier_results_outside_todays_limits_are_no_founders(name):
    front = list(front_of(earlier()))
    excess = at_most(SMALL, np.median(macs(SMALL, front)))
    within = {genes for genes in front if excess([genes])[0] == 0}
    assert 0 < len(within) < len(front)
    founders = [proposal.genes for proposal in warm(name, violations=excess).ask(10)]
    assert set(founders) & set(front) == within


@pytest.mark.parametrize("name", FOUNDED)
def test_earlier_results_that_violate_a_limit_yield_to_those_that_do_not(name):
    prior = [Result(0, (0,) * len(SMALL.genes), (0.0, 0.0), violation=1.0), *earlier()]
    founders = [proposal.genes for proposal in warm(name, prior=tuple(prior)).ask(9)]
    assert front_of(earlier()) <= set(founders)


@pytest.mark.parametrize("name", IGNORANT)
def test_baselines_do_as_if_there_had_been_no_earlier_run(name):
    assert what(played(warm(name), 5)) == what(played(warm(name, prior=()), 5))


@pytest.mark.parametrize("name", THOROUGH_ONES_SLOW)
def test_warm_start_keeps_the_contract(name):
    strategy, revived = warm(name, seed=3), warm(name, seed=4)
    first = played(strategy, 6)
    history = [judge(strategy, proposal) for proposal in first]
    revived.restore(copied(strategy.state()), history)
    then = played(strategy, 6)
    assert what(played(revived, 6)) == what(then)
    found = what(first + then)
    assert len(found) == len(set(found)) >= 60


@pytest.mark.parametrize("name", THOROUGH_ONES_SLOW)
def test_earlier_run_without_any_success_is_no_obstacle(name):
    prior = tuple(Result(0, result.genes, None) for result in earlier())
    assert len(played(warm(name, prior=prior), 6)) >= 30
