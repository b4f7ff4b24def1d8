"""The controller is a distribution over the architectures of a space, and draws from it."""

from collections import Counter

import numpy as np
import pytest
import torch

from tests.searches.strategies.reinforcement.toys import NESTED, Listed, controller_of

EVERYTHING = list(Listed(NESTED).enumerate())


@pytest.mark.parametrize("scale", [1.0, 10.0])
def test_probabilities_of_all_architectures_add_up_to_one(scale):
    logs, _ = controller_of(NESTED, scale=scale)(torch.tensor(EVERYTHING))
    assert logs.sum(-1).exp().sum().item() == pytest.approx(1, abs=1e-9)


def test_drawn_shares_are_the_probabilities():
    controller = controller_of(NESTED, scale=10.0)
    drawn = controller.draw(20_000, torch.Generator().manual_seed(1)).tolist()
    counts = Counter(map(tuple, drawn))
    assert set(counts) <= set(EVERYTHING)
    expected = 20_000 * controller(torch.tensor(EVERYTHING))[0].sum(-1).exp().detach().numpy()
    found = np.array([counts[genes] for genes in EVERYTHING])
    chi_square = ((found - expected) ** 2 / expected).sum()
    assert max(expected) > 2 * min(expected)
    assert chi_square < 49.6  # 29 degrees of freedom: 99 %


def test_inactive_gene_has_no_log_probability_and_no_entropy():
    logs, entropies = controller_of(NESTED)(torch.tensor([(0, 2, 0), (1, 2, 0)]))
    assert logs[0, 2] == entropies[0, 2] == 0
    assert logs[1, 2] < 0 < entropies[1, 2]


def test_entropy_is_that_of_the_softmax_of_each_gene():
    controller = controller_of(NESTED, scale=10.0)
    logs = controller(torch.tensor([(1, 2, option) for option in range(4)]))[0][:, 2]
    _, entropies = controller(torch.tensor([(1, 2, 3)]))
    expected = -(logs.exp() * logs).sum()
    assert entropies[0, 2].item() == pytest.approx(expected.item())


def test_choice_depends_on_the_choices_before_it_only():
    controller = controller_of(NESTED, scale=10.0)
    logs, _ = controller(torch.tensor([(1, 2, 0), (1, 2, 3), (1, 0, 3)]))
    assert torch.allclose(logs[0, :2], logs[1, :2])
    assert not torch.isclose(logs[1, 2], logs[2, 2])


def test_same_seed_makes_and_draws_the_same():
    def drawn(seed):
        return controller_of(NESTED, seed=seed).draw(50, torch.Generator().manual_seed(seed))

    assert torch.equal(drawn(1), drawn(1))
    assert not torch.equal(drawn(1), drawn(2))


def test_squash_bounds_what_can_be_certain():
    controller = controller_of(NESTED, squash=1.5, scale=1e6)
    logs, _ = controller(torch.tensor(EVERYTHING))
    most = np.exp(1.5) / (np.exp(1.5) + np.exp(-1.5))  # of two options
    assert logs[:, 0].exp().max().item() == pytest.approx(most, rel=1e-6)
