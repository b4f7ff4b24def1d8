"""Cheaper evaluations by full training: fewer epochs, less data, fewer pixels or channels."""

from collections import Counter

import pytest
import torch

from searches.evaluators.full import FullEvaluator
from searches.evaluators.prechecks import reducible
from searches.evaluators.settings import FullSettings
from searches.networks.families import configuration, family_of
from searches.spaces.registry import FAMILIES, load
from searches.training import checkpoints
from searches.training.base import always
from searches.training.subsets import Phase, samples_of

NEVER = float("inf")
QUICK = {"epochs": 4, "batch_size": 16, "learning_rate": 0.05, "warmup_epochs": 1}
SMALL = ("ofa_mobilenet_v3", "residual", "proxyless")


def evaluator(task, **settings):
    return FullEvaluator(task, FullSettings(**QUICK | settings), 0)


def trained(candidate):
    assert candidate.advance(deadline=NEVER, tick=always).done
    return candidate


def weights(candidate):
    return candidate.network().state_dict()


def is_equal(one, other):
    return all(torch.equal(value, other[name]) for name, value in one.items())


def network_of(space, genes, share, quantity):
    family = family_of(space)
    config = family.smaller(family.config(space, genes), quantity, share)
    return family.network(config)


def ones(space, end):
    return space.canonical(tuple((len(gene.options) - 1) * end for gene in space.genes))


def test_less_data_costs_in_proportion_and_is_labelled(tiny_task):
    genes = (0,) * len(tiny_task.space.genes)
    few = evaluator(tiny_task, reduces="data").candidate(genes, seed=1, fidelity="data=25%")
    assert trained(few).progress.step == few.total // 4
    assert few.quality("validation")["accuracy"].provenance == "reduced"


def test_less_data_are_the_same_samples_for_all_seeds():
    def seen(share, seed):
        batches = [
            samples_of(Phase(0, share), 64, batch_size=8, step=step, seed=seed)
            for step in range(int(share * 8))
        ]
        return Counter(torch.cat(batches).tolist())

    quarter, half = seen(0.25, 1), seen(0.5, 1)
    assert seen(0.25, 2) == quarter
    assert quarter.keys() < half.keys()
    assert set(half.values()) == {1}
    assert len(half) == 32


@pytest.mark.parametrize("quantity", ["epochs", "data"])
def test_a_lost_state_is_repeated_to_the_same_weights(tiny_task, quantity):
    genes, judge = (0,) * len(tiny_task.space.genes), evaluator(tiny_task, reduces=quantity)
    low = "epochs=1" if quantity == "epochs" else "data=25%"
    first = trained(judge.candidate(genes, seed=1, fidelity=low))
    on, again = (judge.candidate(genes, seed=1) for _ in range(2))
    on.go_on_from([low], checkpoints.loads(checkpoints.dumps(first.state())))
    again.go_on_from([low], None)
    assert is_equal(weights(trained(on)), weights(trained(again)))


@pytest.mark.parametrize("quantity", ["resolution", "channels"])
def test_a_smaller_network_is_trained_anew_as_the_whole_one(tiny_task, quantity):
    genes, judge = ones(tiny_task.space, 1), evaluator(tiny_task, reduces=quantity)
    small = trained(judge.candidate(genes, seed=1, fidelity=f"{quantity}=50%"))
    whole = judge.candidate(genes, seed=1)
    whole.go_on_from([f"{quantity}=50%"], small.state())
    assert whole.progress.step == 0
    assert small.quality("validation")["accuracy"].provenance == "reduced"
    assert configuration(small.network()) != configuration(whole.network())


@pytest.mark.parametrize("name", SMALL)
@pytest.mark.parametrize("end", [0, 1])
def test_smaller_networks_of_convolutions_compute(name, end):
    space = load(FAMILIES[name].presets["small"])
    genes = ones(space, end)
    plain, narrow = (
        network_of(space, genes, 1.0, "channels"),
        network_of(space, genes, 0.5, "channels"),
    )
    sizes = [sum(p.numel() for p in network.parameters()) for network in (plain, narrow)]
    assert 0.15 < sizes[1] / sizes[0] < 0.6
    low = network_of(space, genes, 0.5, "resolution")
    side = configuration(low)["resolution"]
    assert side == configuration(plain)["resolution"] / 2
    for network, pixels in ((narrow, configuration(plain)["resolution"]), (low, side)):
        found = network.eval()(torch.rand(2, configuration(plain)["in_channels"], pixels, pixels))
        assert found.shape == (2, configuration(plain)["n_classes"])


@pytest.mark.slow
@pytest.mark.parametrize("preset", sorted(FAMILIES["cells"].presets))
def test_smaller_networks_of_cells_compute(preset):
    space = load(FAMILIES["cells"].presets[preset])
    genes = ones(space, 1)
    family = family_of(space)
    for quantity, share in (("channels", 0.5), ("resolution", 0.4)):
        config = family.smaller(family.config(space, genes), quantity, share)
        with torch.device("meta"):
            network = family.network(config).eval()
            side = config["resolution"]
            found = network(torch.rand(2, config["in_channels"], side, side))
        assert found.shape == (2, config["n_classes"])


def test_an_unreducible_quantity_is_refused_before_the_run():
    space = load(FAMILIES["mlp_images"].presets["8 pixels"])
    found = reducible(space, FullSettings(reduces="resolution"), 10)
    assert "epochs, data, channels can" in found["evaluator_settings.reduces"][0]
    assert reducible(space, FullSettings(reduces="channels"), 10) == {}


def stopping(task, **settings):
    """After its first epochs at a rate that destroys what was learnt it gets worse."""
    rate = {"learning_rate": 0.6, "warmup_epochs": 0, "epochs": 12, "patience": 1}
    return evaluator(task, **rate | settings).candidate(ones(task.space, 0), seed=3)


def test_patience_ends_a_training_with_the_weights_of_its_best_epoch(tiny_task):
    candidate = trained(stopping(tiny_task))
    looks = []
    watched = stopping(tiny_task, patience=0)
    while watched.step < candidate.step:
        watched.advance(deadline=0.0, tick=always)
        if watched.step % watched.steps_per_epoch == 0:
            network = watched.network()
            looks.append(tiny_task.mean_loss(network, "validation", resolution=8))
    assert candidate.step < candidate.total, "it never stopped: the test shows nothing"
    best = min(looks)
    assert tiny_task.mean_loss(candidate.network(), "validation", resolution=8) == best
    assert looks.index(best) == len(looks) - 2, "it ends one epoch after the best"


def test_a_training_that_ended_early_stays_ended(tiny_task):
    candidate = trained(stopping(tiny_task))
    back = stopping(tiny_task)
    back.restore(checkpoints.loads(checkpoints.dumps(candidate.state())))
    assert back.progress.done
    assert is_equal(weights(back), weights(candidate))
