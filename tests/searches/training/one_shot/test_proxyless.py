"""ProxylessNAS: gradients of the gates, what a step moves, and what a step keeps in memory."""

import numpy as np
import pytest
import torch
from torch import nn

from searches.networks.mixed import Choice, MixedOperation, Single
from searches.networks.proxyless import ProxylessSupernet
from searches.spaces.network_presets import PROXYLESS_SMALL
from searches.spaces.registry import load
from searches.strategies.settings.one_shot import ProxylessSettings
from searches.targets.mobile import MobileTask
from searches.targets.settings import MobileSettings
from searches.training.base import always
from searches.training.one_shot.costs import ExpectedCost
from searches.training.one_shot.gates import FullMixture, TwoPaths
from searches.training.one_shot.memory import memory_curve, saved_bytes
from searches.training.one_shot.proxyless import Proxyless, keep_mass, pair_gradient


@pytest.fixture
def trainable(task, macs):
    settings = ProxylessSettings(epochs=4, warmup_epochs=0, batch_size=16, cost_weight=0.0)
    return Proxyless(task, settings, 0, costs=[macs])


def test_gradient_of_the_gates_is_the_closed_form():
    torch.manual_seed(0)
    x = torch.randn(4, 3, dtype=torch.float64)
    candidates = nn.ModuleList(nn.Linear(3, 3).double() for _ in range(3))
    gates = torch.tensor([1.0, 0.0], dtype=torch.float64, requires_grad=True)
    out = TwoPaths(2, 0, gates)(x, candidates)
    assert torch.equal(out, candidates[2](x))
    upstream = torch.randn_like(out)
    (found,) = torch.autograd.grad(out, gates, upstream)
    expected = torch.stack([(upstream * candidates[i](x)).sum() for i in (2, 0)])
    torch.testing.assert_close(found, expected.detach(), rtol=1e-12, atol=1e-12)


def test_gradient_of_a_pair_equals_differentiation_through_its_softmax():
    alpha = torch.randn(5, dtype=torch.float64)
    of_gates = torch.randn(2, dtype=torch.float64)
    pair = (3, 1)
    leaf = alpha[list(pair)].clone().requires_grad_()
    (torch.softmax(leaf, 0) * of_gates).sum().backward()
    found = pair_gradient(alpha, pair, of_gates)
    assert found[[3, 1]].tolist() == pytest.approx(leaf.grad.tolist(), rel=1e-12)
    assert found[[0, 2, 4]].tolist() == [0, 0, 0]
    assert found.sum().abs() < 1e-12


def test_a_step_keeps_the_probabilities_of_options_that_were_not_drawn():
    before = torch.randn(6, dtype=torch.float64)
    alpha = before.clone()
    alpha[[1, 4]] += torch.tensor([0.7, -0.3], dtype=torch.float64)
    keep_mass(alpha, before, (1, 4))
    change = torch.softmax(alpha, 0) - torch.softmax(before, 0)
    assert change[[0, 2, 3, 5]].abs().max() < 1e-12
    assert change[[1, 4]].abs().min() > 1e-3


def test_a_whole_step_of_the_choices_moves_two_options_of_each(trainable):
    before = [p.detach().double() for p in trainable.probabilities()]
    trainable.network.train()
    trainable.choice_step()
    after = [p.detach().double() for p in trainable.probabilities()]
    for p, q in zip(before, after, strict=True):
        moved = ((p - q).abs() > 1e-6).sum().item()
        assert moved == 2


@pytest.mark.parametrize("every", [1, 2])
def test_nothing_of_candidates_that_were_not_drawn_moves(task, every):
    settings = ProxylessSettings(epochs=8, warmup_epochs=0, batch_size=16, choice_every=every)
    trainable = Proxyless(task, settings, 0)
    trainable.advance(deadline=0, tick=always)  # momentum is there
    parameters = dict(trainable.network.named_parameters())
    looked_at = {False: 0, True: 0}
    for _ in range(6):
        before = {n: v.clone() for n, v in trainable.network.state_dict().items()}
        has_choice_step = trainable.step % every == 0
        pairs = trainable.draw_pairs() if has_choice_step else [(), ()]
        trainable.advance(deadline=0, tick=always)
        after = trainable.network.state_dict()
        looked_at[has_choice_step] += 1
        for number, place in enumerate(trainable.network.places):
            for index in range(3):
                names = [n for n in before if n.startswith(f"places.{number}.candidates.{index}.")]
                if index == place.gate.index:
                    assert all(not torch.equal(before[n], after[n]) for n in names)
                    continue
                # A step of the choices runs its pair, and norms take note of what they see.
                names = [n for n in names if n in parameters or index not in pairs[number]]
                assert all(torch.equal(before[n], after[n]) for n in names)
    assert looked_at == ({False: 0, True: 6} if every == 1 else {False: 3, True: 3})


def test_expected_cost_is_the_mean_over_all_networks(trainable, toy_space):
    cost = ExpectedCost(trainable.costs[0].cost, trainable.network)
    torch.manual_seed(1)
    ps = [torch.softmax(torch.randn(3), 0) for _ in range(2)]
    everything = list(toy_space.enumerate())
    values = np.append(cost.cost.values, 0.0)
    totals = [values[toy_space.operation_indices(np.array([g]))[0]].sum() for g in everything]
    chances = [float(ps[0][g[0]] * ps[1][g[1]]) for g in everything]
    assert cost(ps).item() == pytest.approx(np.dot(totals, chances), rel=1e-5)


def test_gradient_of_the_expected_cost_equals_finite_differences(trainable):
    cost = trainable.costs[0]
    alphas = [torch.randn(3, dtype=torch.float64, requires_grad=True) for _ in range(2)]
    value = cost.normalised([torch.softmax(a, 0) for a in alphas])
    found = torch.autograd.grad(value, alphas)
    for which in range(2):
        for position in range(3):
            ends = []
            for sign in (1, -1):
                moved = [a.detach().clone() for a in alphas]
                moved[which][position] += sign * 1e-6
                ends.append(cost.normalised([torch.softmax(a, 0) for a in moved]).item())
            assert found[which][position].item() == pytest.approx(
                (ends[0] - ends[1]) / 2e-6, abs=1e-6
            )


class Equal(nn.Module):
    """Three places of eight equal candidates each: wide inside, as an inverted bottleneck is."""

    def __init__(self, n):
        super().__init__()
        self.choices = tuple(Choice(str(i), tuple("abcdefgh"[:n])) for i in range(3))
        self.places = nn.ModuleList(
            MixedOperation([self.block() for _ in range(n)], choice=i) for i in range(3)
        )

    def block(self):
        return nn.Sequential(
            nn.Conv2d(8, 24, 1), nn.BatchNorm2d(24), nn.ReLU(), nn.Conv2d(24, 8, 3, padding=1)
        )

    def mixed_operations(self):
        return iter(self.places)

    def forward(self, x):
        for place in self.places:
            x = place(x)
        return x


def bytes_with(n, gate):
    network, x = Equal(n), torch.randn(4, 8, 16, 16, requires_grad=True)
    for place in network.places:
        place.gate = gate(n)
    return saved_bytes(network, lambda: network(x).sum())


def two_paths(n):
    return TwoPaths(0, n - 1, torch.tensor([1.0, 0.0], requires_grad=True))


def full(n):
    return FullMixture(torch.full((n,), 1 / n, requires_grad=True))


def test_memory_of_a_step_does_not_grow_with_the_number_of_equal_candidates():
    two, eight = (bytes_with(n, two_paths) for n in (2, 8))
    assert eight <= 1.10 * two
    single = [bytes_with(n, lambda n: Single(0)) for n in (2, 4, 8)]
    assert max(single) <= 1.01 * min(single)
    assert eight <= 1.3 * single[0]


def test_memory_of_the_full_mixture_grows_linearly():
    two, four, eight = (bytes_with(n, full) for n in (2, 4, 8))
    slope = (eight - four) / 4
    assert (four - two) / 2 == pytest.approx(slope, rel=0.02)
    assert eight > 3.5 * two


def test_memory_with_the_real_candidates_is_bounded_by_the_largest(trainable):
    curve = trainable.report()["memory"]
    assert curve["candidates"] == [2, 3]
    network, task = trainable.network, trainable.task
    inputs, targets = task.batch("train", torch.arange(curve["batch"]), trainable.resolution)
    singles = []
    for index in range(3):
        network.select([index, index])
        singles.append(saved_bytes(network, lambda: task.loss(network(inputs), targets)))
    assert max(curve["two_paths"]) <= 1.2 * max(singles)
    assert curve["mixture"][-1] > max(curve["two_paths"])


@pytest.mark.slow
def test_memory_with_the_bottlenecks_of_proxyless_nas_is_bounded_by_the_largest(tiny_data):
    space = load({**PROXYLESS_SMALL, "in_channels": 1, "n_classes": 3})
    network, task = ProxylessSupernet(space), MobileTask(space, tiny_data, MobileSettings())
    inputs, targets = task.batch("train", torch.arange(16), 24)

    def measure(gate):
        for place in network.mixed_operations():
            place.gate = gate(len(place.candidates))
        return saved_bytes(network, lambda: task.loss(network(inputs), targets))

    def pair(i, j):
        gates = torch.tensor([1.0, 0.0], requires_grad=True)
        return lambda n: TwoPaths(min(i, n - 1), min(j, n - 1), gates)

    singles = [measure(lambda n, i=i: Single(min(i, n - 1))) for i in range(7)]
    largest = singles.index(max(singles))
    pairs = [measure(pair(largest, other)) for other in range(7)]
    assert max(pairs) <= 1.2 * max(singles)
    assert measure(full) > 3 * max(pairs)


def test_measuring_memory_leaves_the_network_as_it_was(trainable):
    before = {n: v.clone() for n, v in trainable.network.state_dict().items()}
    memory_curve(trainable.network, trainable.task, resolution=trainable.resolution)
    after = trainable.network.state_dict()
    assert all(torch.equal(before[n], after[n]) for n in before)
