"""Gradients of the surrogates are those of the expected reward: Williams 1992, Schulman 2017."""

import numpy as np
import pytest
import torch

from searches.spaces.base import Gene
from searches.strategies.reinforcement import surrogates
from tests.searches.strategies.reinforcement.toys import NESTED, Listed, controller_of

# Two choices, so six architectures; rewards without a pattern, far from zero.
STEPS = (Gene("first", (0, 1, 2)), Gene("second", (0, 1)))
ALL = torch.tensor(list(Listed(STEPS).enumerate()))
REWARDS = torch.tensor([5.0, 5.9, 5.3, 5.1, 6.0, 5.6], dtype=torch.float64)


def gradient(controller, loss):
    parts = torch.autograd.grad(loss, list(controller.parameters()), allow_unused=True)
    pairs = zip(controller.parameters(), parts, strict=True)
    return torch.cat([(torch.zeros_like(p) if g is None else g).flatten() for p, g in pairs])


def probabilities(controller):
    return controller(ALL)[0].sum(-1).exp()


def exact(controller):
    """The gradient of minus the expected reward, by listing all architectures."""
    return gradient(controller, -(probabilities(controller) * REWARDS).sum())


def estimates(controller, baseline=0.0, behaviour=None):
    """[6, n_parameters] gradient that each architecture gives, alone in its batch."""
    rows = []
    for genes, reward in zip(ALL, REWARDS, strict=True):
        logs, _ = controller(genes[None])
        old = logs.detach() if behaviour is None else behaviour(genes[None])[0].detach()
        loss = surrogates.reinforce(logs, old, (reward - baseline)[None])
        rows.append(gradient(controller, loss))
    return torch.stack(rows)


@pytest.mark.parametrize("baseline", [0.0, 5.5])
def test_mean_gradient_of_draws_is_the_exact_gradient(baseline):
    controller, n = controller_of(STEPS, scale=5.0), 200_000
    drawn = controller.draw(n, torch.Generator().manual_seed(1))
    counts = torch.bincount(2 * drawn[:, 0] + drawn[:, 1], minlength=6).double()
    rows, truth = estimates(controller, baseline), exact(controller)
    mean = counts @ rows / n
    error = ((counts @ (rows - mean) ** 2 / n) / n).sqrt()
    along = truth / truth.norm()
    error_along = ((counts @ ((rows - mean) @ along) ** 2) / n / n).sqrt()
    assert abs((mean - truth) @ along) <= 3 * error_along < 0.2 * truth.norm()
    assert (abs(mean - truth) <= 3 * error + 1e-12).double().mean() > 0.95


@pytest.mark.parametrize("baseline", [0.0, 5.5])
def test_expected_gradient_is_exact_whatever_the_baseline(baseline):
    controller = controller_of(STEPS, scale=5.0)
    expected = probabilities(controller).detach() @ estimates(controller, baseline)
    assert torch.allclose(expected, exact(controller), atol=1e-10)


def test_results_of_an_older_controller_give_the_gradient_of_the_present_one():
    now, then = controller_of(STEPS, scale=5.0), controller_of(STEPS, scale=4.0, seed=9)
    ratio = probabilities(now) / probabilities(then)
    assert 1.1 < ratio.max() < surrogates.LARGEST_RATIO
    expected = probabilities(then).detach() @ estimates(now, 5.5, behaviour=then)
    assert torch.allclose(expected, exact(now), atol=1e-10)


def test_weight_of_a_late_result_is_bounded():
    old = torch.tensor([[-5.0, -5.0], [-1.0, -1.0]])
    assert surrogates.importance(torch.zeros(2, 2), old).tolist() == [5, 5]
    assert surrogates.importance(old, torch.zeros(2, 2))[0] == pytest.approx(np.exp(-10))


def test_baseline_lowers_the_variance():
    controller = controller_of(STEPS, scale=5.0)
    shares = probabilities(controller).detach()

    def variance(baseline):
        rows = estimates(controller, baseline)
        return (shares @ (rows - shares @ rows) ** 2).sum().item()

    assert variance((shares @ REWARDS).item()) < 0.05 * variance(0.0)


def test_entropy_gradient_equals_finite_differences():
    controller = controller_of(NESTED, scale=5.0)
    genes = torch.tensor([(0, 2, 0), (1, 1, 3), (1, 0, 2)])

    def bonus():
        return controller(genes)[1].sum(-1).mean()

    found, differences = gradient(controller, bonus()), []
    for parameter in controller.parameters():
        flat = parameter.data.view(-1)
        for index in range(len(flat)):
            kept, ends = flat[index].item(), []
            for step in (1e-5, -1e-5):
                flat[index] = kept + step
                with torch.no_grad():
                    ends.append(bonus().item())
            flat[index] = kept
            differences.append((ends[0] - ends[1]) / 2e-5)
    assert np.abs(differences).max() > 1e-3
    assert np.allclose(found.numpy(), differences, atol=1e-8)


@pytest.mark.parametrize(
    ("ratio", "advantage", "moves"),
    [
        (1.3, 1.0, False),  # made likelier by more than the clip, as it should be
        (1.3, -1.0, True),
        (0.7, -1.0, False),
        (0.7, 1.0, True),
        (1.1, 1.0, True),
        (0.9, -1.0, True),
    ],
)
def test_clipped_objective_stops_where_the_step_was_long_enough(ratio, advantage, moves):
    old = torch.tensor([[-1.0, -2.0]])
    new = (old + torch.tensor([[np.log(ratio), 0.0]])).float().requires_grad_()
    surrogates.clipped(new, old, torch.tensor([advantage]), 0.2).backward()
    slope = -ratio * advantage if moves else 0.0  # d ratio / d log p = ratio
    assert new.grad[0].tolist() == pytest.approx([slope, -advantage], rel=1e-5)


def test_clipped_objective_is_the_smaller_of_the_two():
    old = torch.zeros(1, 2)
    new = torch.tensor([[np.log(1.5), np.log(0.5)]]).float()
    gain = surrogates.clipped(new, old, torch.tensor([2.0]), 0.2)
    assert gain.item() == pytest.approx(-(2.0 * 1.2 + 2.0 * 0.5))
    loss = surrogates.clipped(new, old, torch.tensor([-2.0]), 0.2)
    assert loss.item() == pytest.approx(2.0 * 1.5 + 2.0 * 0.8)


def test_first_ppo_step_is_that_of_reinforce():
    controller = controller_of(STEPS, scale=5.0)
    logs, _ = controller(ALL)
    old, gains = logs.detach(), REWARDS - 5.5
    ppo = gradient(controller, surrogates.clipped(logs, old, gains, 0.2))
    logs, _ = controller(ALL)
    assert torch.allclose(ppo, gradient(controller, surrogates.reinforce(logs, old, gains)))
