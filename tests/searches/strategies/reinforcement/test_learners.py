"""Both learners find the best of a bandit, and go on from their state to the bit."""

import json
from random import Random

import pytest
import torch

from searches.strategies.reinforcement.ppo import PpoLearner
from searches.strategies.reinforcement.reinforce import ReinforceLearner
from searches.strategies.settings.reinforcement import PpoSettings, ReinforceSettings
from tests.searches.strategies.reinforcement.toys import CHOICES

LEARNERS = [(ReinforceLearner, ReinforceSettings), (PpoLearner, PpoSettings)]
both = pytest.mark.parametrize(("learner_of", "settings_of"), LEARNERS, ids=["reinforce", "ppo"])


def played(learner, n_samples, worth, batch=5):
    """Mean reward of the first hundred samples and of the last."""
    rewards = []
    for _ in range(n_samples // batch):
        drawn = learner.draw(batch)
        told = [worth(genes) for genes in drawn]
        learner.learn(drawn, learner.logs_of(drawn), told)
        rewards += told
    return sum(rewards[:100]) / 100, sum(rewards[-100:]) / 100


@pytest.mark.slow
@both
def test_it_finds_the_best_of_six_five_way_choices_within_500_samples(learner_of, settings_of):
    settings, rng = settings_of(), Random(4)
    worths = [rng.sample([0.0, 0.25, 0.5, 0.75, 1.0], 5) for _ in CHOICES]
    learner = learner_of(CHOICES, settings, rng)
    early, late = played(
        learner, 500, lambda g: sum(map(list.__getitem__, worths, g)) / 6, settings.batch
    )
    best = [worth.index(1.0) for worth in worths]
    assert learner.logs_of([best]).sum().exp() > 0.9  # of all six together
    assert late > early + 0.2


@both
def test_equal_rewards_leave_only_the_pull_of_entropy(learner_of, settings_of):
    learner = learner_of(CHOICES, settings_of(entropy=0.1), Random(0))
    with torch.no_grad():
        learner.controller.biases.weight[::5] = 3.0
    before = learner.controller(torch.tensor([[0] * 6]))[1].sum().item()
    played(learner, 100, lambda genes: 0.5)
    assert learner.controller(torch.tensor([[0] * 6]))[1].sum() > 1.5 * before


def test_without_bonus_equal_rewards_teach_nothing():
    learner = ReinforceLearner(CHOICES, ReinforceSettings(entropy=0.0), Random(0))
    before = learner.state()["controller"]
    played(learner, 20, lambda genes: 0.5)
    assert learner.state()["controller"] == before


def test_baseline_starts_at_the_first_reward_and_follows_after_the_advantage():
    learner = ReinforceLearner(CHOICES, ReinforceSettings(baseline=0.9), Random(0))
    told, seen = [0.8, 0.6, 1.0], []
    learner._update = lambda genes, old, advantages: seen.extend(advantages.tolist())
    drawn = learner.draw(3)
    learner.learn(drawn, learner.logs_of(drawn), told)
    assert seen == pytest.approx([0.0, 0.6 - 0.8, 1.0 - 0.78])
    assert learner.baseline == pytest.approx(0.9 * 0.78 + 0.1 * 1.0)


def test_long_gradients_are_shortened():
    def moved(clip_norm):
        learner = ReinforceLearner(CHOICES, ReinforceSettings(clip_norm=clip_norm), Random(0))
        learner.optimiser = torch.optim.SGD(learner.controller.parameters(), lr=1.0)
        before = torch.cat([p.flatten() for p in learner.controller.parameters()]).detach()
        drawn = learner.draw(2)
        learner.learn(drawn, learner.logs_of(drawn), [0.0, 1e4])
        after = torch.cat([p.flatten() for p in learner.controller.parameters()])
        return (after - before).norm().item()

    assert moved(0.25) == pytest.approx(0.25, rel=1e-3)
    assert moved(1e6) > 10


@both
@pytest.mark.parametrize("n_before", [0, 20])
def test_restored_learner_goes_on_to_the_bit(learner_of, settings_of, n_before):
    learner = learner_of(CHOICES, settings_of(), Random(1))
    played(learner, n_before, sum)
    revived = learner_of(CHOICES, settings_of(), Random(2))
    played(revived, 5, sum)  # traces that the state must replace
    revived.restore(json.loads(json.dumps(learner.state())))
    assert revived.state() == learner.state()
    for one in (learner, revived):
        played(one, 30, sum)
    assert revived.state() == learner.state()
