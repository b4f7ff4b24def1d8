"""Gates run what they say, and only what runs is trained."""

import numpy as np
import pytest
import torch
from torch import nn

from searches.networks.mixed import Choice, MixedOperation, Mixture, Single


class Toy(Mixture):
    """Two choices; the first one decides two places."""

    def __init__(self):
        super().__init__()
        self.choices = (Choice("first", ("a", "b", "c")), Choice("second", ("a", "b")))
        self.stem = nn.Linear(4, 4)
        sizes = [(3, 0), (3, 0), (2, 1)]
        self.places = nn.ModuleList(
            MixedOperation([nn.Linear(4, 4) for _ in range(n)], choice=choice)
            for n, choice in sizes
        )

    def forward(self, x):
        x = self.stem(x)
        for place in self.places:
            x = place(x)
        return x

    def selected(self, genes):
        return genes

    def set_active(self, genes):
        self.select(self.selected(genes))
        return {}

    def extract(self, genes):
        raise NotImplementedError

    def decode(self, weights):
        return tuple(int(np.argmax(w)) for w in weights)

    def skips(self, genes):
        return 0, 0

    def choice_costs(self, values):
        return 0.0, [np.zeros(3), np.zeros(2)]


class Both:
    """A gate that adds two candidates up."""

    def __call__(self, x, candidates):
        return candidates[0](x) + candidates[1](x)


@pytest.fixture
def toy():
    return Toy()


def test_places_that_share_a_choice_run_the_same_candidate(toy):
    toy.set_active((2, 1))
    x = torch.randn(3, 4)
    expected = toy.stem(x)
    for place, index in zip(toy.places, (2, 2, 1), strict=True):
        expected = place.candidates[index](expected)
    assert torch.equal(toy(x), expected)


def test_regions_are_what_gets_a_gradient(toy):
    toy.set_active((1, 0))
    toy(torch.randn(3, 4)).sum().backward()
    assert toy.regions().keys() == {n for n, p in toy.named_parameters() if p.grad is not None}
    assert set(toy.regions().values()) == {(...,)}


def test_a_gate_of_a_strategy_runs_what_it_wants_until_another_choice_is_made(toy):
    toy.set_active((0, 0))
    toy.places[2].gate = Both()
    x = torch.randn(3, 4)
    before = toy.places[1](toy.places[0](toy.stem(x)))
    first, second = toy.places[2].candidates
    assert torch.equal(toy(x), first(before) + second(before))
    assert {"places.2.candidates.0.weight", "places.2.candidates.1.weight"} <= set(toy.regions())
    toy.select((0, 1))
    assert toy.places[2].gate == Single(1)
    assert "places.2.candidates.0.weight" not in toy.regions()
