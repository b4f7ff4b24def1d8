"""Batch norm's statistics after recalibration are those of the training images."""

import pytest
import torch
from torch import nn

from searches.networks.building import config_of
from searches.networks.families import build
from searches.networks.ofa_mobilenet_v3 import OfaMobileNetV3Networks
from searches.training.recalibration import recalibrate

FAMILY = OfaMobileNetV3Networks()


@pytest.fixture
def network(tiny_space, tiny_task):
    genes = tuple(0 for _ in tiny_space.genes)
    return build(FAMILY, config_of(tiny_task.space, genes, mean=[0.4], std=[0.2]), seed=0)


def stem_input(task):
    return task.batch("train", torch.arange(task.size("train")), 8)[0]


def statistics(network):
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    return torch.cat([torch.cat([n.running_mean, n.running_var]) for n in norms])


def test_statistics_of_the_first_layer_are_exact_in_any_batch_size(network, tiny_task):
    values = network.stem.conv((stem_input(tiny_task) - 0.4) / 0.2)
    for batch_size in (8, 20, 200):  # small batches need the spread between their means
        recalibrate(network, tiny_task, resolution=8, batch_size=batch_size)
        norm = network.stem.norm
        torch.testing.assert_close(norm.running_mean, values.mean((0, 2, 3)))
        torch.testing.assert_close(norm.running_var, values.var((0, 2, 3)), rtol=0.01, atol=1e-5)


def test_recalibrating_twice_changes_nothing(network, tiny_task):
    recalibrate(network, tiny_task, resolution=8)
    first = statistics(network)
    recalibrate(network, tiny_task, resolution=8)
    assert torch.equal(statistics(network), first)


def test_it_forgets_what_was_there_before(network, tiny_task):
    recalibrate(network, tiny_task, resolution=8)
    first = statistics(network)
    network.stem.norm.running_var.fill_(1e6)
    recalibrate(network, tiny_task, resolution=8)
    assert torch.equal(statistics(network), first)


def test_stopping_leaves_the_statistics_as_they_were(network, tiny_task):
    before = statistics(network)
    assert not recalibrate(network, tiny_task, resolution=8, batch_size=16, tick=lambda: False)
    assert torch.equal(statistics(network), before)
    assert not network.training


def test_weights_and_momentum_stay_and_the_network_is_ready_for_use(network, tiny_task):
    before = [p.detach().clone() for p in network.parameters()]
    recalibrate(network, tiny_task, resolution=8, n_images=32)
    assert all(torch.equal(*pair) for pair in zip(before, network.parameters(), strict=True))
    assert network.stem.norm.momentum == 0.1
    assert not network.training


def test_network_without_batch_norm_is_ready_at_once(tiny_task):
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 3)).train()

    def never():
        raise AssertionError("a batch was computed for nothing")

    assert recalibrate(network, tiny_task, resolution=8, tick=never)
    assert not network.training


def test_norms_without_weights_are_measured_too(tiny_task):
    network = nn.Sequential(nn.BatchNorm2d(1, affine=False), nn.Flatten(), nn.BatchNorm1d(64))
    recalibrate(network, tiny_task, resolution=8)
    pixels = stem_input(tiny_task)
    torch.testing.assert_close(network[0].running_mean, pixels.mean((0, 2, 3)))
    scaled = (pixels - pixels.mean()) / (pixels.var() + 1e-5).sqrt()
    torch.testing.assert_close(
        network[2].running_mean, scaled.flatten(1).mean(0), rtol=0.01, atol=1e-3
    )
