"""The optimiser is torch's own where everything takes part, and still where nothing does."""

from random import Random

import torch
from torch import nn

from searches.networks.ofa_mobilenet_v3 import OfaMobileNetV3Supernet
from searches.training.sgd import SlicedSGD, union


def gradient_steps(network, step):
    for seed in range(5):
        inputs = torch.rand(8, 3, generator=torch.Generator().manual_seed(seed))
        network(inputs).square().mean().backward()
        step()
    return [p.detach().clone() for p in network.parameters()]


def test_without_regions_it_is_nesterov_sgd():
    torch.manual_seed(0)
    ours, theirs = nn.Linear(3, 4), nn.Linear(3, 4)
    theirs.load_state_dict(ours.state_dict())
    groups = [{"params": [theirs.weight]}, {"params": [theirs.bias], "weight_decay": 0.0}]
    reference = torch.optim.SGD(groups, lr=0.1, momentum=0.9, weight_decay=0.01, nesterov=True)
    sliced = SlicedSGD(ours, momentum=0.9, weight_decay=0.01)

    def reference_step():
        reference.step()
        reference.zero_grad()

    expected = gradient_steps(theirs, reference_step)
    for got, wanted in zip(gradient_steps(ours, lambda: sliced.step(0.1)), expected, strict=True):
        torch.testing.assert_close(got, wanted)


def test_what_was_not_sampled_does_not_move_at_all(tiny_space):
    supernet = OfaMobileNetV3Supernet(tiny_space)
    optimiser = SlicedSGD(supernet, momentum=0.9, weight_decay=0.1)
    rng = Random(0)
    for _ in range(6):
        supernet.set_active(tiny_space.sample(rng))
        before = {name: p.detach().clone() for name, p in supernet.named_parameters()}
        supernet(torch.rand(4, 3, 8, 8)).square().sum().backward()
        regions = supernet.regions()
        optimiser.step(0.01, [regions])
        for name, parameter in supernet.named_parameters():
            moved = parameter.detach() != before[name]
            if name in regions:
                assert moved[regions[name]].any()
                moved[regions[name]] = False
            assert not moved.any()
        assert all(p.grad is None for p in supernet.parameters())


class Fork(nn.Module):
    """A choice between whole layers: the smallest supernet of the choice type."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Linear(3, 4)
        self.options = nn.ModuleList(
            nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4)) for _ in range(3)
        )
        self.active = 0

    def forward(self, x):
        return self.options[self.active](self.stem(x))

    def regions(self):
        mine = ("stem.", f"options.{self.active}.")
        return {name: (...,) for name in self.state_dict() if name.startswith(mine)}


def test_only_the_chosen_branch_moves_in_spite_of_momentum_and_decay():
    torch.manual_seed(0)
    fork = Fork()
    optimiser = SlicedSGD(fork, momentum=0.9, weight_decay=0.1)
    for active in (0, 1, 2, 0, 0, 1):
        fork.active = active
        before = {name: value.clone() for name, value in fork.state_dict().items()}
        fork(torch.rand(8, 3)).square().mean().backward()
        optimiser.step(0.05, [fork.regions()])
        moved = {n for n, value in fork.state_dict().items() if not torch.equal(value, before[n])}
        assert {name.split(".")[1] for name in moved if name.startswith("options")} == {
            str(active)
        }
        assert "stem.weight" in moved


def test_union_of_slices_holds_what_any_of_them_holds():
    rng = Random(1)
    for _ in range(60):
        shape = (5, 4, 3)
        indices = [
            tuple(slice(a := rng.randrange(n), a + rng.randint(1, n)) for n in shape)
            for _ in range(rng.randint(1, 4))
        ]
        indices += [(slice(2),)] if rng.random() < 0.3 else []
        expected, found = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape).bool()
        for index in indices:
            expected[index] = True
        box, mask = union(indices, shape)
        found[box] = True if mask is None else mask
        assert torch.equal(found, expected)


def test_one_whole_among_the_slices_needs_no_mask():
    index, mask = union([(slice(2), slice(1)), (...,)], (3, 4))
    assert mask is None
    assert torch.ones(3, 4)[index].shape == (3, 4)


def test_what_none_of_several_subnets_used_does_not_move_at_all(tiny_space):
    supernet = OfaMobileNetV3Supernet(tiny_space)
    optimiser = SlicedSGD(supernet, momentum=0.9, weight_decay=0.1)
    rng = Random(0)
    for _ in range(6):
        before = {name: p.detach().clone() for name, p in supernet.named_parameters()}
        paths = []
        for _ in range(2):
            supernet.set_active(tiny_space.sample(rng))
            supernet(torch.rand(4, 3, 8, 8)).square().sum().backward()
            paths.append(supernet.regions())
        optimiser.step(0.01, paths)
        for name, parameter in supernet.named_parameters():
            moved = parameter.detach() != before[name]
            for path in paths:
                if name in path:
                    assert moved[path[name]].any()
            for path in paths:
                if name in path:
                    moved[path[name]] = False
            assert not moved.any()
