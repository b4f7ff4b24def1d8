"""Successive halving, Hyperband and ASHA: sizes of the rungs, who goes on, what is spent."""

import json
from collections import Counter
from itertools import pairwise
from random import Random

import numpy as np
import pytest

from searches.objectives.fidelity import Scale
from searches.objectives.settings import build
from searches.spaces.presets import OFA_MOBILENET_V3_FULL
from searches.spaces.registry import load
from searches.strategies.base import Problem, Result
from searches.strategies.registry import STRATEGIES
from searches.strategies.rungs import rungs_of
from searches.strategies.settings.fidelity import HalvingSettings
from tests.searches.strategies.playing import SMALL

SPACE = load(OFA_MOBILENET_V3_FULL)
NAMES = ("successive_halving", "hyperband", "asha")
SAMPLERS = HalvingSettings.__dataclass_fields__["sampler"].metadata["choices"]


def make(name, space=SPACE, *, epochs=27, budget=200, n_objectives=1, seed=0, **settings):
    def violations(population):
        return np.zeros(len(population))

    problem = Problem(space, n_objectives, violations, budget=budget, fidelities=Scale(epochs))
    card = STRATEGIES[name]
    return card.load()(problem, build(card.settings_class(), settings), Random(seed))


def worth(genes):
    """A loss that does not depend on the fidelity: the order of a rung is that of the truth."""
    return float(sum((i % 7 - 3) * gene for i, gene in enumerate(genes))) + hash(genes) % 97 / 1e3


def judged(proposal):
    loss = worth(proposal.genes)
    return Result(proposal.ticket, proposal.genes, (loss,), fidelity=proposal.fidelity)


def played(strategy, *, batch=8, judge=judged, most=400):
    """All proposals, each batch told at once."""
    found = []
    for _ in range(most):
        proposals = strategy.ask(batch)
        found += proposals
        strategy.tell([judge(p) for p in proposals])
        if strategy.finished():
            break
    return found


def by_fidelity(proposals):
    return Counter(proposal.fidelity for proposal in proposals)


@pytest.mark.parametrize(
    ("epochs", "eta", "least", "expected"),
    [
        (81, 3, 1, (1, 3, 9, 27, 81)),
        (27, 3, 3, (3, 9, 27)),
        (10, 3, 1, (1, 3, 10)),
        (16, 4, 1, (1, 4, 16)),
        (5, 3, 5, (5,)),
        (1, 3, 1, (1,)),
        (2, 3, 1, (2,)),
    ],
)
def test_rungs_are_powers_of_eta_below_the_full_evaluation(epochs, eta, least, expected):
    assert rungs_of(epochs, eta=eta, least=least) == expected


def test_rungs_of_what_costs_its_square_are_closer():
    assert rungs_of(100, eta=4, least=10, power=2) == (12, 25, 50, 100)


def test_fidelities_of_a_share_are_named_in_percent():
    scale = Scale(100, "data")
    assert [scale.name(n) for n in (11, 33, 100)] == ["data=11%", "data=33%", "full"]
    assert [scale.amount(name) for name in ("data=11%", "full")] == [11, 100]
    for wrong in ("data=11", "channels=11%", "data=100%", "epochs=1"):
        with pytest.raises(ValueError, match="neither"):
            scale.amount(wrong)


def test_the_evaluator_says_of_what_the_first_have_less():
    def violations(population):
        return np.zeros(len(population))

    problem = Problem(SPACE, 1, violations, budget=20, fidelities=Scale(100, "channels"))
    strategy = STRATEGIES["asha"].load()(problem, build(HalvingSettings, {}), Random(0))
    assert strategy.fidelities == [f"channels={n}%" for n in (11, 19, 33, 58)] + ["full"]


def test_fidelities_are_named_by_their_epochs():
    assert [Scale(27).name(n) for n in (1, 9, 27, 40)] == ["epochs=1", "epochs=9", "full", "full"]
    assert [Scale(27).amount(name) for name in ("epochs=1", "epochs=9", "full")] == [1, 9, 27]
    for wrong in ("epochs=0", "epochs=27", "epochs=x", "9", ""):
        with pytest.raises(ValueError, match="neither"):
            Scale(27).amount(wrong)


# Li et al., 2018, table 1 with ⌈·⌉ for the sizes: bracket -> architectures by rung.
HYPERBAND_81 = [(81, 27, 9, 3, 1), (34, 11, 3, 1), (15, 5, 1), (8, 2), (5,)]


def test_brackets_of_hyperband_have_the_published_sizes():
    budget = sum(map(sum, HYPERBAND_81))
    proposals = played(make("hyperband", epochs=81, budget=budget))
    total = Counter()
    for sizes in HYPERBAND_81:
        names = [Scale(81).name(3**k) for k in range(5)][-len(sizes) :]
        total.update(dict(zip(names, sizes, strict=True)))
    assert by_fidelity(proposals) == total
    spent = sum(Scale(81).amount(p.fidelity) for p in proposals)
    assert spent == 1902  # whole trainings from scratch; less when they continue


@pytest.mark.parametrize(("epochs", "units"), [(27, 423), (9, 78)])
def test_a_round_of_hyperband_costs_what_is_published(epochs, units):
    levels = len(rungs_of(epochs, eta=3, least=1))
    strategy = make("hyperband", epochs=epochs, budget=10_000)
    spent = 0
    while len(strategy.brackets) <= levels:
        proposals = strategy.ask(1)
        if len(strategy.brackets) > levels:
            break
        spent += sum(Scale(epochs).amount(p.fidelity) for p in proposals)
        strategy.tell([judged(p) for p in proposals])
    assert spent == units


def test_successive_halving_fits_its_rungs_into_the_budget():
    proposals = played(make("successive_halving", budget=100))
    sizes = {"epochs=1": 68, "epochs=3": 22, "epochs=9": 7, "full": 2}  # one more start: 101
    assert by_fidelity(proposals) == sizes
    assert len(proposals) <= 100


def test_only_the_best_third_of_every_rung_goes_on():
    proposals = played(make("successive_halving", budget=100))
    rungs = {}
    for proposal in proposals:
        rungs.setdefault(proposal.fidelity, []).append(proposal.genes)
    names = ["epochs=1", "epochs=3", "epochs=9", "full"]
    for below, above in pairwise(names):
        best = sorted(rungs[below], key=worth)[: len(rungs[below]) // 3]
        assert set(rungs[above]) == set(best)


@pytest.mark.parametrize("name", NAMES)
def test_who_goes_on_continues_the_trial_before(name):
    proposals = played(make(name))
    tickets = {p.ticket: p for p in proposals}
    promoted = [p for p in proposals if p.resume_from is not None]
    assert len(promoted) > 10
    for proposal in promoted:
        before = tickets[proposal.resume_from]
        assert before.genes == proposal.genes
        assert before.ticket < proposal.ticket
        assert Scale(27).amount(before.fidelity) < Scale(27).amount(proposal.fidelity)


@pytest.mark.parametrize("name", NAMES)
def test_no_architecture_is_judged_twice_at_one_fidelity(name):
    proposals = played(make(name))
    assert len({(p.genes, p.fidelity) for p in proposals}) == len(proposals)


def test_asha_promotes_whenever_a_third_of_a_rung_is_beaten():
    strategy = make("asha", budget=300)
    for _ in range(300):
        proposals = strategy.ask(1)
        if not proposals:
            break
        for rung in strategy.brackets[0].rungs[:-1]:
            results = sorted(rung.results, key=worth)
            assert len(rung.promoted) <= len(results) // 3 + 2 * len(results) ** 0.5
        strategy.tell([judged(p) for p in proposals])
    rungs = strategy.brackets[0].rungs
    for rung in rungs[:-1]:  # nothing that may go on is left behind
        top = {result.genes for result in rung.best(len(rung.results) // 3)}
        assert top <= rung.promoted
    for below, above in pairwise(rungs):
        # Of n promotions in the order of √n are wrong (Li et al., 2020, section 3.3).
        assert len(above.results) <= len(below.results) // 3 + 2 * len(below.results) ** 0.5


def test_asha_waits_for_nobody():
    strategy = make("asha")
    assert len(strategy.ask(16)) == 16
    assert len(strategy.ask(16)) == 16  # with all of the first outstanding


def test_a_rung_of_successive_halving_waits_for_its_last_result():
    strategy = make("successive_halving", budget=30, epochs=9)
    proposals = strategy.ask(30)
    assert set(by_fidelity(proposals)) == {"epochs=1"}
    assert strategy.ask(5) == []
    strategy.tell([judged(p) for p in proposals[:-1]])
    assert strategy.ask(5) == []
    strategy.tell([judged(proposals[-1])])
    assert {p.fidelity for p in strategy.ask(5)} == {"epochs=3"}


@pytest.mark.parametrize("name", NAMES)
def test_failed_trials_never_go_on(name):
    def judge(proposal):
        if proposal.ticket % 3 == 0:
            return Result(proposal.ticket, proposal.genes, None, fidelity=proposal.fidelity)
        return judged(proposal)

    proposals = played(make(name), judge=judge)
    assert not [p for p in proposals if p.resume_from is not None and p.resume_from % 3 == 0]
    assert by_fidelity(proposals)["full"] > 0


def test_several_objectives_promote_what_no_other_beats():
    def judge(proposal):
        a = worth(proposal.genes)
        losses = (a, -a + (proposal.ticket % 5))
        return Result(proposal.ticket, proposal.genes, losses, fidelity=proposal.fidelity)

    strategy = make("successive_halving", budget=60, n_objectives=2, epochs=9)
    results = [judge(p) for p in strategy.ask(60)]
    strategy.tell(results)
    chosen = {p.genes for p in strategy.ask(60)}
    front = [
        r
        for r in results
        if not any(
            all(np.less_equal(o.losses, r.losses)) and o.losses != r.losses for o in results
        )
    ]
    n = len(results) // 3
    assert len(chosen) == n
    assert len(chosen & {r.genes for r in front}) == min(n, len(front))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "sampler"),
    [(name, "nsga2") for name in NAMES] + [("asha", sampler) for sampler in SAMPLERS],
)
def test_restored_at_every_step_it_goes_on_as_if_undisturbed(name, sampler):
    undisturbed = played(make(name, SMALL, sampler=sampler, budget=40), batch=5)
    strategy, found, history = make(name, SMALL, sampler=sampler, budget=40), [], []
    for _ in range(100):
        revived = make(name, SMALL, sampler=sampler, budget=40, seed=9)
        revived.restore(json.loads(json.dumps(strategy.state())), history)
        assert revived.state() == strategy.state()
        strategy = revived
        proposals = strategy.ask(5)
        found += proposals
        history += [judged(p) for p in proposals]
        strategy.tell([judged(p) for p in proposals])
        if strategy.finished():
            break
    assert found == undisturbed


def test_every_sampling_strategy_may_propose_what_starts():
    proposing = {name for name, card in STRATEGIES.items() if card.trainable is None}
    not_alone = {name for name in proposing if STRATEGIES[name].requires}
    assert set(SAMPLERS) == proposing - not_alone


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_several_objectives_are_climbed_with_every_sampler(sampler):
    strategy = make("asha", SMALL, sampler=sampler, budget=40, n_objectives=2)

    def judge(proposal):
        losses = (worth(proposal.genes), -float(sum(proposal.genes)))
        return Result(proposal.ticket, proposal.genes, losses, fidelity=proposal.fidelity)

    found = by_fidelity(played(strategy, judge=judge))
    assert sum(found.values()) == 40
    assert found["epochs=1"] > found["epochs=3"] > found["epochs=9"] >= 1


@pytest.mark.parametrize("name", NAMES)
def test_the_sampler_learns_from_the_first_rung_of_each(name):
    strategy = make(name, sampler="nsga2", budget=150)
    played(strategy, batch=4)
    population = strategy.samplers[0].population
    assert len(population) == 20
    mean = np.mean([result.losses[0] for result in population])
    everyone = np.mean([worth(genes) for genes in strategy.homes])
    assert mean < everyone


@pytest.mark.slow
def test_a_sampler_compares_results_of_one_fidelity():
    """Losses fall with the epochs: whoever starts with more of them would beat all others."""
    strategy = make("hyperband", epochs=9, sampler="nsga2", budget=300)

    def judge(proposal):
        loss = worth(proposal.genes) - 100.0 * Scale(9).amount(proposal.fidelity)
        return Result(proposal.ticket, proposal.genes, (loss,), fidelity=proposal.fidelity)

    found = played(strategy, judge=judge)
    started = {p.genes: p.fidelity for p in found if p.resume_from is None}
    assert len(started) == sum(p.resume_from is None for p in found)  # none by two samplers
    for sampler, fidelity in zip(strategy.samplers, strategy.fidelities, strict=True):
        assert {started[member.genes] for member in sampler.population} == {fidelity}
