"""A toy space of two choices, its mixture, and a task that it can learn in seconds."""

import numpy as np
import pytest
import torch
from torch import nn

from devices.profiles.operations import Operation
from searches.networks.mixed import Choice, MixedOperation, Mixture
from searches.spaces.base import Gene
from searches.spaces.factors import FactorSpace, Slot
from searches.training.one_shot import base
from searches.training.one_shot.costs import AdditiveCost

WIDTH, SIDE = 8, 8
NAMES = ("conv3", "conv1", "skip_connect")


def conv(kernel):
    return Operation("conv", h=SIDE, w=SIDE, cin=WIDTH, cout=WIDTH, k=kernel)


class ToySpace(FactorSpace):
    """Two places, each a 3x3 convolution, a 1x1 convolution or a skip connection."""

    family = "toy"
    genes = (Gene("first", NAMES), Gene("second", NAMES))

    def _slots(self):
        options = np.array([conv(3), conv(1), None], object)
        return [Slot((0,), options), Slot((1,), options)]

    def size_formula(self):
        return "3 × 3"

    def to_json(self):
        return {"family": "toy"}


def widened(kernel, mid):
    """Wide inside, as an inverted bottleneck is: most memory lies within a candidate."""
    return nn.Sequential(
        nn.Conv2d(WIDTH, mid, 1, bias=False),
        nn.BatchNorm2d(mid),
        nn.ReLU(),
        nn.Conv2d(mid, WIDTH, kernel, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(WIDTH),
    )


def candidates():
    return [widened(3, 48), widened(1, 24), nn.Identity()]


class ToyMixture(Mixture):
    def __init__(self, space):
        super().__init__()
        self.space = space
        self.choices = tuple(Choice(gene.name, NAMES) for gene in space.genes)
        self.stem = nn.Conv2d(1, WIDTH, 3, padding=1)
        self.places = nn.ModuleList(
            MixedOperation(candidates(), choice=choice) for choice in range(2)
        )
        self.head = nn.Linear(WIDTH * SIDE, 3)

    def forward(self, x):
        x = self.stem(x)
        for place in self.places:
            x = torch.relu(place(x))
        return self.head(x.mean(3).flatten(1))

    def selected(self, genes):
        return genes

    def set_active(self, genes):
        self.select(genes)
        return {"resolution": SIDE}

    def extract(self, genes):
        raise NotImplementedError

    def decode(self, weights):
        return tuple(int(np.argmax([float(v) for v in row])) for row in weights)

    def skips(self, genes):
        return sum(gene == NAMES.index("skip_connect") for gene in genes), len(genes)

    def choice_costs(self, values):
        return 0.0, [np.append(values, 0.0)] * 2


class ToyFamily:
    def supernet(self, space, *, mean=None, std=None):
        return ToyMixture(space)


@pytest.fixture
def toy_space():
    return ToySpace()


@pytest.fixture
def task(toy_space, tiny_data, monkeypatch):
    from searches.targets.mobile import MobileTask
    from searches.targets.settings import MobileSettings

    monkeypatch.setattr(base, "family_of", lambda space: ToyFamily())
    return MobileTask(toy_space, tiny_data, MobileSettings())


@pytest.fixture
def macs(toy_space):
    """MACs as a cost: 9 for a 3x3 convolution to 1 for a 1x1 convolution to 0 for a skip."""
    values = np.array([float(o.macs()) for o in toy_space.operation_table()])
    return AdditiveCost("macs", values, 0.0, 0.0, 2 * values.max())
