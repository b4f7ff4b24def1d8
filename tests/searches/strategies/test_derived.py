"""The search of a one-shot strategy proposes what its training ended with."""

from random import Random

import numpy as np
import pytest

from searches.spaces.base import InfeasibleSpace
from searches.spaces.presets import OFA_MOBILENET_V3_SMALL
from searches.spaces.registry import load
from searches.strategies.base import Problem, Result
from searches.strategies.derived import Derived
from searches.strategies.settings.one_shot import OneShotSettings

SPACE = load(OFA_MOBILENET_V3_SMALL)
LIST = tuple({SPACE.sample(Random(seed)): None for seed in range(20)})


def make(derived=LIST, violations=lambda population: np.zeros(len(population))):
    problem = Problem(SPACE, 2, violations, budget=50, limits=("macs at most 1",), derived=derived)
    return Derived(problem, OneShotSettings(), Random(0))


def proposed(strategy, n):
    return [proposal.genes for proposal in strategy.ask(n)]


def test_architectures_come_in_their_order_and_once():
    strategy = make()
    assert [*proposed(strategy, 7), *proposed(strategy, 7), *proposed(strategy, 7)] == list(LIST)
    assert strategy.finished()
    assert strategy.ask(3) == []


def test_those_outside_of_the_limits_are_left_out():
    bad = set(LIST[::2])
    strategy = make(violations=lambda population: np.array([float(g in bad) for g in population]))
    assert proposed(strategy, 50) == list(LIST[1::2])
    assert strategy.finished()


def test_limits_that_no_architecture_meets_are_named():
    strategy = make(violations=lambda population: np.ones(len(population)))
    with pytest.raises(InfeasibleSpace, match="macs at most 1"):
        strategy.ask(5)


def outside_of_the_list(population):
    return np.array([float(genes in LIST) for genes in population])


def test_architectures_are_drawn_when_no_derived_one_is_within_the_limits():
    strategy, revived = (make(violations=outside_of_the_list) for _ in range(2))
    first = strategy.ask(6)
    assert len(first) == 6
    assert not {proposal.genes for proposal in first} & set(LIST)
    history = [Result(p.ticket, p.genes, (0.1, 0.2)) for p in first[:4]]
    strategy.tell(history)
    revived.restore(strategy.state(), history)
    again = proposed(revived, 6)
    assert again == proposed(strategy, 6)
    assert not {proposal.genes for proposal in first} & set(again)
    assert (outside_of_the_list(again) == 0).all()


def test_nothing_is_drawn_when_some_derived_architecture_is_within():
    strategy = make(
        violations=lambda population: np.array([float(g != LIST[7]) for g in population])
    )
    assert proposed(strategy, 5) == [LIST[7]]
    assert strategy.finished()


def test_a_restored_search_goes_on_where_it_was():
    strategy, revived = make(), make()
    first = strategy.ask(6)
    history = [Result(p.ticket, p.genes, (0.1, 0.2)) for p in first[:4]]
    strategy.tell(history)
    revived.restore(strategy.state(), history)
    assert proposed(revived, 6) == list(LIST[6:12]) == proposed(strategy, 6)
