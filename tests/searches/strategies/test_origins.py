"""A strategy that varies architectures names the one that each proposal was made from."""

import pytest

from .playing import SMALL, judge, problem_for, strategy_of

VARYING = ("regularised_evolution", "nsga2", "ofa_evolution", "local_search")


def played(strategy, *, batch=10, rounds=25):
    """(proposal, genes told before it) of a short search."""
    told, found = set(), []
    for _ in range(rounds):
        proposals = strategy.ask(batch)
        found += [(proposal, frozenset(told)) for proposal in proposals]
        strategy.tell([judge(strategy, proposal) for proposal in proposals])
        told |= {proposal.genes for proposal in proposals}
    return found


@pytest.mark.parametrize("name", VARYING)
def test_what_a_child_was_made_from_was_told_before(name):
    found = played(strategy_of(name, problem_for(SMALL)))
    children = [(proposal, told) for proposal, told in found if proposal.parent is not None]
    assert len(children) > len(found) / 4
    for proposal, told in children:
        assert proposal.parent in told
        assert proposal.parent != proposal.genes


def test_those_that_start_at_random_have_none():
    found = played(strategy_of("random", problem_for(SMALL)), rounds=2)
    assert all(proposal.parent is None for proposal, _ in found)
