"""Fine-tuning goes on from a network's weights, and leaves the network alone."""

import pytest
import torch

from searches.networks.building import config_of
from searches.networks.families import build
from searches.networks.ofa_mobilenet_v3 import OfaMobileNetV3Networks
from searches.training.fine_tune import FineTune
from searches.training.settings import FineTuneSettings

FAMILY = OfaMobileNetV3Networks()

NEVER = float("inf")
SETTINGS = FineTuneSettings(epochs=8, batch_size=16, learning_rate=0.05)


@pytest.fixture
def network(tiny_task):
    genes = tuple(0 for _ in tiny_task.space.genes)
    config = config_of(tiny_task.space, genes, mean=tiny_task.mean, std=tiny_task.std)
    return build(FAMILY, config, seed=0).eval()


def test_it_starts_from_the_weights_it_was_given(network, tiny_task):
    tuner = FineTune(network, tiny_task, SETTINGS, 1)
    images = tiny_task.batch("test", torch.arange(4), 8)[0]
    assert torch.equal(tuner.network()(images), network(images))


def test_it_improves_a_copy(network, tiny_task):
    before = [p.detach().clone() for p in network.parameters()]
    tuner = FineTune(network, tiny_task, SETTINGS, 1)
    loss = tuner.quality("train")["cross_entropy"].value
    tuner.advance(deadline=NEVER, tick=lambda: True)
    quality = tuner.quality("train")
    assert quality["cross_entropy"].value < loss
    assert quality["accuracy"].provenance == "inherited"
    assert all(torch.equal(*pair) for pair in zip(before, network.parameters(), strict=True))
    assert not tuner.network().training


def test_it_goes_on_bitwise_where_it_was_cut(network, tiny_task):
    whole = FineTune(network, tiny_task, SETTINGS, 1)
    whole.advance(deadline=NEVER, tick=lambda: True)
    cut = FineTune(network, tiny_task, SETTINGS, 1)
    ticks = iter([True] * 4 + [False])
    cut.advance(deadline=NEVER, tick=lambda: next(ticks))
    resumed = FineTune(network, tiny_task, SETTINGS, 1)
    resumed.restore(cut.state())
    resumed.advance(deadline=NEVER, tick=lambda: True)
    expected = whole.network().state_dict()
    assert all(torch.equal(v, expected[k]) for k, v in resumed.network().state_dict().items())
